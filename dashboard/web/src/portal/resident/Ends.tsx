/** Another like it, its file, and its end. */

import { go } from "../../store/route.ts";
import { idOf } from "../draft.ts";
import { Field, Form, Sure, useAsked, useDeed } from "../parts.tsx";
import { useSession } from "../session.ts";
import { Sheet } from "../Sheet.tsx";
import { useWords } from "../text.ts";
import type { Of } from "./of.ts";

export function Ends({ one }: Of) {
  const t = useWords();
  const session = useSession();
  const path = { agent_id: one.id };
  const { busy, problem, run } = useDeed();
  const { answer: farewell, problem: unknown } = useAsked(() => session.ask("get", "/api/v1/me/residents/{agent_id}/deletion", { path }), [one.id, one.version]);
  const save = (): void => void run(async () => {
    const text = await session.ask("get", "/api/v1/me/residents/{agent_id}/export", { path });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "application/yaml" }));
    link.download = `${one.id}.yaml`;
    link.click();
    URL.revokeObjectURL(link.href);
  });
  return (
    <div className="columns">
      <Sheet title={t("ends.twin")} why={t("ends.twin.why")}>
        <Form label={t("ends.twin.make")} send={async ({ name = "" }) => { const made = await session.ask("post", "/api/v1/me/residents/{agent_id}/duplicate", { path, body: { id: idOf(name), name: name.trim() } }); go(`residents/${made.id}`); }}>
          <Field label={t("make.name")} name="name" maxLength={80} required />
        </Form>
      </Sheet>
      <Sheet title={t("ends.file")} why={t("ends.file.why")} problem={problem}>
        <button type="button" className="quiet" disabled={busy} onClick={save}>{t("ends.export")}</button>
      </Sheet>
      <Sheet title={t("ends.delete")} problem={unknown}>
        {farewell !== null && (
          <>
            <h3>{t("ends.goes")}</h3>
            <ul className="goals">{farewell.goes.map((line) => <li key={line}>{line}</li>)}</ul>
            <h3>{t("ends.stays")}</h3>
            <ul className="goals">{farewell.stays.map((line) => <li key={line}>{line}</li>)}</ul>
            <Sure label={t("ends.delete.now", { name: one.name })} question={t("sure")} act={async () => { await session.ask("delete", "/api/v1/me/residents/{agent_id}", { path }); go("residents"); }} />
          </>
        )}
      </Sheet>
    </div>
  );
}
