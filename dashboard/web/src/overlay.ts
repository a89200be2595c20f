/** Names and speech bubbles over the picture: plain elements, moved by hand since React would be too slow for it. */

import type { Store } from "./store.ts";
import type { Screen, View } from "./view.ts";

const MOST_NAMES = 8;
const MOST_BUBBLES = 5;
const BUBBLE_MS = 9_000;
const BUBBLE_LETTERS = 90;
/** A figure this near to the pointer is meant, CSS pixels. */
const REACH = 18;

export class Overlay {
  hovered: string | null = null;
  private readonly root: HTMLElement;
  private readonly store: Store;
  private readonly pool = new Map<string, HTMLElement>();

  constructor(root: HTMLElement, store: Store) {
    this.root = root;
    this.store = store;
  }

  /** Whom the pointer is at, if anybody; coordinates in CSS pixels of the picture. */
  at(view: View, x: number, y: number): string | null {
    let nearest: string | null = null;
    let best = REACH;
    for (const id of this.store.residents.keys()) {
      const point = this.store.position(id);
      if (point === null) continue;
      const screen = view.project(point, 0.5);
      const away = Math.hypot(screen.x - x, screen.y - y);
      if (screen.depth !== null && away < best) {
        best = away;
        nearest = id;
      }
    }
    return nearest;
  }

  draw(view: View, now: number): void {
    const selected = this.store.get().selected;
    const used = new Set<string>();
    const taken: Screen[] = [];
    const free = (screen: Screen): boolean => taken.every((other) => Math.abs(other.x - screen.x) > 90 || Math.abs(other.y - screen.y) > 26);
    const seen: { id: string; screen: Screen; spoke: number }[] = [];
    for (const id of this.store.residents.keys()) {
      const point = this.store.position(id);
      const screen = point === null ? null : view.project(point, 1.15);
      if (screen !== null && screen.depth !== null) seen.push({ id, screen, spoke: this.store.spoke.get(id) ?? -Infinity });
    }
    seen.sort((a, b) => b.spoke - a.spoke || a.screen.depth! - b.screen.depth!);
    let bubbles = 0;
    let names = 0;
    for (const { id, screen, spoke } of seen) {
      const said = this.store.residents.get(id)?.said;
      const wanted = id === selected || id === this.hovered;
      if (said && now - spoke < BUBBLE_MS && bubbles < MOST_BUBBLES && (wanted || free(screen))) {
        bubbles++;
        this.place(used, id, screen, "bubble", this.store.agent(id), shorten(said.text));
      } else if (wanted || (names < MOST_NAMES && free(screen))) {
        names++;
        this.place(used, id, screen, wanted ? "name wanted" : "name", this.store.agent(id), "");
      } else continue;
      taken.push(screen);
    }
    for (const [key, element] of this.pool) {
      if (used.has(key)) continue;
      element.remove();
      this.pool.delete(key);
    }
  }

  private place(used: Set<string>, id: string, screen: Screen, style: string, name: string, words: string): void {
    let element = this.pool.get(id);
    if (element === undefined) {
      element = document.createElement("div");
      element.append(document.createElement("b"), document.createElement("span"));
      this.pool.set(id, element);
      this.root.append(element);
    }
    used.add(id);
    if (element.className !== style) element.className = style;
    const [title, text] = element.children as unknown as [HTMLElement, HTMLElement];
    if (title.textContent !== name) title.textContent = name;
    if (text.textContent !== words) text.textContent = words;
    element.style.transform = `translate(${screen.x.toFixed(1)}px, ${screen.y.toFixed(1)}px) translate(-50%, -100%)`;
  }
}

function shorten(text: string): string {
  return text.length > BUBBLE_LETTERS ? `${text.slice(0, BUBBLE_LETTERS - 1)}…` : text;
}
