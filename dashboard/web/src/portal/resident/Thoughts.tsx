/** What a resident had in mind when it acted: its reasoning and the memories that came to it. */

import { TownTime, useAsked } from "../parts.tsx";
import { useSession } from "../session.ts";
import { Sheet } from "../Sheet.tsx";
import { useWords } from "../text.ts";
import type { Of } from "./of.ts";

const EVERY_MS = 5_000;

export function Thoughts({ one }: Of) {
  const t = useWords();
  const session = useSession();
  const { answer, problem } = useAsked(() => session.ask("get", "/api/v1/me/residents/{agent_id}/thoughts", { path: { agent_id: one.id } }), [one.id], EVERY_MS);
  return (
    <Sheet named={t("one.thoughts")} problem={problem} none={answer?.items.length === 0 && t("thoughts.none")}>
      <ol className="records thoughts">
        {(answer?.items ?? []).map((thought) => (
          <li key={thought.number}>
            <div>
              <p><TownTime tick={thought.tick} /> <b>{verbOf(thought.action, t)}</b> {thought.model !== null && <span className="soft">{thought.model}</span>}</p>
              <p>{thought.reasoning === null ? <span className="soft">{t("thoughts.silent")}</span> : <q>{thought.reasoning}</q>}</p>
              <Memories memories={thought.memories} />
            </div>
          </li>
        ))}
      </ol>
    </Sheet>
  );
}

/** Memories that came to mind, best first. */
export function Memories({ memories }: { memories: readonly Record<string, unknown>[] }) {
  const t = useWords();
  if (memories.length === 0) return null;
  return (
    <details className="memories">
      <summary>{t("memories", { count: memories.length })}</summary>
      <ul>{memories.map((memory, n) => <li key={n}>{String(memory["text"] ?? "")} <span className="soft">{typeof memory["score"] === "number" ? memory["score"].toFixed(2) : ""}</span></li>)}</ul>
    </details>
  );
}

export function verbOf(action: string, t: ReturnType<typeof useWords>): string {
  const key = `verb.${action}`;
  return t.has(key) ? t(key) : action;
}
