/** The director: moves the camera to where something happens, until the watcher takes it. */

import type { TownEvent } from "../api/types.ts";
import type { Camera } from "../store/context.ts";
import type { Store } from "../store/store.ts";

/** A scene is shown for so long, milliseconds. */
const SCENE_MS = 9_000;
/** Older than this, in ticks, nothing is news. */
const RECENT = 12;
const NEAR = 150;
/** How much an event is worth seeing. */
const WORTH: Readonly<Record<string, number>> = { claimed: 9, registered: 8, revoked: 7, said: 4, gave: 6, bought: 2, started_work: 2, arrived: 1, woke: 1 };

export class Director {
  private readonly store: Store;
  private readonly camera: Camera;
  private since = -Infinity;
  private readonly shown: string[] = [];

  constructor(store: Store, camera: Camera) {
    this.store = store;
    this.camera = camera;
  }

  /** Cut to the next scene if it is time. */
  step(now: number): void {
    if (!this.store.get().director || now - this.since < SCENE_MS) return;
    const scene = this.best();
    if (scene === null) return;
    const { world } = this.store;
    const { agent } = scene;
    const at = agent === null ? null : world.position(agent);
    if (agent === null || at === null) return;
    this.since = now;
    this.shown.push(agent);
    if (this.shown.length > 6) this.shown.shift();
    this.camera.flyTo(at, { distance: NEAR + (this.shown.length % 3) * 45, follow: () => (this.store.get().director ? world.position(agent) : null) });
  }

  /** The watcher has taken the camera. */
  rest(): void {
    if (this.store.get().director) this.store.set({ director: false });
    this.since = -Infinity;
  }

  private best(): TownEvent | null {
    const { feed } = this.store.get();
    const tick = this.store.world.tick();
    let best: TownEvent | null = null;
    let most = 0;
    for (const event of feed) {
      if (tick - event.tick > RECENT) break;
      const worth = (WORTH[event.kind] ?? 0) + event.witnesses.length * 0.5 + event.about.length - (tick - event.tick) * 0.3;
      const fresh = worth * (this.shown.includes(event.agent ?? "") ? 0.3 : 1);
      if (fresh > most) [best, most] = [event, fresh];
    }
    return best;
  }
}
