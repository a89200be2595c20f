/** Events written as a person would tell them: names instead of ids, words in quotes, noise left out. */

import type { TownEvent } from "../api/types.ts";
import type { Speak } from "../text/text.ts";

export interface Names {
  agent(id: string): string;
  building(id: string): string;
}

export interface Sentence {
  /** who did it, shown bold; null if nobody did */
  who: string | null;
  text: string;
  /** the words, if something was said */
  words: string | null;
  /** whether the words pass on what was heard before */
  passedOn: boolean;
}

/** Kinds that the feed shows; the others are the town's bookkeeping. A town of a thousand places would open and close all day. */
export const TOLD = [
  "said", "arrived", "registered", "revoked", "left", "started_work", "finished_work", "bought", "ate", "gave", "fell_asleep", "woke",
  "claimed", "weather", "day",
] as const;
type Told = (typeof TOLD)[number];
type Clause = (event: TownEvent, names: Names, t: Speak, at: string) => string | null;

const CLAUSES: Readonly<Record<Exclude<Told, "weather" | "day">, Clause>> = {
  said: ({ data }, names, t, at) => t("tell.says", { to: addressed(data["to"], names, t), at }),
  arrived: ({ data }, names, t) => (typeof data["building"] === "string" ? t("tell.arrived", { place: names.building(data["building"]) }) : null),
  registered: (_event, _names, t) => t("tell.registered"),
  revoked: (_event, _names, t) => t("tell.revoked"),
  left: (_event, _names, t) => t("tell.left"),
  started_work: (_event, _names, t, at) => t("tell.started_work", { at }),
  finished_work: ({ data }, _names, t) => (positive(data["wage"]) ? t("tell.finished_work.wage", { wage: t.euros(data["wage"]) }) : t("tell.finished_work")),
  bought: ({ data }, _names, t, at) => {
    const what = goods(data["item"], data["quantity"], t);
    return typeof data["price"] === "number" ? t("tell.bought.price", { goods: what, at, price: t.euros(data["price"]) }) : t("tell.bought", { goods: what, at });
  },
  ate: ({ data }, _names, t, at) => (typeof data["item"] === "string" ? t("tell.ate.item", { item: words(data["item"]), at }) : t("tell.ate", { at })),
  gave: ({ data }, names, t) =>
    t("tell.gave", { whom: names.agent(String(data["to"])), what: typeof data["amount"] === "number" ? t.euros(data["amount"]) : goods(data["item"], 1, t) }),
  fell_asleep: (_event, _names, t) => t("tell.fell_asleep"),
  woke: (_event, _names, t) => t("tell.woke"),
  claimed: ({ data }, names, t) => t("tell.claimed", { place: names.building(String(data["building"])) }),
};

/** What a person did, without its name; null for what the feed leaves out. `here` is left out too, where it was just said. */
export function clause(event: TownEvent, names: Names, t: Speak, here: string | null = null): string | null {
  const place = event.building === null || event.building === here ? "" : t("at", { place: names.building(event.building) });
  return event.kind in CLAUSES ? CLAUSES[event.kind as keyof typeof CLAUSES](event, names, t, place) : null;
}

/** The sentence for an event, or null for one that the feed leaves out. */
export function tell(event: TownEvent, names: Names, t: Speak): Sentence | null {
  if (event.kind === "day") return { who: null, text: t("tell.day"), words: null, passedOn: false };
  if (event.kind === "weather") {
    const key = `tell.weather.${String(event.data["weather"])}`;
    return t.has(key) ? { who: null, text: t(key), words: null, passedOn: false } : null;
  }
  const text = clause(event, names, t);
  if (text === null) return null;
  const said = event.kind === "said";
  return { who: event.agent === null ? null : names.agent(event.agent), text, words: said ? String(event.data["text"] ?? "") : null, passedOn: said && event.about.length > 0 };
}

/** Names in a row: "Aino", "Aino and Otto", "Aino, Otto and Leena". */
export function row(names: readonly string[], t: Speak): string {
  const last = names[names.length - 1];
  if (last === undefined || names.length === 1) return last ?? "";
  return t("and", { first: names.slice(0, -1).join(", "), last });
}

function addressed(to: unknown, names: Names, t: Speak): string {
  if (!Array.isArray(to) || to.length === 0) return "";
  const known = to.map((id) => names.agent(String(id)));
  return t("tell.says.to", { whom: known.length > 3 ? t("and.others", { first: known[0] ?? "", count: known.length - 1 }) : row(known, t) });
}

function goods(item: unknown, quantity: unknown, t: Speak): string {
  const name = words(String(item));
  return typeof quantity === "number" && quantity > 1 ? t("tell.pieces", { count: quantity, item: name }) : name;
}

function positive(value: unknown): value is number {
  return typeof value === "number" && value > 0;
}

/** An id in words: `rye-bread` is "rye bread". */
function words(id: string): string {
  return id.replaceAll(/[-_]/g, " ");
}
