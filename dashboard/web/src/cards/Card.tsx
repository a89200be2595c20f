/** The frame of a card: title, close, contents. */

import type { ReactNode } from "react";
import { useParts, useText } from "../store/context.ts";

export function Card({ title, label, mark, children }: { title: string; label: string; mark?: ReactNode; children: ReactNode }) {
  const { store } = useParts();
  const t = useText();
  return (
    <section className="card" aria-label={label}>
      <header>
        <h2>{mark} {title}</h2>
        <button type="button" className="close" onClick={() => store.choose(null)} aria-label={t("close")}>×</button>
      </header>
      <div className="card-body">{children}</div>
    </section>
  );
}
