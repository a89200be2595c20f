/** A draft in the making: kept in this browser as it is typed, until it is sent, and with a way back. */

import { useEffect, useState } from "react";
import { useShown } from "../store/context.ts";
import type { Draft } from "./draft.ts";

const PLACE = "mqttown.draft";
const MOST_STEPS = 50;

export interface Drafting {
  now: Draft;
  /** what one can go back to, newest last */
  before: readonly Draft[];
  /** the fields of the last step, as long as it goes on */
  typing: string | null;
}

export function begun(draft: Draft): Drafting {
  return { now: draft, before: [], typing: null };
}

/** Change some fields; all that is typed into the same ones without a break is one step. */
export function changed(state: Drafting, changes: Partial<Draft>): Drafting {
  const typing = Object.keys(changes).join();
  return { now: { ...state.now, ...changes }, before: typing === state.typing ? state.before : onto(state), typing };
}

/** Another draft in its place, as one step. */
export function replaced(state: Drafting, draft: Draft): Drafting {
  return { now: draft, before: onto(state), typing: null };
}

/** One step back, if there is one. */
export function undone(state: Drafting): Drafting {
  const last = state.before.at(-1);
  return last === undefined ? state : { now: last, before: state.before.slice(0, -1), typing: null };
}

function onto({ before, now }: Drafting): Draft[] {
  return [...before, now].slice(-MOST_STEPS);
}

/**
 * The draft of this account at a place, as it was left.
 *
 * @param place which form
 * @param basis what the draft changes; one of another basis is no longer of use
 * @param begin the form untouched
 */
export function useDraft(place: string, basis: number, begin: Draft) {
  const me = useShown((shown) => shown.me);
  const at = `${PLACE}.${me ?? ""}.${place}`;
  const [state, set] = useState(() => begun(left(at, basis) ?? begin));
  const untouched = JSON.stringify(state.now) === JSON.stringify(begin);
  useEffect(() => {
    if (untouched) localStorage.removeItem(at);
    else localStorage.setItem(at, JSON.stringify({ basis, draft: state.now }));
  }, [at, basis, state.now, untouched]);
  return {
    draft: state.now,
    untouched,
    canUndo: state.before.length > 0,
    change: (changes: Partial<Draft>): void => set((now) => changed(now, changes)),
    replace: (by: (now: Draft) => Draft): void => set((now) => replaced(now, by(now.now))),
    undo: (): void => set(undone),
    /** Begin anew, without a way back: it has been sent. */
    begin: (draft: Draft): void => {
      localStorage.removeItem(at); // at once: the page may be left before anything is drawn again
      set(begun(draft));
    },
  };
}

/** Forget what an account left here: whoever signs out may not be alone at this machine. */
export function forgetDrafts(me: string): void {
  const own = Object.keys(localStorage).filter((key) => key.startsWith(`${PLACE}.${me}.`));
  for (const key of own) localStorage.removeItem(key);
}

function left(at: string, basis: number): Draft | null {
  try {
    const found = JSON.parse(localStorage.getItem(at) ?? "null") as { basis: number; draft: Draft } | null;
    return found?.basis === basis ? found.draft : null;
  } catch {
    return null;
  }
}
