/** The fields of a resident: four to begin with, and more for who wants more. */

import { useId } from "react";
import { get } from "../api/client.ts";
import type { Job } from "../api/types.ts";
import { useShown } from "../store/context.ts";
import { MINDS, TRAITS, PLACES, VERBS, idOf, type Draft } from "./draft.ts";
import { ModelKeys } from "./ModelKeys.tsx";
import { Choice, Field, Lines, useAsked } from "./parts.tsx";
import { ENDINGS } from "./program.ts";
import { useSession } from "./session.ts";
import { useWords, type Say } from "./text.ts";

export interface FieldsOf {
  draft: Draft;
  change: (changes: Partial<Draft>) => void;
  /** an owner's resident is changed: name, tagline and id stay */
  known?: boolean;
  /** a program was chosen, to be sent once its resident is there */
  choose?: (program: File | null) => void;
}

/** Name, one line, story, goals. */
export function FirstFields({ draft, change, known = false }: FieldsOf) {
  const t = useWords();
  return (
    <>
      <Field label={t("make.name")} value={draft.name} onChange={(event) => change({ name: event.target.value })} maxLength={80} required readOnly={known} />
      <Field label={t("make.tagline")} hint={t("make.tagline.hint")} value={draft.tagline} onChange={(event) => change({ tagline: event.target.value })} maxLength={200} readOnly={known} />
      <Lines label={t("make.story")} value={draft.story} onChange={(event) => change({ story: event.target.value })} maxLength={1000} rows={3} />
      <Lines label={t("make.goals")} hint={t("make.goals.hint")} value={draft.goals} onChange={(event) => change({ goals: event.target.value })} rows={2} />
    </>
  );
}

/** All that has a good default. */
export function MoreFields({ draft, change, known = false, choose }: FieldsOf) {
  return (
    <>
      <Character draft={draft} change={change} known={known} />
      <Thinking draft={draft} change={change} {...(choose !== undefined && { choose })} />
      <Limits draft={draft} change={change} />
    </>
  );
}

function Character({ draft, change, known }: FieldsOf) {
  const t = useWords();
  return (
    <fieldset className="group">
      <legend>{t("make.character")}</legend>
      {known !== true && <Field label={t("make.id")} hint={t("make.id.hint")} value={draft.id} placeholder={idOf(draft.name)} onChange={(event) => change({ id: event.target.value })} pattern="[a-z0-9][a-z0-9_\-]*" maxLength={48} autoCapitalize="none" />}
      {known !== true && <Work draft={draft} change={change} />}
      {TRAITS.map((trait) => <Slider key={trait} label={t(`trait.${trait}`)} value={draft.traits[trait]} set={(value) => change({ traits: { ...draft.traits, [trait]: value } })} />)}
      <div className="pair">
        <Field label={t("make.age")} type="number" min={16} max={110} value={draft.age} onChange={(event) => change({ age: event.target.valueAsNumber || 35 })} />
        <Field label={t("make.wakes")} type="time" value={draft.wakes} onChange={(event) => change({ wakes: event.target.value })} required />
        <Field label={t("make.sleeps")} type="time" value={draft.sleeps} onChange={(event) => change({ sleeps: event.target.value })} required />
      </div>
      <Field label={t("make.style")} hint={t("make.style.hint")} value={draft.style} onChange={(event) => change({ style: event.target.value })} maxLength={80} />
      <Checks legend={t("make.likes")} names={PLACES} words={(kind) => t(`kind.${kind}`)} chosen={draft.likes} change={(likes) => likes.length > 0 && likes.length <= 6 && change({ likes })} />
    </fieldset>
  );
}

/** Daily work out of the jobs of the town. */
function Work({ draft, change }: FieldsOf) {
  const t = useWords();
  const places = useShown((shown) => shown.town?.buildings);
  const { answer: jobs } = useAsked(() => get("/api/v1/jobs"), []);
  const options = (jobs ?? []).map((job) => [job.id, offer(job, places?.find((place) => place.id === job.building)?.name ?? job.building, t)] as const);
  options.sort(([, a], [, b]) => a.localeCompare(b));
  return <Choice label={t("card.job")} hint={t("make.job.hint")} value={draft.job} onChange={(event) => change({ job: event.target.value })} options={{ "": t("make.job.none"), ...Object.fromEntries(options) }} />;
}

/** What a job is, in one line. */
function offer({ title, begins, ends, wage }: Job, place: string, t: Say): string {
  return t("make.job.offer", { title, place, begins, ends, wage: t.euros(wage) });
}

function Thinking({ draft, change, choose }: FieldsOf) {
  const t = useWords();
  const session = useSession();
  const { answer: minds } = useAsked(() => get("/api/v1/minds"), []);
  const { answer: models } = useAsked(() => session.ask("get", "/api/v1/models"), []);
  const take = (mind: Draft["mind"]): void => {
    change({ mind });
    if (mind !== "code") choose?.(null);
  };
  const asked = models?.tiers[draft.tier]?.[0];
  const price = asked === undefined ? undefined : models?.models[asked];
  return (
    <fieldset className="group">
      <legend>{t("make.mind")}</legend>
      <div className="checks">
        {MINDS.map((kind) => <label key={kind}><input type="radio" name="mind" checked={draft.mind === kind} disabled={kind !== "routine" && minds?.includes(kind) !== true} onChange={() => take(kind)} /> {t(`mind.${kind}`)}</label>)}
      </div>
      {minds?.includes("model") === false && <p className="soft">{t("mind.none")}</p>}
      {minds?.includes("code") === false && <p className="soft">{t("program.nowhere")} <a href="#/agents">{t("agents.register")}</a></p>}
      {draft.mind === "code" && choose !== undefined && <Field label={t("program.file")} hint={t("program.hint")} type="file" accept={ENDINGS} onChange={(event) => choose(event.target.files?.[0] ?? null)} />}
      {draft.mind === "model" && models !== null && (
        <>
          <Choice label={t("make.tier")} value={draft.tier} onChange={(event) => change({ tier: event.target.value as Draft["tier"] })} options={{ full: t("tier.full"), small: t("tier.small"), tiny: t("tier.tiny") }}
            hint={asked !== undefined && price !== undefined ? t("tier.price", { model: asked, into: price.price_in / 1e6, out: price.price_out / 1e6 }) : t("tier.none")} />
          <div className="pair">
            <Field label={t("make.budget")} hint={t("make.budget.hint")} inputMode="decimal" value={draft.dayMoney} onChange={(event) => change({ dayMoney: event.target.value })} />
            <Choice label={t("make.spent")} value={draft.whenSpent} onChange={(event) => change({ whenSpent: event.target.value as Draft["whenSpent"] })} options={{ routine: t("spent.routine"), asleep: t("spent.asleep") }} />
          </div>
          <ModelKeys providers={models.providers} />
        </>
      )}
    </fieldset>
  );
}

function Limits({ draft, change }: FieldsOf) {
  const t = useWords();
  const { euros } = draft;
  return (
    <fieldset className="group">
      <legend>{t("make.may")}</legend>
      <Checks legend={t("make.verbs")} names={VERBS} words={(verb) => t(`verb.${verb}`)} chosen={draft.verbs} change={(verbs) => change({ verbs })} />
      <div className="pair">
        <Field label={t("limit.hour")} hint={t("limit.none")} type="number" min={0} value={draft.hourly} onChange={(event) => change({ hourly: event.target.value })} />
        <Field label={t("limit.action")} hint={t("limit.none")} inputMode="decimal" value={euros.action} onChange={(event) => change({ euros: { ...euros, action: event.target.value } })} />
        <Field label={t("limit.day")} hint={t("limit.none")} inputMode="decimal" value={euros.day} onChange={(event) => change({ euros: { ...euros, day: event.target.value } })} />
        <Field label={t("limit.other")} hint={t("limit.none")} inputMode="decimal" value={euros.other} onChange={(event) => change({ euros: { ...euros, other: event.target.value } })} />
      </div>
    </fieldset>
  );
}

function Slider({ label, value, set }: { label: string; value: number; set: (value: number) => void }) {
  const id = useId();
  return <div className="slider"><label htmlFor={id}>{label}</label><input id={id} type="range" min={0} max={1000} step={10} value={value} onChange={(event) => set(event.target.valueAsNumber)} /><output htmlFor={id}>{Math.round(value / 10)}</output></div>;
}

function Checks<Name extends string>({ legend, names, words, chosen, change }: { legend: string; names: readonly Name[]; words: (name: Name) => string; chosen: readonly Name[]; change: (chosen: Name[]) => void }) {
  return (
    <fieldset className="checks">
      <legend>{legend}</legend>
      {names.map((name) => <label key={name}><input type="checkbox" checked={chosen.includes(name)} onChange={(event) => change(event.target.checked ? [...chosen, name] : chosen.filter((one) => one !== name))} /> {words(name)}</label>)}
    </fieldset>
  );
}
