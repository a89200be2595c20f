/** What one's own resident has made of its life, on its card. */

import { useText } from "../store/context.ts";
import { Problem, useAsked } from "./parts.tsx";
import { useSession } from "./session.ts";

const MOST = 3;

export default function Reflections({ id, name }: { id: string; name: string }) {
  const t = useText();
  const session = useSession();
  const query = { query: "what I think of my life", limit: 20 };
  const { answer, problem } = useAsked(() => session.ask("get", "/api/v1/agents/{agent_id}/memories", { path: { agent_id: id }, query }), [id]);
  const thoughts = (answer?.items ?? []).filter(({ kind }) => kind === "reflection").slice(0, MOST);
  if (problem !== null) return <Problem of={problem} />;
  if (answer === null) return null;
  if (thoughts.length === 0) return <p className="soft">{t("card.reflections.none", { name })}</p>;
  return <ul className="thoughts">{thoughts.map(({ text }) => <li key={text}><q>{text}</q></li>)}</ul>;
}
