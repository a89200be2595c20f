/** All that a resident did, with the town's verdicts. */

import { useState } from "react";
import type { Answer } from "../../api/client.ts";
import { TownTime, useAsked, useDeed } from "../parts.tsx";
import { useSession } from "../session.ts";
import { Sheet } from "../Sheet.tsx";
import { useWords } from "../text.ts";
import { verbOf } from "./Thoughts.tsx";

type Page = Answer<"get", "/api/v1/agents/{agent_id}/actions">;
const AT_ONCE = 30;

export function Decisions({ id }: { id: string }) {
  const t = useWords();
  const session = useSession();
  const ask = (cursor?: string): Promise<Page> => session.ask("get", "/api/v1/agents/{agent_id}/actions", { path: { agent_id: id }, query: { limit: AT_ONCE, ...(cursor !== undefined && { cursor }) } });
  const { answer, problem } = useAsked(() => ask(), [id]);
  const [older, setOlder] = useState<Page | null>(null);
  const { busy, problem: refused, run } = useDeed();
  const items = [...(answer?.items ?? []), ...(older?.items ?? [])];
  const next = older === null ? answer?.next : older.next;
  return (
    <Sheet named={t("one.decisions")} problem={problem ?? refused} none={answer?.items.length === 0 && t("decisions.none")}>
      {items.length > 0 && (
        <table className="facts">
          <thead><tr><th scope="col">{t("decisions.when")}</th><th scope="col">{t("decisions.what")}</th><th scope="col">{t("decisions.verdict")}</th></tr></thead>
          <tbody>
            {items.map((deed) => (
              <tr key={`${deed.tick} ${deed.id}`}>
                <td><TownTime tick={deed.tick} /></td>
                <td><b>{verbOf(deed.action, t)}</b> <code>{JSON.stringify(deed.parameters)}</code>{deed.reasoning !== null && <><br /><q>{deed.reasoning}</q></>}</td>
                <td>{deed.status === "accepted" ? <span className="good">{t("verdict.accepted")}</span> : <><span className="refusal">{deed.code}</span> {deed.detail}</>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {next != null && <button type="button" className="quiet" disabled={busy} onClick={() => void run(async () => { const page = await ask(next); setOlder((known) => ({ items: [...(known?.items ?? []), ...page.items], next: page.next })); })}>{t("feed.older")}</button>}
    </Sheet>
  );
}
