/** Change the town by hand: choose what, fill in what it takes, see the event that it came to. */

import { useId, useState } from "react";
import { Choice, Field, Form } from "../portal/parts.tsx";
import { useSession } from "../portal/session.ts";
import { useShown } from "../store/context.ts";
import { bodyOf, KINDS, type Entry, type Kind } from "./kinds.ts";
import { useWords } from "./text.ts";

export function Hand() {
  const t = useWords();
  const session = useSession();
  const [kind, setKind] = useState<Kind>("close");
  const [events, setEvents] = useState<readonly string[]>([]);
  const kinds = Object.fromEntries((Object.keys(KINDS) as Kind[]).map((one) => [one, t(`hand.${one}`)]));
  const choose = (wanted: Kind): void => {
    setKind(wanted);
    setEvents([]);
  };
  return (
    <section className="sheet" aria-labelledby="hand">
      <h2 id="hand">{t("hand.title")}</h2>
      <p className="soft">{t("hand.why")}</p>
      <Form className="form by-hand" label={t("hand.do")} send={async (fields) => {
        setEvents([]);
        const done = await session.ask("post", "/api/v1/operation/interventions", { body: bodyOf(kind, fields) });
        setEvents(done.events);
      }}>
        <Choice label={t("hand.kind")} options={kinds} value={kind} onChange={(event) => choose(event.target.value as Kind)} />
        {KINDS[kind].map((entry) => <Input key={`${kind} ${entry.name}`} entry={entry} />)}
      </Form>
      <p role="status">{events.length > 0 && <>{t("hand.done")} {events.map((event) => <a key={event} href={`./?t=${event.split("-")[1] ?? ""}`}><code>{event}</code></a>)}</>}</p>
    </section>
  );
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
  const known = of === "agents" ? residents : of === "districts" ? town?.districts ?? [] : (town?.buildings ?? []).filter((house) => house.kind !== "home");
  return <datalist id={id}>{known.map((one) => <option key={one.id} value={one.id}>{one.name}</option>)}</datalist>;
}
