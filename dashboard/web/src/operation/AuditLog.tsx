/** The audit log: who decided what about whom, the newest first. */

import { useState } from "react";
import { Choice, Field, useAsked, when } from "../portal/parts.tsx";
import { useSession } from "../portal/session.ts";
import { Sheet } from "../portal/Sheet.tsx";
import { Pages } from "./Pages.tsx";
import { amount, useWords } from "./text.ts";

const EVERY_MS = 5_000;
const MANY = 50;
const KINDS = [
  "flag", "moderation", "quarantine", "release", "clear_flag", "pass_held", "refuse_held", "intervene", "pause", "resume", "speed", "step", "register", "revoke", "key",
  "permit", "act_for", "budget", "stop",
];

export function AuditLog() {
  const t = useWords();
  const session = useSession();
  const [agent, setAgent] = useState("");
  const [kind, setKind] = useState("");
  const [cursor, setCursor] = useState<string | null>(null);
  const wanted = { limit: MANY, ...(agent !== "" && { agent }), ...(kind !== "" && { kind }), ...(cursor !== null && { cursor }) };
  const { answer, problem } = useAsked(() => session.ask("get", "/api/v1/operation/audit", { query: wanted }), [agent, kind, cursor], cursor === null ? EVERY_MS : 0);
  return (
    <Sheet title={t("audit.title")} problem={problem} none={answer?.items.length === 0 && t("audit.none")}>
      <div className="sifted">
        <Field label={t("audit.agent")} value={agent} autoCapitalize="none" pattern="[a-z0-9][a-z0-9_\-]*" onChange={(event) => { setAgent(event.target.value.trim().toLowerCase().replace(/[^a-z0-9_-]/g, "")); setCursor(null); }} />
        <Choice label={t("audit.kind")} value={kind} options={{ "": t("audit.all"), ...Object.fromEntries(KINDS.map((one) => [one, one])) }} onChange={(event) => { setKind(event.target.value); setCursor(null); }} />
      </div>
      <div className="scrolled" role="region" aria-label={t("audit.region")} tabIndex={0}>
        <table className="figures log-table">
          <thead><tr><th scope="col">{t("audit.when")}</th><th scope="col">{t("audit.tick")}</th><th scope="col">{t("audit.kind")}</th><th scope="col">{t("audit.agent")}</th><th scope="col">{t("audit.by")}</th><th scope="col">{t("audit.what")}</th></tr></thead>
          <tbody>
            {(answer?.items ?? []).map(({ n, wall, tick, kind: sort, agent: whom, what: { by, service, ...rest } }) => (
              <tr key={n}>
                <td><time dateTime={wall}>{when(wall, t)}</time></td>
                <td>{amount(tick, t)}</td>
                <td><code>{sort}</code></td>
                <td>{whom}</td>
                <td>{String(by ?? service ?? "")}</td>
                <td><code>{JSON.stringify(rest)}</code></td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <Pages at={cursor} next={answer?.next ?? null} first={t("audit.newest")} more={t("audit.older")} turn={setCursor} />
    </Sheet>
  );
}
