/** The wire of an agent, live: its topics as a tree, each message with whether it is as the contract has it, and the verdicts. */

import { useEffect, useState } from "react";
import type { WireMessage } from "../api/types.ts";
import { listen } from "./events.ts";
import { useSession } from "./session.ts";
import { Sheet } from "./Sheet.tsx";
import { useWords } from "./text.ts";

const KEPT = 200;

interface Branch {
  name: string;
  /** the whole topic, where the branch is one */
  topic: string | null;
  count: number;
  branches: Branch[];
}

export function Wire({ id }: { id: string }) {
  const t = useWords();
  const session = useSession();
  const [messages, setMessages] = useState<readonly WireMessage[]>([]);
  const [counts, setCounts] = useState<Readonly<Record<string, number>>>({});
  const [state, setState] = useState<{ up: boolean; problem: unknown }>({ up: false, problem: null });
  const [topic, setTopic] = useState<string | null>(null);
  const [chosen, setChosen] = useState<WireMessage | null>(null);
  const [still, setStill] = useState(false);
  useEffect(() => listen(session, "/api/v1/me/agents/{agent_id}/wire", { agent_id: id }, ({ event, data }) => {
    if (event !== "message") return;
    const message = JSON.parse(data) as WireMessage;
    setMessages((before) => [message, ...before].slice(0, KEPT));
    setCounts((before) => ({ ...before, [message.topic]: (before[message.topic] ?? 0) + 1 }));
  }, (up, problem) => setState({ up, problem })), [id, session]);
  const [held, setHeld] = useState<readonly WireMessage[]>([]);
  const shown = (still ? held : messages).filter((one) => topic === null || one.topic === topic);
  return (
    <div className="wire">
      <Sheet title={t("wire.topics")} problem={state.problem}>
        <p><span className={`pill ${state.up ? "running" : "waiting"}`} role="status">{t(state.up ? "wire.live" : "wire.lost")}</span></p>
        <p className="begin">
          <button type="button" className="quiet" aria-pressed={still} onClick={() => { setHeld(messages); setStill(!still); }}>{t(still ? "wire.go" : "wire.hold")}</button>
          {topic !== null && <button type="button" className="quiet" onClick={() => setTopic(null)}>{t("wire.all")}</button>}
        </p>
        {Object.keys(counts).length === 0 ? <p className="soft">{t("wire.nothing")}</p> : <Tree branches={treeOf(counts).branches} choose={setTopic} chosen={topic} />}
      </Sheet>
      <Sheet title={t("wire.messages")}>
        <ol className="records wires">
          {shown.map((one) => (
            <li key={`${one.at} ${one.number}`}>
              <button type="button" aria-pressed={chosen === one} onClick={() => setChosen(chosen === one ? null : one)}>
                <time dateTime={one.at}>{one.at.slice(11, 19)}</time> <b>{t(one.direction === "in" ? "wire.in" : one.direction === "out" ? "wire.out" : "wire.is")} {one.channel}</b> {verdictOf(one)}{" "}
                <span className={one.valid ? "good" : "refusal"}>{one.valid ? t("wire.valid") : one.fault}</span>
                {one.lost > 0 && <span className="soft"> {t("wire.left", { count: one.lost })}</span>}
              </button>
              {chosen === one && <pre className="log" tabIndex={0} aria-label={one.topic}>{`${one.topic}\n${one.text ?? JSON.stringify(one.message, null, 2)}`}</pre>}
            </li>
          ))}
        </ol>
      </Sheet>
    </div>
  );
}

/** What stands out of a message: of an action its verb, of a verdict what became of it. */
function verdictOf({ channel, message }: WireMessage) {
  if (typeof message !== "object" || message === null) return null;
  const told = message as Record<string, unknown>;
  if (channel === "action") return <code>{String(told["action"] ?? "")}</code>;
  if (channel !== "verdict") return null;
  return told["status"] === "accepted" ? <code className="good">accepted</code> : <><code className="refusal">{String(told["code"])}</code> {String(told["detail"] ?? "")} </>;
}

function Tree({ branches, choose, chosen }: { branches: readonly Branch[]; choose: (topic: string) => void; chosen: string | null }) {
  return (
    <ul className="tree">
      {branches.map((branch) => (
        <li key={branch.name}>
          {branch.topic === null ? <code>{branch.name}</code> : <button type="button" className="link" aria-pressed={chosen === branch.topic} onClick={() => choose(branch.topic ?? "")}><code>{branch.name}</code> ({branch.count})</button>}
          {branch.branches.length > 0 && <Tree branches={branch.branches} choose={choose} chosen={chosen} />}
        </li>
      ))}
    </ul>
  );
}

/** Topics as a tree; levels that do not part are one branch. */
export function treeOf(counts: Readonly<Record<string, number>>): Branch {
  const root: Branch = { name: "", topic: null, count: 0, branches: [] };
  for (const topic of Object.keys(counts).sort()) {
    let at = root;
    for (const level of topic.split("/")) {
      const next = at.branches.find((branch) => branch.name === level) ?? { name: level, topic: null, count: 0, branches: [] };
      if (!at.branches.includes(next)) at.branches.push(next);
      at = next;
    }
    at.topic = topic;
    at.count = counts[topic] ?? 0;
  }
  return joined(root);
}

function joined(branch: Branch): Branch {
  const branches = branch.branches.map(joined);
  const [only] = branches;
  if (branch.name !== "" && branch.topic === null && branches.length === 1 && only !== undefined) return { ...only, name: `${branch.name}/${only.name}` };
  return { ...branch, branches };
}
