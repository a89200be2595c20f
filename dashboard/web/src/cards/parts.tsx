/** Small parts that all cards are made of. */

import { useEffect, useState, type ReactNode } from "react";
import { CLOTHES } from "../scene/palette.ts";
import { goTo, useParts } from "../store/context.ts";
import { hash } from "../world/motion.ts";

/** A name in its owner's colour. */
export function Name({ id }: { id: string | null }) {
  const { store } = useParts();
  return id === null ? null : <b className="person-name" style={{ "--own": CLOTHES[hash(id) % CLOTHES.length] } as React.CSSProperties}>{store.world.agent(id)}</b>;
}

export function Dot({ id }: { id: string }) {
  return <span className="dot" aria-hidden="true" style={{ background: CLOTHES[hash(id) % CLOTHES.length] }} />;
}

/** A link to somebody or something: chooses it and flies there. */
export function Link({ agent = null, building = null, children }: { agent?: string | null; building?: string | null; children: ReactNode }) {
  const parts = useParts();
  return <button type="button" className="link" onClick={() => goTo(parts, agent, building)}>{children}</button>;
}

export function Fact({ name, children }: { name: string; children: ReactNode }) {
  return <div className="fact"><dt>{name}</dt><dd>{children}</dd></div>;
}

/** What a question to the source answers; asked again when `keys` change. */
export function useAnswer<Answer>(ask: () => Promise<Answer>, keys: readonly unknown[]): Answer | null {
  const [answer, setAnswer] = useState<Answer | null>(null);
  useEffect(() => {
    let wanted = true;
    ask().then((found) => wanted && setAnswer(found), (error: unknown) => console.warn("a card has no answer:", error));
    return () => void (wanted = false);
  }, keys);
  return answer;
}

/** A curve as wide as its card; `label` says in words what it shows. */
export function Curve({ values, label }: { values: readonly number[]; label: string }) {
  if (values.length < 2) return null;
  const most = Math.max(1, ...values);
  const points = values.map((value, i) => `${((i / (values.length - 1)) * 100).toFixed(1)},${(30 - (value / most) * 28).toFixed(1)}`).join(" ");
  return (
    <svg className="curve" viewBox="0 0 100 31" preserveAspectRatio="none" role="img" aria-label={`${label}: ${values.join(", ")}`}>
      <polyline points={`0,31 ${points} 100,31`} className="area" />
      <polyline points={points} className="stroke" />
    </svg>
  );
}
