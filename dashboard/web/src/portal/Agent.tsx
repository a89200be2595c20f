/** One external agent: its wire, its decisions, its keys, its end. */

import { useState } from "react";
import type { Registered } from "../api/types.ts";
import { useShown } from "../store/context.ts";
import { go } from "../store/route.ts";
import { Credentials } from "./Credentials.tsx";
import { Field, Form, Sure, useAsked, when } from "./parts.tsx";
import { Decisions } from "./resident/Decisions.tsx";
import { useSession } from "./session.ts";
import { Sheet } from "./Sheet.tsx";
import { useWords } from "./text.ts";
import { Wire } from "./Wire.tsx";

const TABS = ["wire", "decisions", "keys"] as const;

export function Agent({ id }: { id: string }) {
  const t = useWords();
  const tab = useShown((shown) => shown.route?.path[2] ?? "wire");
  const person = useShown((shown) => shown.residents.find((one) => one.id === id));
  const here = person?.presence === "online";
  return (
    <>
      <h1>{person?.name ?? id}</h1>
      <p><span className={`pill ${here ? "running" : ""}`} role="status">{t(here ? "agents.here" : "agents.away")}</span></p>
      <nav className="tabs" aria-label={id}>
        {TABS.map((name) => <a key={name} href={`#/agents/${id}/${name}`} aria-current={tab === name ? "page" : undefined}>{t(`agent.${name}`)}</a>)}
      </nav>
      {tab === "decisions" ? <Decisions id={id} /> : tab === "keys" ? <Keys id={id} /> : <Wire id={id} />}
    </>
  );
}

function Keys({ id }: { id: string }) {
  const t = useWords();
  const session = useSession();
  const { answer, problem, again } = useAsked(() => session.ask("get", "/api/v1/me/agents/{agent_id}/keys", { path: { agent_id: id } }), [id]);
  const [fresh, setFresh] = useState<Registered | null>(null);
  const make = async (tag: string | null): Promise<void> => {
    setFresh(await session.ask("post", "/api/v1/me/agents/{agent_id}/keys", { path: { agent_id: id }, body: { tag } }));
    again();
  };
  return (
    <>
      {fresh !== null && <Credentials known={fresh} close={() => setFresh(null)} />}
      <div className="columns">
        <Sheet named={t("agent.keys")} problem={problem}>
          <ul className="records">
            {(answer ?? []).map((key) => (
              <li key={key.tag}>
                <div><code>{key.tag === "" ? id : `${id}~${key.tag}`}</code> <span className="soft">{key.expires === null ? t("account.key.forever") : t("account.key.until", { date: when(key.expires, t) })}</span></div>
                {key.tag === "" ? <Sure label={t("agent.key.change")} question={t("agent.key.change.sure")} act={() => make(null)} /> : <Sure label={t("account.key.revoke")} question={t("sure")} act={async () => { await session.ask("delete", "/api/v1/me/agents/{agent_id}/keys/{tag}", { path: { agent_id: id, tag: key.tag } }); again(); }} />}
              </li>
            ))}
          </ul>
          <Form label={t("agent.key.make")} send={({ tag = "" }) => make(tag.trim())}>
            <Field label={t("agent.key.tag")} hint={t("agent.key.tag.hint", { id })} name="tag" pattern="[a-z0-9][a-z0-9_\-]*" maxLength={48} autoCapitalize="none" required />
          </Form>
        </Sheet>
        <Sheet title={t("agent.leave")} why={t("agent.leave.why")}>
          <Sure label={t("agent.leave.now", { id })} question={t("sure")} act={async () => { await session.ask("delete", "/api/v1/me/agents/{agent_id}", { path: { agent_id: id } }); go("agents"); }} />
        </Sheet>
      </div>
    </>
  );
}
