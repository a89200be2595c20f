/** What waits for a decision: agents that are held, words that are held, conduct to be looked at. */

import { useId } from "react";
import { Field, Form, useAsked, useDeed } from "../portal/parts.tsx";
import { useSession } from "../portal/session.ts";
import { Sheet } from "../portal/Sheet.tsx";
import { useShown } from "../store/context.ts";
import { useWords } from "./text.ts";

const EVERY_MS = 3_000;

export function Quarantine() {
  const t = useWords();
  const session = useSession();
  const known = useId();
  const residents = useShown((shown) => shown.residents);
  const { answer, problem, again } = useAsked(() => session.ask("get", "/api/v1/operation/quarantine"), [], EVERY_MS);
  const { busy, problem: refused, run } = useDeed();
  const release = async (agent: string): Promise<void> => {
    await session.ask("delete", "/api/v1/operation/quarantine/{agent_id}", { path: { agent_id: agent } });
    again();
  };
  return (
    <Sheet title={t("quarantine.title")} problem={problem ?? refused} none={answer?.length === 0 && t("quarantine.none")}>
      <ul className="records">
        {(answer ?? []).map((one) => (
          <li key={one.agent}>
            <div><b>{one.agent}</b>{one.owner !== null && <span className="soft"> {t("quarantine.owner", { owner: one.owner })}</span>}<br />{one.why}</div>
            <Decide what={t("quarantine.release")} whom={one.agent} busy={busy} act={() => void run(() => release(one.agent))} />
          </li>
        ))}
      </ul>
      <Form label={t("quarantine.hold")} send={async ({ agent = "", why = "" }) => {
        await session.ask("put", "/api/v1/operation/quarantine/{agent_id}", { path: { agent_id: agent.trim() }, body: { why } });
        again();
      }}>
        <Field label={t("field.agent")} name="agent" list={known} autoCapitalize="none" required />
        <datalist id={known}>{residents.map((one) => <option key={one.id} value={one.id}>{one.name}</option>)}</datalist>
        <Field label={t("quarantine.why")} name="why" maxLength={500} required />
      </Form>
    </Sheet>
  );
}

export function HeldWords() {
  const t = useWords();
  const session = useSession();
  const { answer, problem, again } = useAsked(() => session.ask("get", "/api/v1/operation/held"), [], EVERY_MS);
  const { busy, problem: refused, run } = useDeed();
  const decide = async (number: number, decision: "pass" | "refuse"): Promise<void> => {
    await session.ask("post", "/api/v1/operation/held/{number}", { path: { number }, body: { decision } });
    again();
  };
  return (
    <Sheet title={t("held.title")} problem={problem ?? refused} none={answer?.length === 0 && t("held.none")}>
      <ul className="records">
        {(answer ?? []).map((one) => (
          <li key={one.id}>
            <div><b>{one.agent}</b> <q>{String(one.parameters["text"] ?? "")}</q><br /><span className="soft">{t("held.why", { rule: one.rule, score: one.score, says: one.says })}</span></div>
            <span className="choices">
              <Decide what={t("held.pass")} whom={one.agent} busy={busy} act={() => void run(() => decide(one.id, "pass"))} />
              <Decide what={t("held.refuse")} whom={one.agent} busy={busy} act={() => void run(() => decide(one.id, "refuse"))} />
            </span>
          </li>
        ))}
      </ul>
    </Sheet>
  );
}

export function Flags() {
  const t = useWords();
  const session = useSession();
  const { answer, problem, again } = useAsked(() => session.ask("get", "/api/v1/operation/flags"), [], EVERY_MS);
  const { busy, problem: refused, run } = useDeed();
  const clear = async (number: number): Promise<void> => {
    await session.ask("delete", "/api/v1/operation/flags/{number}", { path: { number } });
    again();
  };
  const hold = async (agent: string, id: number, score: number): Promise<void> => {
    await session.ask("put", "/api/v1/operation/quarantine/{agent_id}", { path: { agent_id: agent }, body: { why: t("flag.hold.why", { id, score }) } });
    await clear(id);
  };
  return (
    <Sheet title={t("flag.title")} problem={problem ?? refused} none={answer?.length === 0 && t("flag.none")}>
      <ul className="records">
        {(answer ?? []).map((one) => (
          <li key={one.id}>
            <div><b>{one.agent}</b>{one.owner !== null && <span className="soft"> {t("quarantine.owner", { owner: one.owner })}</span>}<br />{t("flag.why", { score: one.score, tick: one.tick })}<br /><span className="soft">{Object.entries(one.signs).map(([sign, percent]) => t("flag.sign", { sign, percent: String(percent) })).join(", ")}</span></div>
            <span className="choices">
              <Decide what={t("flag.clear")} whom={one.agent} busy={busy} act={() => void run(() => clear(one.id))} />
              <Decide what={t("flag.hold")} whom={one.agent} busy={busy} act={() => void run(() => hold(one.agent, one.id, one.score))} />
            </span>
          </li>
        ))}
      </ul>
    </Sheet>
  );
}

function Decide({ what, whom, busy, act }: { what: string; whom: string; busy: boolean; act: () => void }) {
  const t = useWords();
  return <button type="button" className="quiet" disabled={busy} aria-label={t("about", { what, whom })} onClick={act}>{what}</button>;
}
