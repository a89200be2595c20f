/** The feed in paragraphs: a conversation together, and what one person did in a row as one sentence. */

import type { TownEvent } from "../api/types.ts";
import type { Filter } from "../store/store.ts";

export interface Paragraph {
  /** id of its oldest event: stays the same while the paragraph grows */
  id: string;
  kind: "talk" | "deeds" | "note";
  /** oldest first */
  events: readonly TownEvent[];
  building: string | null;
  /** tick of its newest event */
  tick: number;
}

/** Words this far apart are one conversation, deeds one sentence; ticks. */
const TALK_GAP = 8;
const DEEDS_GAP = 12;
/** No paragraph grows longer. */
const MOST = { talk: 8, deeds: 5, note: 1 } as const;
/** Paragraphs that may still grow, newest first. */
const OPEN = 12;

const KINDS: Readonly<Record<Exclude<Filter["kind"], "all">, readonly string[]>> = {
  talk: ["said"],
  trade: ["bought", "ate", "gave", "claimed"],
  work: ["started_work", "finished_work"],
  moves: ["arrived", "registered", "revoked", "left", "fell_asleep", "woke"],
};

export function fits(event: TownEvent, { kind, district, person }: Filter): boolean {
  if (kind !== "all" && !KINDS[kind].includes(event.kind)) return false;
  if (district !== null && event.district !== district) return false;
  return person === null || event.agent === person || (event.kind === "said" && event.witnesses.includes(person));
}

/** Paragraphs, newest first, out of events, newest first. */
export function paragraphs(events: readonly TownEvent[]): Paragraph[] {
  const done: Paragraph[] = [];
  for (let i = events.length - 1; i >= 0; i--) {
    const event = events[i]!;
    const kind = event.kind === "said" ? "talk" : event.agent === null ? "note" : "deeds";
    const from = Math.max(0, done.length - OPEN);
    let into = -1;
    for (let k = done.length - 1; k >= from && into < 0; k--) if (continues(done[k]!, event, kind)) into = k;
    if (into < 0) done.push({ id: event.id, kind, events: [event], building: event.building, tick: event.tick });
    else done[into] = { ...done[into]!, events: [...done[into]!.events, event], tick: event.tick };
  }
  return done.sort((a, b) => b.tick - a.tick);
}

function continues(paragraph: Paragraph, event: TownEvent, kind: Paragraph["kind"]): boolean {
  if (paragraph.kind !== kind || paragraph.events.length >= MOST[kind]) return false;
  if (kind === "talk") {
    const last = paragraph.events[paragraph.events.length - 1]!;
    const shared = event.building === null ? last.witnesses.includes(event.agent ?? "") : event.building === paragraph.building;
    return shared && event.tick - paragraph.tick <= TALK_GAP;
  }
  return kind === "deeds" && paragraph.events[0]!.agent === event.agent && event.tick - paragraph.tick <= DEEDS_GAP;
}
