/** How a piece of news spread: who heard it first when, and from whom. */

import type { TownEvent } from "../api/types.ts";

export interface Hearing {
  agent: string;
  tick: number;
  from: string | null;
}

export interface Spread {
  event: string;
  text: string;
  hearings: readonly Hearing[];
}

/** Follow words from the first telling; `tellings` are in order, the first is the news itself. */
export function spread(tellings: readonly TownEvent[]): Spread | null {
  const first = tellings[0];
  if (first === undefined) return null;
  const heard = new Map<string, Hearing>();
  for (const { agent, tick, witnesses } of tellings) {
    if (agent !== null && !heard.has(agent)) heard.set(agent, { agent, tick, from: null });
    for (const witness of witnesses) if (!heard.has(witness)) heard.set(witness, { agent: witness, tick, from: agent });
  }
  return { event: first.id, text: String(first.data["text"] ?? ""), hearings: [...heard.values()] };
}

/** Those of `events` (in order) that tell `root`, itself included: words about it, or about words about it. */
export function tellingsOf(root: string, events: readonly TownEvent[]): TownEvent[] {
  const known = new Set([root]);
  return events.filter((event) => {
    const tells = event.id === root || (event.kind === "said" && event.about.some((id) => known.has(id)));
    if (tells) known.add(event.id);
    return tells;
  });
}

/** Who knew at a tick, with the tick at which they learned it. */
export function knownAt(news: Spread, tick: number): Map<string, number> {
  return new Map(news.hearings.filter((hearing) => hearing.tick <= tick).map((hearing) => [hearing.agent, hearing.tick]));
}

const POINTS = 24;

/** How many had heard at moments that are evenly apart, from the first telling to a tick. */
export function reach(news: Spread, tick: number): number[] {
  const first = news.hearings[0]?.tick ?? tick;
  const step = Math.max(1, tick - first) / POINTS;
  return Array.from({ length: POINTS + 1 }, (_nothing, i) => knownAt(news, first + i * step).size);
}
