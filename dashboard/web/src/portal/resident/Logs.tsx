/** What a resident's program wrote. */

import { useAsked } from "../parts.tsx";
import { useSession } from "../session.ts";
import { Sheet } from "../Sheet.tsx";
import { useWords } from "../text.ts";
import type { Of } from "./of.ts";

const EVERY_MS = 4_000;

export function Logs({ one }: Of) {
  const t = useWords();
  const session = useSession();
  const { answer, problem } = useAsked(() => session.ask("get", "/api/v1/me/residents/{agent_id}/logs", { path: { agent_id: one.id } }), [one.id], EVERY_MS);
  return (
    <Sheet named={t("one.logs")} problem={problem}>
      {answer !== null && (answer.text === "" ? <p className="soft">{t(one.resident.mind.kind === "code" ? "logs.none" : "logs.never")}</p> : <pre className="log" tabIndex={0} aria-label={t("one.logs")}>{answer.text}</pre>)}
    </Sheet>
  );
}
