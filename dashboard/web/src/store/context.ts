/** How components reach the store and what drives it. */

import { createContext, useContext, type ComponentType } from "react";
import { useStore } from "zustand";
import type { Director } from "../picture/director.ts";
import type { Pose } from "../picture/view.ts";
import type { Point } from "../api/types.ts";
import type { Player } from "../time/player.ts";
import { speak, type Speak } from "../text/text.ts";
import type { Source } from "./source.ts";
import type { Shown, Store } from "./store.ts";

/** The picture, as far as the rest of the page may move it. */
export interface Camera {
  flyTo(point: Point, options?: { distance?: number; follow?: () => Point | null }): void;
  pose(): Pose | null;
  setPose(pose: Pose): void;
}

/** What a running town has beside the picture, loaded when it is first asked for; a recording has none of it. */
export interface Rooms {
  /** whatever the address after `#/` names */
  Portal: ComponentType;
  /** what one's own resident has made of its life */
  Reflections: ComponentType<{ id: string; name: string }>;
  /** the part of a place's card by which it is claimed */
  Claim: ComponentType<{ id: string; price: number; owner: string | null }>;
}

export interface Parts {
  store: Store;
  player: Player;
  source: Source;
  camera: Camera;
  director: Director;
  rooms: Rooms | null;
}

export const PartsContext = createContext<Parts | null>(null);

export function useParts(): Parts {
  const parts = useContext(PartsContext);
  if (parts === null) throw new Error("no parts: this component stands outside the application");
  return parts;
}

/** A part of what is shown; the component is drawn again when it changes. */
export function useShown<Part>(select: (shown: Shown) => Part): Part {
  return useStore(useParts().store.api, select);
}

/** The page's words in the chosen language. */
export function useText(): Speak {
  return speak(useShown((shown) => shown.language));
}

/** Go to somebody or something: choose it and fly there; people are followed. */
export function goTo({ store, camera }: Parts, agent: string | null, building: string | null): void {
  const { world } = store;
  if (agent !== null && world.residents.has(agent)) {
    store.choose({ kind: "person", id: agent }, true);
    const at = world.position(agent);
    if (at !== null) camera.flyTo(at, { follow: () => (store.get().following ? world.position(agent) : null) });
    return;
  }
  const house = world.house(building);
  if (house === null) return;
  store.choose({ kind: "place", id: house.id });
  camera.flyTo(house.middle, { distance: Math.max(130, house.height * 6) });
}
