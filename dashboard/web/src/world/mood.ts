/** How somebody feels, as far as the street can tell: what presses it, and what it does. */

import type { Resident } from "../api/types.ts";

export type Mood = "content" | "hungry" | "tired" | "lonely" | "asleep" | "away";

/** The event that meets a need. */
export const NEED_OF: Readonly<Record<string, string>> = { finished_meal: "food", ate: "food", fell_asleep: "energy", said: "company" };
const FELT: Readonly<Record<string, Mood>> = { food: "hungry", energy: "tired", company: "lonely" };

/** The mood of a resident; `pressing` holds its pressing needs with the ticks at which they were felt. The newest one shows. */
export function mood(resident: Resident | undefined, pressing: ReadonlyMap<string, number> | undefined): Mood {
  if (resident === undefined || resident.presence === "offline") return "away";
  if (resident.doing === "sleeping") return "asleep";
  const newest = [...(pressing ?? [])].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0]))[0];
  return newest === undefined ? "content" : (FELT[newest[0]] ?? "content");
}
