/** A sheet of paper on a page: its heading, why it is there, what went wrong, that it is empty; and what it holds. */

import { useId, type ComponentProps, type ReactNode } from "react";
import { Problem } from "./parts.tsx";

interface Head {
  /** shown above */
  title?: string;
  /** what it is called where the page shows no heading of its own for it */
  named?: string;
  why?: string;
  problem?: unknown;
  /** said where there is nothing in it */
  none?: string | false;
  children?: ReactNode;
}

export function Sheet({ title, named, why, problem = null, none = false, children, className = "sheet", ...section }: Head & Omit<ComponentProps<"section">, keyof Head>) {
  const id = useId();
  return (
    <section {...section} className={className} {...(title === undefined ? { "aria-label": named } : { "aria-labelledby": id })}>
      {title !== undefined && <h2 id={id}>{title}</h2>}
      {why !== undefined && <p className="soft">{why}</p>}
      <Problem of={problem} />
      {none !== false && <p className="soft">{none}</p>}
      {children}
    </section>
  );
}
