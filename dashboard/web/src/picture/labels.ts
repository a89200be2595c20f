/** Names, speech bubbles and who is inside, over the picture: plain elements, moved by hand since React would be too slow for it. */

import { CLOTHES } from "../scene/palette.ts";
import type { Store } from "../store/store.ts";
import { hash } from "../world/motion.ts";
import type { Screen, View } from "./view.ts";

const MOST_NAMES = 9;
const MOST_BUBBLES = 5;
const MOST_SIGNS = 14;
/** Words are read for so long: real seconds at most, town minutes at most. */
const BUBBLE_MS = 9_000;
const BUBBLE_TICKS = 12;
const BUBBLE_LETTERS = 90;
/** Who speaks farther from the watcher than this is seen to speak, but not heard; metres. */
const EARSHOT = 620;
/** Empty places are named only from nearer than this, metres. */
const NAMED_FROM = 190;
const SIGNS_FROM = 1700;
const HEADS = 4;

interface Label {
  key: string;
  style: string;
  title: string;
  words: string;
}

export class Labels {
  hovered: string | null = null;
  private readonly root: HTMLElement;
  private readonly store: Store;
  private readonly pool = new Map<string, HTMLElement>();
  private readonly heard = new Map<string, { tick: number; since: number }>();
  private taken: { x: number; y: number; half: number; high: number }[] = [];
  private used = new Set<string>();

  constructor(root: HTMLElement, store: Store) {
    this.root = root;
    this.store = store;
  }

  /** Who is nearest to a point and within reach, if anybody; all in CSS pixels of the picture. */
  at(view: View, x: number, y: number, reach: number): string | null {
    const { world } = this.store;
    let nearest: string | null = null;
    let best = reach;
    for (const id of world.residents.keys()) {
      const point = world.position(id);
      if (point === null) continue;
      const screen = view.project(point, 0.5, true);
      const away = Math.hypot(screen.x - x, screen.y - y);
      if (screen.depth !== null && away < best) {
        best = away;
        nearest = id;
      }
    }
    return nearest;
  }

  draw(view: View, tick: number, now: number): void {
    this.used = new Set();
    this.taken = [];
    const { distance } = view.pose();
    this.people(view, tick, now, distance);
    if (distance < SIGNS_FROM) this.signs(view, distance);
    for (const [key, element] of this.pool) {
      if (this.used.has(key)) continue;
      element.remove();
      this.pool.delete(key);
    }
  }

  private people(view: View, tick: number, now: number, distance: number): void {
    const { world } = this.store;
    const { chosen } = this.store.get();
    const seen: { id: string; screen: Screen; spoke: number; indoors: boolean }[] = [];
    for (const [id, resident] of world.residents) {
      const point = world.position(id, tick);
      const screen = point === null ? null : view.project(point, 1.12, true);
      if (screen !== null && screen.depth !== null) seen.push({ id, screen, spoke: this.speaks(id, tick, now), indoors: resident.building !== null });
    }
    const wanted = (id: string): boolean => id === this.hovered || (chosen?.kind === "person" && chosen.id === id);
    const rank = ({ id, spoke }: { id: string; spoke: number }): number => (wanted(id) ? Infinity : spoke);
    seen.sort((a, b) => (rank(a) === rank(b) ? a.screen.depth! - b.screen.depth! : rank(b) - rank(a)));
    let bubbles = 0;
    let names = 0;
    for (const { id, screen, spoke, indoors } of seen) {
      const speech = spoke > -Infinity ? world.residents.get(id)?.said : null;
      const name = world.agent(id);
      if (speech && distance <= EARSHOT && bubbles < MOST_BUBBLES && (wanted(id) || this.free(screen, 95, 34))) {
        bubbles++;
        this.place(screen, { key: id, style: "bubble", title: name, words: shorten(speech.text) }, 95, 34);
      } else if (speech && this.free(screen, 14, 12)) {
        this.place(screen, { key: id, style: "murmur", title: "…", words: "" }, 14, 12);
      } else if (wanted(id) || (!indoors && names < MOST_NAMES && this.free(screen, 55, 13))) {
        names++;
        this.place(screen, { key: id, style: wanted(id) ? "name wanted" : "name", title: name, words: "" }, 55, 13);
      }
    }
  }

  /** Signs over houses: who is in, and near to the watcher the names of places. */
  private signs(view: View, distance: number): void {
    const { world } = this.store;
    const { town, chosen } = this.store.get();
    if (town === null) return;
    const seen: { id: string; name: string; screen: Screen; count: number; wanted: boolean }[] = [];
    for (const house of town.buildings) {
      const count = world.inside.get(house.id)?.length ?? 0;
      const wanted = chosen?.kind === "place" && chosen.id === house.id;
      if (count === 0 && !wanted && (distance > NAMED_FROM || house.kind === "home" || house.kind === "other")) continue;
      const middle = world.house(house.id)?.middle ?? (house.door as [number, number]);
      const screen = view.project(middle, house.height + 1);
      if (screen.depth !== null) seen.push({ id: house.id, name: house.name, screen, count, wanted });
    }
    seen.sort((a, b) => Number(b.wanted) - Number(a.wanted) || b.count - a.count || a.screen.depth! - b.screen.depth!);
    let signs = 0;
    for (const { id, name, screen, count, wanted } of seen) {
      const half = distance < 420 || wanted ? 70 : 18;
      if (signs >= MOST_SIGNS || (!wanted && !this.free(screen, half, 14))) continue;
      signs++;
      const inside = (world.inside.get(id) ?? []).slice(0, HEADS);
      const label = { key: `house ${id}`, style: wanted ? "sign wanted" : "sign", title: half > 20 ? name : "", words: count > HEADS ? `+${count - HEADS}` : "" };
      this.place(screen, label, half, 14, inside.map((one) => CLOTHES[hash(one) % CLOTHES.length]!));
    }
  }

  /** When somebody began to be heard, or -Infinity for silence. What is long past in town time or real time is silent. */
  private speaks(id: string, tick: number, now: number): number {
    const spoke = this.store.world.spoke.get(id);
    if (spoke === undefined || tick - spoke > BUBBLE_TICKS || spoke > tick + 2) return -Infinity;
    const known = this.heard.get(id);
    if (known?.tick !== spoke) this.heard.set(id, { tick: spoke, since: now });
    const since = this.heard.get(id)!.since;
    return now - since < BUBBLE_MS || this.store.get().replay?.playing === false ? spoke : -Infinity;
  }

  private free({ x, y }: Screen, half: number, high: number): boolean {
    return this.taken.every((other) => Math.abs(other.x - x) > other.half + half || Math.abs(other.y - y) > other.high + high);
  }

  private place(screen: Screen, label: Label, half: number, high: number, heads: readonly string[] = []): void {
    let element = this.pool.get(label.key);
    if (element === undefined) {
      element = document.createElement("div");
      element.append(document.createElement("b"), document.createElement("span"), document.createElement("em"));
      this.pool.set(label.key, element);
      this.root.append(element);
    }
    this.used.add(label.key);
    this.taken.push({ x: screen.x, y: screen.y, half, high });
    if (element.className !== label.style) element.className = label.style;
    const [title, text, dots] = element.children as unknown as [HTMLElement, HTMLElement, HTMLElement];
    if (title.textContent !== label.title) title.textContent = label.title;
    if (text.textContent !== label.words) text.textContent = label.words;
    if (dots.dataset["heads"] !== heads.join()) {
      dots.dataset["heads"] = heads.join();
      dots.replaceChildren(...heads.map((colour) => Object.assign(document.createElement("i"), { style: `--coat: ${colour}` })));
    }
    element.style.transform = `translate(${screen.x.toFixed(1)}px, ${screen.y.toFixed(1)}px) translate(-50%, -100%)`;
  }
}

function shorten(text: string): string {
  return text.length > BUBBLE_LETTERS ? `${text.slice(0, BUBBLE_LETTERS - 1)}…` : text;
}
