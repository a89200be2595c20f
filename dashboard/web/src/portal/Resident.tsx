/** One resident of an owner: how it does, what it thinks, what it was, and its end. */

import type { ComponentType } from "react";
import { goTo, useParts, useShown } from "../store/context.ts";
import { go } from "../store/route.ts";
import { dateAt, timeOf } from "../store/time.ts";
import { Problem, TownTime, units, useAsked, useDeed } from "./parts.tsx";
import { Portrait } from "./Portrait.tsx";
import { Change } from "./resident/Change.tsx";
import { Decisions } from "./resident/Decisions.tsx";
import { Ends } from "./resident/Ends.tsx";
import { Logs } from "./resident/Logs.tsx";
import type { Of } from "./resident/of.ts";
import { Program } from "./resident/Program.tsx";
import { Talk } from "./resident/Talk.tsx";
import { Thoughts } from "./resident/Thoughts.tsx";
import { Versions } from "./resident/Versions.tsx";
import { Pill, Spent } from "./Residents.tsx";
import { useSession } from "./session.ts";
import { Sheet } from "./Sheet.tsx";
import { useWords } from "./text.ts";
import { Wire } from "./Wire.tsx";

const TABS = { now: Now, talk: Talk, thoughts: Thoughts, decisions: ({ one }) => <Decisions id={one.id} />, program: Program, change: Change, versions: Versions, wire: ({ one }) => <Wire id={one.id} />, logs: Logs, ends: Ends } satisfies Record<string, ComponentType<Of>>;
const EVERY_MS = 2_000;

export function Resident({ id }: { id: string }) {
  const t = useWords();
  const session = useSession();
  const tab = useShown((shown) => shown.route?.path[2] ?? "now");
  const { answer: one, problem, again } = useAsked(() => session.ask("get", "/api/v1/me/residents/{agent_id}", { path: { agent_id: id } }), [id], EVERY_MS);
  if (one === null) return <Problem of={problem} />;
  const Tab = tab in TABS ? TABS[tab as keyof typeof TABS] : Now;
  return (
    <>
      <h1 className="named"><Portrait id={one.id} /> {one.name}</h1>
      <Commands one={one} again={again} />
      <nav className="tabs" aria-label={one.name}>
        {(Object.keys(TABS) as (keyof typeof TABS)[]).filter((name) => name !== "program" || one.resident.mind.kind === "code").map((name) => <a key={name} href={`#/residents/${id}/${name}`} aria-current={Tab === TABS[name] ? "page" : undefined}>{t(`one.${name}`)}</a>)}
      </nav>
      <Problem of={problem} />
      <Tab one={one} again={again} />
    </>
  );
}

function Commands({ one, again }: Of) {
  const t = useWords();
  const session = useSession();
  const parts = useParts();
  const { busy, problem, run } = useDeed();
  const tell = (command: "pause" | "resume" | "restart"): void => void run(async () => {
    await session.ask("post", "/api/v1/me/residents/{agent_id}/commands", { path: { agent_id: one.id }, body: { command } });
    again();
  });
  const show = (): void => {
    go(null);
    goTo(parts, one.id, null);
  };
  return (
    <>
      <p className="begin">
        <span role="status"><Pill one={one} /></span>
        {one.status === "paused" ? <button type="button" className="primary" disabled={busy} onClick={() => tell("resume")}>{t("one.resume")}</button> : <button type="button" className="quiet" disabled={busy} onClick={() => tell("pause")}>{t("one.pause")}</button>}
        {["parked", "lost"].includes(one.status) && <button type="button" className="primary" disabled={busy} onClick={() => tell("restart")}>{t("one.restart")}</button>}
        <button type="button" className="quiet" onClick={show}>{t("card.show")}</button>
      </p>
      <Problem of={problem} />
    </>
  );
}

function Now({ one }: Of) {
  const t = useWords();
  const { store } = useParts();
  const steps = { arrived: one.milestones?.arrived, thought: one.milestones?.first_thought, talk: one.milestones?.first_talk };
  return (
    <div className="columns">
      <Sheet title={t("now.begins")}>
        <ol className="steps">
          {(Object.keys(steps) as (keyof typeof steps)[]).map((name) => (
            <li key={name} className={steps[name] == null ? "" : "done"}><span aria-hidden="true">{steps[name] == null ? "○" : "✓"}</span> {t(`now.${name}`)} <span className="soft">{steps[name] == null ? t("now.not") : <TownTime tick={steps[name]} />}</span></li>
          ))}
        </ol>
        {one.thought_tick !== null && <p className="soft">{t("now.last", { when: `${t.weekday(dateAt(store.start, one.thought_tick))} ${timeOf(store.start, one.thought_tick)}` })}</p>}
      </Sheet>
      <Sheet title={t("now.spending")}>
        <Spent one={one} />
        {one.resident.mind.kind === "model" && <Usage id={one.id} />}
      </Sheet>
      <Sheet title={t("now.who")}>
        {one.resident.tagline != null && <p>{one.resident.tagline}</p>}
        {one.resident.story != null && <p>{one.resident.story}</p>}
        <ul className="goals">{one.resident.goals.map((goal) => <li key={goal}>{goal}</li>)}</ul>
      </Sheet>
    </div>
  );
}

function Usage({ id }: { id: string }) {
  const t = useWords();
  const session = useSession();
  const { answer, problem } = useAsked(() => session.ask("get", "/api/v1/me/residents/{agent_id}/usage", { path: { agent_id: id } }), [id]);
  return (
    <>
      <Problem of={problem} />
      {answer !== null && <p>{t("spent.ever", { money: units(answer.money_total, t), tokens: answer.tokens_total })}</p>}
      {answer !== null && answer.days.length > 0 && (
        <table className="facts"><thead><tr><th scope="col">{t("usage.day")}</th><th scope="col">{t("usage.calls")}</th><th scope="col">{t("usage.tokens")}</th><th scope="col">{t("usage.money")}</th></tr></thead>
          <tbody>{answer.days.map((day) => <tr key={day.day}><th scope="row">{day.day}</th><td>{day.calls}</td><td>{day.tokens_in + day.tokens_out}</td><td>{units(day.money, t)}</td></tr>)}</tbody></table>
      )}
    </>
  );
}
