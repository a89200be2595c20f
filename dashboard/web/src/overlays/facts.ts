/** What overlays need and no stream tells: asked for when an overlay is laid, and again every few seconds. */

import type { District } from "../api/types.ts";
import type { Source } from "../store/source.ts";
import type { Store } from "../store/store.ts";

/** `land` is what a building costs or did cost to claim, `districts` those of the present. */
export const facts: { land: ReadonlyMap<string, number>; wealth: Record<string, number>; districts: readonly District[] } = { land: new Map(), wealth: {}, districts: [] };

const EVERY_MS = 8_000;

/** Keep the facts of the laid overlay fresh until the returned function is called. `changed` hears of each answer. */
export function gather(store: Store, source: Source, changed: () => void): () => void {
  const { overlay } = store.get();
  const ask = async (): Promise<void> => {
    if (overlay === "price") facts.land = new Map((await source.buildings()).flatMap(({ id, land_price }): [string, number][] => (land_price === null ? [] : [[id, land_price]])));
    else if (overlay === "wealth") facts.wealth = await source.wealth(Math.floor(store.world.tick()));
    else if (overlay === "mood" && store.world.past === null) facts.districts = await source.districts();
    changed();
  };
  const asked = (): void => void ask().catch((error: unknown) => console.warn("an overlay has no facts:", error));
  asked();
  const timer = setInterval(asked, EVERY_MS);
  return () => clearInterval(timer);
}
