/** An owner's keys for providers of models: handed in, tested, forgotten, never shown again. */

import { useId, useState } from "react";
import { Choice, Problem, Sure, useAsked, useDeed } from "./parts.tsx";
import { useSession } from "./session.ts";
import { useWords } from "./text.ts";

export function ModelKeys({ providers }: { providers: readonly string[] }) {
  const t = useWords();
  const session = useSession();
  const id = useId();
  const { answer, problem, again } = useAsked(() => session.ask("get", "/api/v1/me/model-keys"), []);
  const [provider, setProvider] = useState(providers[0] ?? "");
  const [key, setKey] = useState("");
  const [tested, setTested] = useState<{ provider: string; works: boolean; detail: string | null } | null>(null);
  const { busy, problem: refused, run } = useDeed();
  const give = async (): Promise<void> => {
    await session.ask("put", "/api/v1/me/model-keys/{provider}", { path: { provider }, body: { key } });
    setKey("");
    again();
  };
  const test = async (name: string): Promise<void> => {
    setTested(null);
    setTested({ provider: name, ...(await session.ask("post", "/api/v1/me/model-keys/{provider}/test", { path: { provider: name } })) });
  };
  return (
    <section aria-label={t("key.title")}>
      <h3>{t("key.title")}</h3>
      <p className="soft">{t("key.why")}</p>
      <Problem of={problem ?? refused} />
      {tested !== null && <p role="status" className={tested.works ? "good" : "refusal"}>{tested.works ? t("key.works", { provider: tested.provider }) : t("key.fails", { provider: tested.provider, why: tested.detail ?? "" })}</p>}
      <ul className="records">
        {(answer ?? []).map((kept) => (
          <li key={kept.provider}>
            <div><b>{kept.provider}</b> <code>…{kept.last_four}</code></div>
            <button type="button" className="quiet" disabled={busy} onClick={() => void run(() => test(kept.provider))}>{t("key.test")}</button>
            <Sure label={t("key.forget")} question={t("sure")} act={async () => { await session.ask("delete", "/api/v1/me/model-keys/{provider}", { path: { provider: kept.provider } }); again(); }} />
          </li>
        ))}
      </ul>
      <div className="pair">
        <Choice label={t("key.provider")} value={provider} onChange={(event) => setProvider(event.target.value)} options={Object.fromEntries(providers.map((name) => [name, name]))} />
        <div className="field"><label htmlFor={id}>{t("key.key")}</label><input id={id} type="password" autoComplete="off" minLength={8} maxLength={500} value={key} onChange={(event) => setKey(event.target.value)} /></div>
      </div>
      <button type="button" className="quiet" disabled={busy || key.length < 8} onClick={() => void run(give)}>{t("key.give")}</button>
    </section>
  );
}
