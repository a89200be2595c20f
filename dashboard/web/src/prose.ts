/** Events written as a person would tell them: names instead of ids, words in quotes, noise left out. */

import type { TownEvent } from "./types.ts";

export interface Names {
  agent(id: string): string;
  building(id: string): string;
}

export interface Sentence {
  /** who did it, shown bold; null if nobody did */
  who: string | null;
  text: string;
  /** the words, if something was said */
  words: string | null;
  /** whether the words pass on what was heard before */
  passedOn: boolean;
}

/** Kinds that the feed shows; the others are the town's bookkeeping. A town of a thousand places would open and close all day. */
export const TOLD = [
  "said", "arrived", "registered", "revoked", "left", "started_work", "finished_work", "bought", "ate", "gave", "fell_asleep", "woke",
  "claimed", "weather", "day",
] as const;

const WEATHER: Record<string, string> = {
  clear: "The sky clears.", cloudy: "Clouds draw in.", rain: "It begins to rain.", snow: "It begins to snow.", fog: "Fog rises.",
};

export function euros(cents: number): string {
  return `${(cents / 100).toFixed(2)} €`;
}

/** The sentence for an event, or null for one that the feed leaves out. */
export function tell(event: TownEvent, names: Names): Sentence | null {
  const who = event.agent === null ? null : names.agent(event.agent);
  const data = event.data;
  const place = event.building === null ? "" : names.building(event.building);
  const at = place === "" ? "" : ` at ${place}`;
  const plain = (text: string): Sentence => ({ who, text, words: null, passedOn: false });
  switch (event.kind) {
    case "said":
      return { who, text: `says${addressed(data.to, names)}${at}`, words: String(data.text ?? ""), passedOn: event.about.length > 0 };
    case "arrived":
      return typeof data.building === "string" ? plain(`arrives at ${names.building(data.building)}`) : null;
    case "registered":
      return plain("has come to town");
    case "revoked":
      return plain("has left town for good");
    case "left":
      return plain("drifts off in thought");
    case "started_work":
      return plain(`starts work${at}`);
    case "finished_work":
      return plain(`finishes work${typeof data.wage === "number" && data.wage > 0 ? ` and earns ${euros(data.wage)}` : ""}`);
    case "bought":
      return plain(`buys ${goods(data.item, data.quantity)}${at}${typeof data.price === "number" ? ` for ${euros(data.price)}` : ""}`);
    case "ate":
      return plain(typeof data.item === "string" ? `has ${words(data.item)}${at}` : `eats${at}`);
    case "gave":
      return plain(`gives ${names.agent(String(data.to))} ${typeof data.amount === "number" ? euros(data.amount) : goods(data.item, 1)}`);
    case "fell_asleep":
      return plain("falls asleep");
    case "woke":
      return plain("wakes up");
    case "claimed":
      return plain(`now owns ${names.building(String(data.building))}`);
    case "weather":
      return { who: null, text: WEATHER[String(data.weather)] ?? `The weather is ${String(data.weather)}.`, words: null, passedOn: false };
    case "day":
      return { who: null, text: "A new day begins.", words: null, passedOn: false };
    default:
      return null;
  }
}

function addressed(to: unknown, names: Names): string {
  if (!Array.isArray(to) || to.length === 0) return "";
  const known = to.map((id) => names.agent(String(id)));
  if (known.length > 3) return ` to ${known[0]} and ${known.length - 1} others`;
  const last = known.pop();
  return known.length === 0 ? ` to ${last}` : ` to ${known.join(", ")} and ${last}`;
}

function goods(item: unknown, quantity: unknown): string {
  const name = words(String(item));
  return typeof quantity === "number" && quantity > 1 ? `${quantity} × ${name}` : name;
}

/** An id in words: `rye-bread` is "rye bread". */
function words(id: string): string {
  return id.replaceAll(/[-_]/g, " ");
}
