/** Change the town by hand: choose what, fill in what it takes, see the event that it came to. */

import { useId, useState } from "react";
import { get } from "../api/client.ts";
import { Choice, Field, Form, useAsked } from "../portal/parts.tsx";
import { useSession } from "../portal/session.ts";
import { Sheet } from "../portal/Sheet.tsx";
import { useShown } from "../store/context.ts";
import { bodyOf, KINDS, type Entry, type Kind } from "./kinds.ts";
import { useWords, type Say } from "./text.ts";

const SHOWN = 8;

export function Hand() {
  const t = useWords();
  const session = useSession();
  const [kind, setKind] = useState<Kind>("close");
  const [events, setEvents] = useState<readonly string[]>([]);
  const lately = useAsked(() => get("/api/v1/events", { query: { kind: ["intervened"], order: "desc", limit: SHOWN } }), []);
  const kinds = Object.fromEntries((Object.keys(KINDS) as Kind[]).map((one) => [one, t(`hand.${one}`)]));
  const choose = (wanted: Kind): void => {
    setKind(wanted);
    setEvents([]);
  };
  return (
    <Sheet title={t("hand.title")} why={t("hand.why")}>
      <Form className="form by-hand" label={t("hand.do")} send={async (fields) => {
        setEvents([]);
        const done = await session.ask("post", "/api/v1/operation/interventions", { body: bodyOf(kind, fields) });
        setEvents(done.events);
        lately.again();
      }}>
        <Choice label={t("hand.kind")} options={kinds} value={kind} onChange={(event) => choose(event.target.value as Kind)} />
        {KINDS[kind].map((entry) => <Input key={`${kind} ${entry.name}`} entry={entry} />)}
      </Form>
      <p role="status">{events.length > 0 && <>{t("hand.done")} {events.map((event) => <Moment key={event} event={event} />)}</>}</p>
      {(lately.answer?.items.length ?? 0) > 0 && (
        <>
          <h3>{t("hand.lately")}</h3>
          <ul>{lately.answer?.items.map((event) => <li key={event.id}><Moment event={event.id} /> {told(event.data ?? {}, t)}</li>)}</ul>
        </>
      )}
    </Sheet>
  );
}

/** Leads to the moment of an event. */
function Moment({ event }: { event: string }) {
  return <a href={`./?t=${event.split("-")[1] ?? ""}`}><code>{event}</code></a>;
}

/** What was done, and with what. */
function told({ kind, ...given }: Record<string, unknown>, t: Say): string {
  const what = typeof kind === "string" && kind in KINDS ? t(`hand.${kind as Kind}`) : String(kind);
  const values = Object.entries(given).filter(([, value]) => value !== null).map(([name, value]) => `${name} ${Array.isArray(value) ? value.join(", ") : String(value)}`);
  return values.length === 0 ? what : `${what} (${values.join("; ")})`;
}

function Input({ entry: { name, label, form, of, options, hint, optional } }: { entry: Entry }) {
  const t = useWords();
  const known = useId();
  const about = { label: t(`field.${label}`), ...(hint !== undefined && { hint: t(`hint.${hint}`) }) };
  const named = (option: string): string => {
    const key = `weather.${option}`;
    return t.has(key) ? t(key) : option;
  };
  if (form === "choice") return <Choice {...about} name={name} options={Object.fromEntries((options ?? []).map((one) => [one, named(one)]))} />;
  if (form === "check") return <label className="check"><input type="checkbox" name={name} defaultChecked /> {about.label}</label>;
  return (
    <>
      <Field {...about} name={name} required={optional !== true} autoComplete="off" {...(form !== "text" && { autoCapitalize: "none" })} {...(form === "number" && { type: "number", min: 0, step: 1 })} {...(of !== undefined && { list: known })} />
      {of !== undefined && <Known id={known} of={of} />}
    </>
  );
}

/** Ids that a field may hold, with their names. */
function Known({ id, of }: { id: string; of: NonNullable<Entry["of"]> }) {
  const town = useShown((shown) => shown.town);
  const residents = useShown((shown) => shown.residents);
  const jobs = useAsked(async () => (of === "jobs" ? get("/api/v1/jobs") : []), [of]).answer ?? [];
  const known: Record<typeof of, readonly { id: string; name: string }[]> = {
    agents: residents,
    buildings: (town?.buildings ?? []).filter((house) => house.kind !== "home"),
    districts: town?.districts ?? [],
    jobs: jobs.map((job) => ({ id: job.id, name: job.title })),
  };
  return <datalist id={id}>{known[of].map((one) => <option key={one.id} value={one.id}>{one.name}</option>)}</datalist>;
}
