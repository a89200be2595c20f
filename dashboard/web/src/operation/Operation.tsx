/** The operators' page: how the town does, what waits for a decision, and what can be done about it. */

import { RefusedError } from "../api/client.ts";
import { Problem, useAsked } from "../portal/parts.tsx";
import { useSession } from "../portal/session.ts";
import { Accounts } from "./Accounts.tsx";
import { AuditLog } from "./AuditLog.tsx";
import { Details, Glance } from "./Glance.tsx";
import { Hand } from "./Hand.tsx";
import "./operation.css";
import { Pace } from "./Pace.tsx";
import { useWords } from "./text.ts";
import { Flags, HeldWords, Quarantine } from "./Waiting.tsx";

const EVERY_MS = 2_000;

export default function Operation() {
  const t = useWords();
  const session = useSession();
  const { answer, problem, again } = useAsked(() => session.ask("get", "/api/v1/operation"), [], EVERY_MS);
  const factor = useAsked(() => session.ask("get", "/api/v1/me/second-factor"), []);
  if (problem instanceof RefusedError && problem.status === 403) return <p className="sheet">{t("operation.not")}</p>;
  return (
    <>
      <h1>{t("operation.title")}</h1>
      {factor.answer?.in_force === false && <p className="sheet" role="note">{t("operation.factor")} <a href="#/account">{t("operation.factor.set")}</a></p>}
      <Problem of={problem} />
      {answer !== null && (
        <>
          <Glance seen={answer} />
          <div className="columns">
            <Pace clock={answer.clock} again={again} />
            <HeldWords />
            <Quarantine />
            <Flags />
          </div>
          <Hand />
          <Details seen={answer} />
          <AuditLog />
          <Accounts />
        </>
      )}
    </>
  );
}
