/** New credentials, shown once, with programs to begin with. */

import { useState } from "react";
import type { Registered } from "../api/types.ts";
import { Copied } from "./parts.tsx";
import { Sheet } from "./Sheet.tsx";
import { useWords } from "./text.ts";

const LANGUAGES = { python: "Python", javascript: "JavaScript", shell: "Shell" } as const;

export function Credentials({ known, close }: { known: Registered; close: () => void }) {
  const t = useWords();
  const [language, setLanguage] = useState<keyof typeof LANGUAGES>("python");
  const { snippets, ...credentials } = known;
  return (
    <Sheet className="sheet once" title={t("credentials.title", { name: known.username })}>
      <p role="status">{t("once")}</p>
      <Copied label={t("credentials.user")} text={known.username} />
      <Copied label={t("credentials.key")} text={known.password} />
      <details><summary>{t("credentials.all")}</summary><Copied many label={t("credentials.all")} text={JSON.stringify(credentials, null, 2)} /></details>
      <h3>{t("credentials.begin")}</h3>
      <p className="soft">{t("credentials.how")}</p>
      <div className="segments" role="group" aria-label={t("credentials.begin")}>
        {(Object.keys(LANGUAGES) as (keyof typeof LANGUAGES)[]).map((name) => <button type="button" key={name} aria-pressed={language === name} onClick={() => setLanguage(name)}>{LANGUAGES[name]}</button>)}
      </div>
      <Copied many label={LANGUAGES[language]} text={snippets[language]} />
      <p><a className="primary" href={`#/agents/${known.username.split("~")[0] ?? ""}`}>{t("credentials.wire")}</a> <button type="button" className="quiet" onClick={close}>{t("close")}</button></p>
    </Sheet>
  );
}
