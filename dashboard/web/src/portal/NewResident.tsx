/** Make a resident: four fields, somebody known, or a surprise. */

import { useEffect, useRef, useState, type FormEvent } from "react";
import { RefusedError } from "../api/client.ts";
import type { HostedResident } from "../api/types.ts";
import { useShown } from "../store/context.ts";
import { go } from "../store/route.ts";
import { drafted, EMPTY, idOf, mindOf, personaOf, residentOf, type Draft } from "./draft.ts";
import { useDraft } from "./drafting.ts";
import { Problem, useAsked, useDeed } from "./parts.tsx";
import { Portrait } from "./Portrait.tsx";
import { sendLater } from "./program.ts";
import { FirstFields, MoreFields } from "./ResidentFields.tsx";
import { useSession, type Session } from "./session.ts";
import { Sheet } from "./Sheet.tsx";
import { useWords } from "./text.ts";

const PAUSE_MS = 300;
const NAMESAKES = 9;

export function NewResident() {
  const t = useWords();
  const session = useSession();
  const wished = useShown((shown) => shown.route?.query.has("surprise") ?? false);
  const { draft, change, replace, undo, canUndo, begin } = useDraft("new", 0, EMPTY);
  const [program, setProgram] = useState<File | null>(null);
  const { answer: presets } = useAsked(() => session.ask("get", "/api/v1/presets"), []);
  const { busy, problem, run } = useDeed();
  const began = useRef(false);
  const surprise = (): Promise<void> => run(async () => {
    const { persona } = await session.ask("get", "/api/v1/presets/surprise");
    replace((now) => ({ ...drafted(persona), job: now.job, mind: now.mind, tier: now.tier, dayMoney: now.dayMoney }));
  });
  useEffect(() => {
    if (!wished || began.current) return;
    began.current = true;
    // Whoever loads the page anew finds what they made of this somebody, and no other.
    history.replaceState(null, "", `${location.pathname}${location.search}#/new`);
    void surprise();
  }, [wished]);
  const like = (id: string): void => {
    const known = presets?.find((one) => one.id === id);
    if (known !== undefined) replace((now) => ({ ...drafted(known.persona), name: now.name }));
  };
  const send = (event: FormEvent): void => {
    event.preventDefault();
    void run(async () => {
      const made = await make(session, draft);
      begin(EMPTY);
      if (program !== null) sendLater(made.id, program);
      go(draft.mind === "code" ? `residents/${made.id}/program` : `residents/${made.id}`);
    });
  };
  return (
    <>
      <h1>{t("make.title")}</h1>
      <form className="columns" onSubmit={send}>
        <Sheet named={t("make.title")}>
          {wished && <p className="soft">{t("make.surprise.why")}</p>}
          <div className="begin">
            <button type="button" className="quiet" disabled={busy} onClick={() => void surprise()}>{t("make.surprise")}</button>
            <button type="button" className="quiet" onClick={() => replace(() => EMPTY)}>{t("make.empty")}</button>
            <button type="button" className="quiet" disabled={!canUndo} onClick={undo}>{t("make.undo")}</button>
          </div>
          <details>
            <summary>{t("make.like")}</summary>
            <ul className="presets">{(presets ?? []).map(({ id, persona }) => <li key={id}><button type="button" onClick={() => like(id)}><Portrait id={id} /><span><b>{persona.name}</b> {persona.tagline}</span></button></li>)}</ul>
          </details>
          <FirstFields draft={draft} change={change} />
          <FirstSentence draft={draft} />
          <Problem of={problem} />
          <button type="submit" className="primary" disabled={busy}>{t("make.make")}</button>
          {draft.mind === "routine" && <p className="soft">{t("make.free")}</p>}
        </Sheet>
        <details className="sheet"><summary>{t("make.more")}</summary><MoreFields draft={draft} change={change} choose={setProgram} /></details>
      </form>
    </>
  );
}

/** How somebody would begin, as one types. */
function FirstSentence({ draft }: { draft: Draft }) {
  const t = useWords();
  const session = useSession();
  const [text, setText] = useState("");
  const told = JSON.stringify([draft.name, draft.tagline, draft.mind]);
  useEffect(() => {
    if (draft.name.trim() === "") {
      setText("");
      return undefined;
    }
    let wanted = true;
    const timer = setTimeout(() => {
      session.ask("post", "/api/v1/presets/preview", { body: { persona: personaOf(draft), mind: mindOf(draft) } }).then(
        (found) => wanted && setText(found.text),
        (error: unknown) => wanted && setText(error instanceof RefusedError ? error.message : ""),
      );
    }, PAUSE_MS);
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [told]);
  return <figure className="first"><figcaption>{t("make.first")}</figcaption><blockquote aria-live="polite">{text === "" ? <span className="soft">{t("make.first.none")}</span> : <q>{text}</q>}</blockquote></figure>;
}

/** Make somebody; where only the name gives the id, a namesake is the second of that name. */
async function make(session: Session, draft: Draft): Promise<HostedResident> {
  const own = draft.id.trim();
  for (let number = 1; ; number++) {
    const id = own !== "" ? own : number === 1 ? idOf(draft.name) : `${idOf(draft.name)}-${number}`;
    try {
      return await session.ask("post", "/api/v1/me/residents", { body: residentOf(draft, id) });
    } catch (error) {
      const taken = error instanceof RefusedError && error.status === 409 && (error.path === "body.id" || error.path === "body.agent");
      if (!taken || own !== "" || number === NAMESAKES) throw error;
    }
  }
}
