/** What a resident was, what differs, and the way back. */

import { useState } from "react";
import type { Answer } from "../../api/client.ts";
import { useAsked, useDeed, when } from "../parts.tsx";
import { useSession } from "../session.ts";
import { Sheet } from "../Sheet.tsx";
import { useWords } from "../text.ts";
import type { Of } from "./of.ts";

type Diff = Answer<"get", "/api/v1/me/residents/{agent_id}/diff">;

export function Versions({ one, again }: Of) {
  const t = useWords();
  const session = useSession();
  const path = { agent_id: one.id };
  const { answer, problem } = useAsked(() => session.ask("get", "/api/v1/me/residents/{agent_id}/versions", { path }), [one.id, one.version]);
  const [diff, setDiff] = useState<Diff | null>(null);
  const { busy, problem: refused, run } = useDeed();
  const compare = (version: number): void => void run(async () => setDiff(await session.ask("get", "/api/v1/me/residents/{agent_id}/diff", { path, query: { before: version } })));
  const back = (version: number): void => void run(async () => {
    await session.ask("post", "/api/v1/me/residents/{agent_id}/versions/{version}/restore", { path: { ...path, version } });
    setDiff(null);
    again();
  });
  return (
    <div className="columns">
      <Sheet named={t("one.versions")} problem={problem ?? refused}>
        <ol className="records">
          {(answer ?? []).map((version) => (
            <li key={version.version}>
              <div><b>{t("versions.one", { version: version.version })}</b> {version.note !== null && <q>{version.note}</q>} <span className="soft">{when(version.made, t)}, {version.by}</span></div>
              {version.current ? <span className="pill running">{t("versions.current")}</span> : (
                <>
                  <button type="button" className="quiet" disabled={busy} onClick={() => compare(version.version)}>{t("versions.diff")}</button>
                  <button type="button" className="quiet" disabled={busy} onClick={() => back(version.version)}>{t("versions.back")}</button>
                </>
              )}
            </li>
          ))}
        </ol>
      </Sheet>
      {diff !== null && (
        <Sheet title={t("diff.title", { before: diff.from_version, after: diff.to_version })} none={diff.changes.length === 0 && t("diff.none")} aria-live="polite">
          {diff.changes.length > 0 && (
            <table className="facts diff">
              <thead><tr><th scope="col">{t("diff.field")}</th><th scope="col">{t("diff.before")}</th><th scope="col">{t("diff.after")}</th></tr></thead>
              <tbody>{diff.changes.map((line) => <tr key={line.path}><th scope="row"><code>{line.path}</code></th><td><del>{shown(line.before)}</del></td><td><ins>{shown(line.after)}</ins></td></tr>)}</tbody>
            </table>
          )}
        </Sheet>
      )}
    </div>
  );
}

function shown(value: unknown): string {
  return value === null || value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value);
}
