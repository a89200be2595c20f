/** Small parts that all pages of the portal are made of: forms, answers, refusals. */

import { useEffect, useId, useRef, useState, type ComponentProps, type FormEvent, type ReactNode } from "react";
import { RefusedError } from "../api/client.ts";
import { useParts, useShown } from "../store/context.ts";
import { dateAt, timeOf } from "../store/time.ts";
import { useWords, type Say } from "./text.ts";

const COPIED_MS = 2_500;

/** Fields of a form by name, as text. */
export type Fields = Readonly<Record<string, string>>;

/** What went wrong, in the reader's language where the portal has words for it, else in the API's. */
export function wording(error: unknown, t: Say): string {
  if (!(error instanceof RefusedError)) return t("problem.away");
  const key = `problem.${error.code}.${error.status}`;
  return t.has(key) ? t(key) : error.message;
}

/** An action that takes a while: whether it is on its way, and why it was refused. */
export function useDeed(): { busy: boolean; problem: unknown; run: (work: () => Promise<void>) => Promise<void> } {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const run = async (work: () => Promise<void>): Promise<void> => {
    setBusy(true);
    setProblem(null);
    try {
      await work();
    } catch (error) {
      setProblem(error);
    } finally {
      setBusy(false);
    }
  };
  return { busy, problem, run };
}

export function Problem({ of }: { of: unknown }) {
  const t = useWords();
  return of === null ? null : <p className="refusal" role="alert">{wording(of, t)}</p>;
}

/** A form that sends its fields and tells why it was refused; it is emptied after success. */
export function Form({ label, send, children, className = "form" }: { label: string; send: (fields: Fields) => Promise<void>; children: ReactNode; className?: string }) {
  const { busy, problem, run } = useDeed();
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = event.currentTarget;
    const fields = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value)]));
    void run(async () => {
      await send(fields);
      form.reset();
    });
  };
  return (
    <form className={className} onSubmit={submit}>
      {children}
      <Problem of={problem} />
      <button type="submit" className="primary" disabled={busy}>{label}</button>
    </form>
  );
}

type Named = { id: string; "aria-describedby": string | undefined };

/** The label of a control, and the hint below it; the control is given the names that tie them together. */
function Labelled({ label, hint, control }: { label: string; hint?: string | undefined; control: (named: Named) => ReactNode }) {
  const id = useId();
  const told = `${id}-hint`;
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {control({ id, "aria-describedby": hint === undefined ? undefined : told })}
      {hint !== undefined && <small id={told}>{hint}</small>}
    </div>
  );
}

/** A labelled input. */
export function Field({ label, hint, ...input }: { label: string; hint?: string } & ComponentProps<"input">) {
  return <Labelled label={label} hint={hint} control={(named) => <input {...named} {...input} />} />;
}

/** A labelled text of several lines. */
export function Lines({ label, hint, ...area }: { label: string; hint?: string } & ComponentProps<"textarea">) {
  return <Labelled label={label} hint={hint} control={(named) => <textarea {...named} {...area} />} />;
}

/** A labelled choice; options are values with their words. */
export function Choice({ label, options, hint, ...select }: { label: string; hint?: string; options: Readonly<Record<string, string>> } & ComponentProps<"select">) {
  const words = Object.entries(options).map(([value, text]) => <option key={value} value={value}>{text}</option>);
  return <Labelled label={label} hint={hint} control={(named) => <select {...named} {...select}>{words}</select>} />;
}

export interface Asked<Found> {
  answer: Found | null;
  problem: unknown;
  /** ask once more */
  again: () => void;
}

/** What a question is answered; asked again when `keys` change, and every so many milliseconds while the page is seen. */
export function useAsked<Found>(ask: () => Promise<Found>, keys: readonly unknown[], every = 0): Asked<Found> {
  const [answer, setAnswer] = useState<Found | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  const [round, setRound] = useState(0);
  useEffect(() => {
    let wanted = true;
    ask().then((found) => {
      if (!wanted) return;
      setAnswer(found);
      setProblem(null);
    }, (error: unknown) => wanted && setProblem(error));
    return () => void (wanted = false);
  }, [...keys, round]);
  useEffect(() => {
    if (every === 0) return undefined;
    const timer = setInterval(() => document.visibilityState === "visible" && setRound((known) => known + 1), every);
    return () => clearInterval(timer);
  }, [every]);
  return { answer, problem, again: () => setRound((known) => known + 1) };
}

/** A text to be copied: shown whole, with a button. */
export function Copied({ label, text, many = false }: { label: string; text: string; many?: boolean }) {
  const t = useWords();
  const [done, setDone] = useState(false);
  const shown = useRef<HTMLElement>(null);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Without HTTPS a browser may have no clipboard: the text is selected, to be copied by hand.
      if (shown.current !== null) getSelection()?.selectAllChildren(shown.current);
      return;
    }
    setDone(true);
    setTimeout(() => setDone(false), COPIED_MS);
  };
  return (
    <div className={many ? "copied many" : "copied"}>
      {many ? <pre ref={shown as React.RefObject<HTMLPreElement>} tabIndex={0} aria-label={label}>{text}</pre> : <><span>{label}</span> <code ref={shown}>{text}</code></>}
      <button type="button" className="quiet" onClick={() => void copy()}>{t(done ? "copy.done" : "copy")}<span className="visually-hidden"> {label}</span></button>
    </div>
  );
}

/** A button that asks back before it acts. */
export function Sure({ label, question, act }: { label: string; question: string; act: () => Promise<void> }) {
  const t = useWords();
  const [asking, setAsking] = useState(false);
  const { busy, problem, run } = useDeed();
  if (!asking) return <button type="button" className="quiet" onClick={() => setAsking(true)}>{label}</button>;
  return (
    <span className="sure" role="group" aria-label={question}>
      {question} <button type="button" className="danger" disabled={busy} onClick={() => void run(async () => { await act(); setAsking(false); })}>{label}</button> <button type="button" className="quiet" onClick={() => setAsking(false)}>{t("no")}</button>
      <Problem of={problem} />
    </span>
  );
}

/** Date and time of an ISO date where the reader is. */
export function when(date: string, t: Say): string {
  return new Date(date).toLocaleString(t.language === "pseudo" ? "en" : t.language, { dateStyle: "medium", timeStyle: "short" });
}

/** Millionths of a unit of money in units. */
export function units(micros: number, t: Say): string {
  return (micros / 1e6).toLocaleString(t.language === "pseudo" ? "en" : t.language, { maximumFractionDigits: 4 });
}

/** A tick as weekday and time of day in the town. */
export function TownTime({ tick }: { tick: number }) {
  const t = useWords();
  const { store } = useParts();
  useShown((shown) => shown.overview); // which tells when tick 0 was
  return <time>{t.weekday(dateAt(store.start, tick))} {timeOf(store.start, tick)}</time>;
}
