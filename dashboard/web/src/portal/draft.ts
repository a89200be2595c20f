/** A resident in the making: what the form holds, and what is sent of it. */

import type { Budget, Mind, NewResident, Permissions, Persona, PlaceKind, Verb } from "../api/types.ts";

export const TRAITS = ["sociable", "curious", "generous", "conscientious", "humour"] as const;
export const MINDS: readonly Mind["kind"][] = ["routine", "model", "code"];
export const VERBS: readonly Verb[] = ["move_to", "say", "wait", "work", "eat", "sleep", "buy", "give", "claim"];
export const PLACES: readonly PlaceKind[] = ["cafe", "restaurant", "bar", "park", "shop", "museum", "theatre", "church", "office", "school", "station", "hotel", "hospital", "civic", "home", "other"];
const MICROS = 1_000_000;
const CENTS = 100;

export interface Draft {
  name: string;
  tagline: string;
  story: string;
  /** one a line */
  goals: string;
  /** empty: it follows from the name */
  id: string;
  /** empty: none */
  job: string;
  age: number;
  traits: Record<(typeof TRAITS)[number], number>;
  likes: readonly PlaceKind[];
  style: string;
  wakes: string;
  sleeps: string;
  mind: Mind["kind"];
  tier: Mind["tier"];
  /** units of money a day for thinking; empty: only free models */
  dayMoney: string;
  whenSpent: Budget["when_spent"];
  verbs: readonly Verb[];
  /** numbers as typed; empty for no limit */
  hourly: string;
  euros: { action: string; day: string; other: string };
  /** what the form does not show, kept as it is */
  rest: Pick<Persona, "profile" | "relations">;
}

export const EMPTY: Draft = {
  name: "", tagline: "", story: "", goals: "", id: "", job: "", age: 35, traits: { sociable: 500, curious: 500, generous: 500, conscientious: 500, humour: 500 }, likes: ["cafe", "park"], style: "",
  wakes: "07:00", sleeps: "22:30", mind: "routine", tier: "small", dayMoney: "", whenSpent: "routine", verbs: VERBS, hourly: "", euros: { action: "", day: "", other: "" },
  rest: { profile: {}, relations: [] },
};

/** A draft of somebody known. */
export function drafted(person: Persona, { mind, budget, permissions }: { mind?: Mind; budget?: Budget | null; permissions?: Permissions } = {}): Draft {
  const spending = permissions?.spending;
  const euros = (cents: number | null | undefined): string => (cents == null ? "" : String(cents / CENTS));
  return {
    ...EMPTY, name: person.name, tagline: person.tagline ?? "", story: person.story ?? "", goals: person.goals.join("\n"), age: person.age, traits: { ...EMPTY.traits, ...person.traits },
    likes: person.likes, style: person.profile.style ?? "", wakes: person.wakes, sleeps: person.sleeps, rest: { profile: person.profile, relations: person.relations },
    ...(mind !== undefined && { mind: mind.kind, tier: mind.tier }),
    ...(budget != null && { dayMoney: budget.day_money == null ? "" : String(budget.day_money / MICROS), whenSpent: budget.when_spent }),
    ...(permissions !== undefined && {
      verbs: permissions.allowed_actions ?? VERBS, hourly: permissions.max_actions_per_hour == null ? "" : String(permissions.max_actions_per_hour),
      euros: { action: euros(spending?.per_action), day: euros(spending?.per_day), other: euros(spending?.per_counterparty) },
    }),
  };
}

export function personaOf(draft: Draft): Persona {
  const goals = draft.goals.split("\n").map((goal) => goal.trim()).filter((goal) => goal !== "");
  return {
    name: draft.name.trim(), tagline: line(draft.tagline), story: line(draft.story), goals, age: draft.age, traits: { ...draft.traits }, likes: [...draft.likes],
    profile: { ...draft.rest.profile, style: line(draft.style) }, relations: draft.rest.relations, wakes: draft.wakes, sleeps: draft.sleeps,
  };
}

export function mindOf({ mind, tier }: Draft): Mind {
  return { kind: mind, tier };
}

/** What thinking may cost; null if only free models may be asked. */
export function budgetOf({ dayMoney, whenSpent }: Draft): Partial<Budget> | null {
  const day = amount(dayMoney, MICROS);
  return day === null ? null : { day_money: day, when_spent: whenSpent };
}

/** What to change of a budget: nothing if its fields were not touched, and caps that the form does not show stay as they are. */
export function budgetChange(draft: Draft, before: Budget | null): { budget?: Budget; no_budget?: true } {
  const known = drafted(personaOf(draft), { budget: before });
  if (draft.dayMoney === known.dayMoney && draft.whenSpent === known.whenSpent) return {};
  const budget = { ...before, day_money: amount(draft.dayMoney, MICROS), when_spent: draft.whenSpent } as Budget;
  const capped = [budget.day_money, budget.total_money, budget.day_tokens, budget.total_tokens].some((cap) => cap != null);
  return capped ? { budget } : { no_budget: true };
}

export function permissionsOf({ verbs, hourly, euros }: Draft): Permissions {
  return {
    allowed_actions: VERBS.every((verb) => verbs.includes(verb)) ? null : VERBS.filter((verb) => verbs.includes(verb)),
    max_actions_per_hour: amount(hourly, 1),
    spending: { per_action: amount(euros.action, CENTS), per_day: amount(euros.day, CENTS), per_counterparty: amount(euros.other, CENTS) },
  };
}

/** What is sent to make somebody. */
export function residentOf(draft: Draft, id: string): NewResident {
  return { id, ...personaOf(draft), job: draft.job === "" ? null : draft.job, mind: mindOf(draft), budget: budgetOf(draft) as Budget | null, permissions: permissionsOf(draft) };
}

/** An id out of a name: `Mira Hålonen` is `mira-halonen`. */
export function idOf(name: string): string {
  const plain = name.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase().replace(/[^a-z0-9]+/g, "-");
  return plain.slice(0, 44).replace(/^-+|-+$/g, "") || "resident";
}

function line(text: string): string | null {
  return text.trim() === "" ? null : text.trim();
}

function amount(text: string, of: number): number | null {
  const value = Number(text.trim().replace(",", "."));
  return text.trim() === "" || !Number.isFinite(value) || value < 0 ? null : Math.round(value * of);
}
