/** The program that a resident lives by: send it, see what became of it. */

import { useEffect, useState, type FormEvent } from "react";
import { get, RefusedError } from "../../api/client.ts";
import { Copied, Field, Problem, useAsked, useDeed } from "../parts.tsx";
import { BEGINNING, ENDINGS, MOST_BYTES, sentName, takenUp } from "../program.ts";
import { useSession } from "../session.ts";
import { Sheet } from "../Sheet.tsx";
import { useWords } from "../text.ts";
import type { Of } from "./of.ts";

const EVERY_MS = 3_000;
const PILLS: Readonly<Record<string, string>> = { new: "starting", ready: "running", refused: "parked" };

export function Program({ one, again }: Of) {
  const t = useWords();
  const session = useSession();
  const path = { agent_id: one.id };
  const { answer: minds } = useAsked(() => get("/api/v1/minds"), []);
  const { answer: kept, problem: unknown, again: look } = useAsked(async () => (one.code === null ? null : session.ask("get", "/api/v1/me/residents/{agent_id}/code", { path })), [one.id, one.code], EVERY_MS);
  const [chosen, setChosen] = useState<File | null>(null);
  const { busy, problem, run } = useDeed();
  const send = (program: File): Promise<void> => run(async () => {
    if (program.size > MOST_BYTES) throw new RefusedError(413, t("program.large"));
    await session.ask("put", "/api/v1/me/residents/{agent_id}/code", { path, query: { name: sentName(program.name) }, body: program });
    again();
    look();
  });
  useEffect(() => {
    const program = takenUp(one.id);
    if (program !== undefined) void send(program);
  }, [one.id]);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (chosen !== null) void send(chosen);
  };
  return (
    <div className="columns">
      <Sheet named={t("one.program")} problem={unknown}>
        {minds?.includes("code") === false && <p role="note">{t("program.nowhere")} <a href="#/agents">{t("agents.register")}</a></p>}
        <div role="status">
          {busy ? <p>{t("program.sending")}</p> : one.code === null ? <p className="soft">{t("program.none")}</p> : kept !== null && <p><b>{kept.name}</b> <span className={`pill ${PILLS[kept.state] ?? ""}`}>{t(`program.state.${kept.state}`)}</span></p>}
        </div>
        {kept?.reason != null && <p className="refusal">{kept.reason}</p>}
        <form className="form" onSubmit={submit}>
          <Field label={t("program.file")} hint={t("program.hint")} type="file" accept={ENDINGS} onChange={(event) => setChosen(event.target.files?.[0] ?? null)} required />
          <Problem of={problem} />
          <button type="submit" className="primary" disabled={busy}>{t("program.send")}</button>
        </form>
      </Sheet>
      <Sheet title={t("credentials.begin")} why={t("program.begin")}>
        <Copied many label="agent.py" text={BEGINNING} />
      </Sheet>
    </div>
  );
}
