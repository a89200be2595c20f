/** Colours that overlays give to houses and people. */

import { Color } from "three";
import { knownAt } from "../world/spread.ts";
import type { Mood } from "../world/mood.ts";
import type { Store } from "../store/store.ts";
import { facts } from "./facts.ts";

/** From little to much; readable with any sight of colours, light and dark. */
const SCALE = ["#e9e2d2", "#f6d186", "#f2a25c", "#d9604c", "#8e2f5c"].map((colour) => new Color(colour));
const PLAIN = new Color("#ddd5c6");
export const MOOD_COLOURS: Record<Mood, string> = { content: "#4f9a57", hungry: "#e08a2c", tired: "#6a6fb5", lonely: "#b04f86", asleep: "#8f98ab", away: "#a9a196" };
const MOODS = Object.fromEntries(Object.entries(MOOD_COLOURS).map(([mood, colour]) => [mood, new Color(colour)])) as Record<Mood, Color>;
export const OWNED_COLOUR = "#5b6bb0";
const OWNED = new Color(OWNED_COLOUR);
const UNTOLD = new Color("#b9b1a5");
const TOLD = new Color("#d4472a");
const TELLER = new Color("#7a1f4d");

/** The colour of a share, 0 to 1. */
export function scale(share: number): Color {
  const at = Math.min(1, Math.max(0, share)) * (SCALE.length - 1);
  const from = Math.min(SCALE.length - 2, Math.floor(at));
  return new Color().lerpColors(SCALE[from]!, SCALE[from + 1]!, at - from);
}

/** The legend's steps as CSS. */
export const LEGEND = `linear-gradient(90deg, ${SCALE.map((colour) => `#${colour.getHexString()}`).join(", ")})`;

/** How houses are painted now; null where no overlay paints them. */
export function buildingColour(store: Store): ((id: string) => Color | null) | null {
  const { overlay, town } = store.get();
  const { world } = store;
  if (overlay === null || town === null) return null;
  if (overlay === "crowding") {
    const most = Math.max(3, ...[...world.inside.values()].map((ids) => ids.length));
    return (id) => {
      const count = world.inside.get(id)?.length ?? 0;
      return count === 0 ? PLAIN : scale(0.2 + (0.8 * count) / most);
    };
  }
  if (overlay === "price") {
    const most = Math.max(1, ...facts.land.values());
    return (id) => {
      const price = facts.land.get(id);
      if (price === undefined) return PLAIN;
      return (world.buildings.get(id)?.owner ?? null) === null ? scale(Math.sqrt(price / most)) : OWNED;
    };
  }
  if (overlay === "mood") {
    const told = new Map(facts.districts.map((one) => [one.id, one.mood]));
    const district = new Map(town.districts.map(({ id }) => [id, world.past === null ? (told.get(id) ?? null) : world.districtMood(id)]));
    const of = new Map(town.buildings.map((building) => [building.id, district.get(town.districts[building.district]?.id ?? "") ?? null]));
    return (id) => {
      const mood = of.get(id) ?? null;
      return mood === null ? PLAIN : new Color().lerpColors(MOODS.lonely, MOODS.content, Math.min(1, Math.max(0, (mood - 0.3) / 0.55))).lerp(PLAIN, 0.35);
    };
  }
  if (overlay === "wealth") {
    const homes = new Map<string, number>();
    for (const { id, home } of world.residents.values()) if (home !== null) homes.set(home, Math.max(homes.get(home) ?? 0, facts.wealth[id] ?? 0));
    const most = Math.max(1, ...homes.values());
    return (id) => {
      const cents = homes.get(id);
      return cents === undefined ? PLAIN : scale(cents / most);
    };
  }
  return () => PLAIN;
}

/** How people are painted now; null where they wear their own clothes. */
export function personColour(store: Store): ((id: string) => Color | null) | null {
  const { overlay, news } = store.get();
  const { world } = store;
  if (overlay === "mood") return (id) => MOODS[world.mood(id)];
  if (overlay === "wealth") {
    const most = Math.max(1, ...Object.values(facts.wealth));
    return (id) => scale((facts.wealth[id] ?? 0) / most);
  }
  if (overlay === "news" && news !== null) {
    const knows = knownAt(news, world.tick());
    const first = news.hearings[0]?.agent;
    return (id) => (id === first ? TELLER : knows.has(id) ? TOLD : UNTOLD);
  }
  return null;
}
