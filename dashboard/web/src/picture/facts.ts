/** What is on the screen, for tests: `window.__city`. */

import type { Point } from "../api/types.ts";
import type { Store } from "../store/store.ts";
import type { Facts, Pose, View } from "./view.ts";

export interface CityFacts extends Facts {
  ready: boolean;
  view: "3d" | "2d" | "list";
  tick: number;
  connection: string;
  /** pictures drawn so far */
  frames: number;
  /** milliseconds from the start of the page to the first picture with residents */
  firstMs: number;
  pose: Pose | null;
  positions(): Record<string, Point>;
  /** the picture alone, drawn now: a data URL that depends on town, time and camera; null where nothing is drawn */
  picture(): string | null;
  /** where somebody is on the screen, CSS pixels of the picture */
  onScreen(id: string): Point | null;
}

declare global {
  interface Window {
    __city?: CityFacts;
    /** Show a moment from a place, for pictures: they depend on (town, tick, pose) alone. */
    __show?: (tick: number, pose: Pose) => Promise<void>;
  }
}

let frames = 0;
let firstMs = 0;

export function tell(view: View, store: Store, canvas: HTMLCanvasElement): void {
  const picture = (): string => {
    view.draw(store.world.tick(), performance.now());
    // Read in the same task as it was drawn: afterwards the browser may have thrown the picture away.
    return canvas.toDataURL("image/png");
  };
  put(store, view.kind, view.facts(), view.pose(), picture, (id) => {
    const point = store.world.position(id);
    const screen = point === null ? null : view.project(point, 0.5, true);
    return screen === null || screen.depth === null ? null : [screen.x, screen.y];
  });
}

/** The same while the town is told in words. */
export function tellWords(store: Store): void {
  put(store, "list", { figures: store.world.residents.size, drawCalls: 0, triangles: 0, sharpness: 0, whole: true }, null, () => null, () => null);
}

function put(store: Store, view: CityFacts["view"], facts: Facts, pose: Pose | null, picture: CityFacts["picture"], onScreen: CityFacts["onScreen"]): void {
  const { connection, clock, replay } = store.get();
  const peopled = clock !== null && (replay === null ? connection === "live" : !replay.loading);
  const ready = peopled && facts.whole;
  frames++;
  if (peopled && firstMs === 0) firstMs = performance.now();
  const positions = (): Record<string, Point> =>
    Object.fromEntries([...store.world.residents.keys()].flatMap((id) => {
      const point = store.world.position(id);
      return point === null ? [] : [[id, point]];
    }));
  window.__city = { ready, view, ...facts, tick: store.world.tick(), connection, frames, firstMs, pose, positions, picture, onScreen };
}
