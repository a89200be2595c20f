/** Change a resident: its character and mind, which makes a version, and what it may do and spend, which holds at once. */

import { useState, type FormEvent } from "react";
import { budgetChange, drafted, mindOf, permissionsOf, personaOf } from "../draft.ts";
import { useDraft } from "../drafting.ts";
import { Field, Problem, useDeed } from "../parts.tsx";
import { FirstFields, MoreFields } from "../ResidentFields.tsx";
import { useSession } from "../session.ts";
import { Sheet } from "../Sheet.tsx";
import { useWords } from "../text.ts";
import type { Of } from "./of.ts";

export function Change({ one, again }: Of) {
  const t = useWords();
  const session = useSession();
  const { resident } = one;
  const { draft, untouched, change, replace, undo, canUndo, begin } = useDraft(one.id, one.version, drafted(resident, resident));
  const [note, setNote] = useState("");
  const [kept, setKept] = useState(0);
  const { busy, problem, run } = useDeed();
  const send = (event: FormEvent): void => {
    event.preventDefault();
    void run(async () => {
      const made = await session.ask("patch", "/api/v1/me/residents/{agent_id}", {
        path: { agent_id: one.id },
        body: {
          persona: { ...personaOf(draft), name: resident.name, tagline: resident.tagline ?? null }, mind: mindOf(draft), permissions: permissionsOf(draft),
          ...budgetChange(draft, resident.budget ?? null), note: note.trim() === "" ? null : note.trim(),
        },
      });
      begin(drafted(made.resident, made.resident));
      setKept(made.version);
      setNote("");
      again();
    });
  };
  return (
    <form className="columns" onSubmit={send}>
      <Sheet named={t("one.change")} why={t("change.why")}>
        <div className="begin">
          <button type="button" className="quiet" disabled={!canUndo} onClick={undo}>{t("make.undo")}</button>
          <button type="button" className="quiet" disabled={untouched} onClick={() => replace(() => drafted(resident, resident))}>{t("change.back")}</button>
        </div>
        <FirstFields draft={draft} change={change} known />
        <Field label={t("change.note")} value={note} onChange={(event) => setNote(event.target.value)} maxLength={200} />
        <Problem of={problem} />
        <button type="submit" className="primary" disabled={busy}>{t("change.keep")}</button>
        {!untouched && <p className="soft">{t("change.draft")}</p>}
        {untouched && kept > 0 && <p role="status">{t("change.kept", { version: kept })}</p>}
      </Sheet>
      <Sheet named={t("make.more")}><MoreFields draft={draft} change={change} known /></Sheet>
    </form>
  );
}
