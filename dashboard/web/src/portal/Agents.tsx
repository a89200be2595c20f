/** An owner's external agents: programs of their own that live in the town over the wire. */

import { useState } from "react";
import type { Registered } from "../api/types.ts";
import { useShown } from "../store/context.ts";
import { Credentials } from "./Credentials.tsx";
import { Choice, Field, Form, useAsked } from "./parts.tsx";
import { useSession } from "./session.ts";
import { Sheet } from "./Sheet.tsx";
import { useWords } from "./text.ts";

const EVERY_MS = 4_000;

export function Agents() {
  const t = useWords();
  const session = useSession();
  const districts = useShown((shown) => shown.town?.districts ?? null);
  const { answer, problem, again } = useAsked(() => session.ask("get", "/api/v1/me/agents"), [], EVERY_MS);
  const [fresh, setFresh] = useState<Registered | null>(null);
  const mine = (answer ?? []).filter((agent) => agent.kind === "external");
  return (
    <>
      <h1>{t("portal.agents")}</h1>
      {fresh !== null && <Credentials known={fresh} close={() => setFresh(null)} />}
      <div className="columns">
        <Sheet named={t("portal.agents")} problem={problem} none={answer !== null && mine.length === 0 && t("agents.none")}>
          <ul className="records">
            {mine.map((agent) => (
              <li key={agent.id}>
                <div><a href={`#/agents/${agent.id}`}><b>{agent.name}</b></a> <code>{agent.id}</code></div>
                <span className={`pill ${agent.presence === "online" ? "running" : ""}`}>{t(agent.presence === "online" ? "agents.here" : "agents.away")}</span>
              </li>
            ))}
          </ul>
        </Sheet>
        <Sheet title={t("agents.register")} why={t("agents.why")}>
          <Form label={t("agents.make")} send={async (fields) => {
            const given = (name: string): string | null => fields[name]?.trim() || null;
            setFresh(await session.ask("post", "/api/v1/agents", { body: { id: given("id") ?? "", name: given("name"), tagline: given("tagline"), district: given("district") } }));
            again();
          }}>
            <Field label={t("make.id")} hint={t("agents.id.hint")} name="id" pattern="[a-z0-9][a-z0-9_\-]*" maxLength={48} autoCapitalize="none" required />
            <Field label={t("make.name")} name="name" maxLength={80} />
            <Field label={t("make.tagline")} name="tagline" maxLength={280} />
            <Choice label={t("agents.district")} name="district" options={{ "": t("agents.any"), ...Object.fromEntries((districts ?? []).map(({ id, name }) => [id, name])) }} />
          </Form>
        </Sheet>
      </div>
    </>
  );
}
