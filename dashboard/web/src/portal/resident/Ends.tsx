/** Another like it, its file, and its end. */

import { go } from "../../store/route.ts";
import { idOf } from "../draft.ts";
import { Field, Form, Problem, Sure, useAsked, useDeed } from "../parts.tsx";
import { useSession } from "../session.ts";
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
      <section className="sheet" aria-labelledby="twin">
        <h2 id="twin">{t("ends.twin")}</h2>
        <p className="soft">{t("ends.twin.why")}</p>
        <Form label={t("ends.twin.make")} send={async ({ name = "" }) => { const made = await session.ask("post", "/api/v1/me/residents/{agent_id}/duplicate", { path, body: { id: idOf(name), name: name.trim() } }); go(`residents/${made.id}`); }}>
          <Field label={t("make.name")} name="name" maxLength={80} required />
        </Form>
      </section>
      <section className="sheet" aria-labelledby="file">
        <h2 id="file">{t("ends.file")}</h2>
        <p className="soft">{t("ends.file.why")}</p>
        <Problem of={problem} />
        <button type="button" className="quiet" disabled={busy} onClick={save}>{t("ends.export")}</button>
      </section>
      <section className="sheet" aria-labelledby="end">
        <h2 id="end">{t("ends.delete")}</h2>
        <Problem of={unknown} />
        {farewell !== null && (
          <>
            <h3>{t("ends.goes")}</h3>
            <ul className="goals">{farewell.goes.map((line) => <li key={line}>{line}</li>)}</ul>
            <h3>{t("ends.stays")}</h3>
            <ul className="goals">{farewell.stays.map((line) => <li key={line}>{line}</li>)}</ul>
            <Sure label={t("ends.delete.now", { name: one.name })} question={t("sure")} act={async () => { await session.ask("delete", "/api/v1/me/residents/{agent_id}", { path }); go("residents"); }} />
          </>
        )}
      </section>
    </div>
  );
}
