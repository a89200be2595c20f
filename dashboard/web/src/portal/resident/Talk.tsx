/** Talk with one's own resident: plain words, and an answer in its voice with the memories that it came from. */

import { useState } from "react";
import type { Answer } from "../../api/client.ts";
import { Field, Form } from "../parts.tsx";
import { useSession } from "../session.ts";
import { Sheet } from "../Sheet.tsx";
import { useWords } from "../text.ts";
import { Memories } from "./Thoughts.tsx";
import type { Of } from "./of.ts";

type Told = Answer<"post", "/api/v1/me/residents/{agent_id}/talk">;

export function Talk({ one }: Of) {
  const t = useWords();
  const session = useSession();
  const [said, setSaid] = useState<readonly { question: string; told: Told }[]>([]);
  const ask = async (question: string): Promise<void> => {
    const told = await session.ask("post", "/api/v1/me/residents/{agent_id}/talk", { path: { agent_id: one.id }, body: { text: question } });
    setSaid((before) => [...before, { question, told }]);
  };
  return (
    <Sheet named={t("one.talk")} why={t("talk.why", { name: one.name })}>
      <ol className="talk" aria-live="polite">
        {said.map(({ question, told }, n) => (
          <li key={n}>
            <p className="mine">{question}</p>
            <p><b>{one.name}</b> <q>{told.text}</q></p>
            <p className="soft">{told.by === "model" ? t("talk.model", { model: told.model ?? "" }) : t("talk.routine")} {told.why_routine != null && t("talk.instead", { why: told.why_routine })}</p>
            <Memories memories={told.memories} />
          </li>
        ))}
      </ol>
      <Form label={t("talk.say")} className="form row" send={({ text = "" }) => ask(text)}>
        <Field label={t("talk.words")} name="text" maxLength={1000} autoComplete="off" required />
      </Form>
    </Sheet>
  );
}
