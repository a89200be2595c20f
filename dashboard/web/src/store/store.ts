/** The one store: what React draws, and beside it the world that changes too often for React. A live stream fills it, or the past. */

import { createStore, type StoreApi } from "zustand/vanilla";
import type { Clock, Frame, Overview, Resident, Snapshot, TownEvent, TownMap } from "../api/types.ts";
import type { OverlayName } from "../overlays/names.ts";
import type { Quality } from "../scene/quality.ts";
import { TOLD } from "../feed/prose.ts";
import type { Language } from "../text/text.ts";
import type { Spread } from "../world/spread.ts";
import type { Route } from "./route.ts";
import { startOf } from "./time.ts";
import { World } from "./world.ts";

export type Connection = "connecting" | "live" | "lost" | "recorded";
export type ViewKind = "3d" | "2d" | "list";
export type Tab = "feed" | "people" | "places" | "town";
export type Chosen = { kind: "person" | "place" | "district"; id: string };

export interface Filter {
  kind: "all" | "talk" | "trade" | "work" | "moves";
  district: string | null;
  person: string | null;
}

/** What plays while the past is shown. */
export interface Replay {
  playing: boolean;
  /** town seconds per real second */
  rate: number;
  loading: boolean;
}

export interface Named {
  id: string;
  name: string;
}

/** What React draws; a new object whenever a part of it changed. */
export interface Shown {
  town: TownMap | null;
  clock: Clock | null;
  connection: Connection;
  problem: string | null;
  /** newest first */
  feed: readonly TownEvent[];
  /** by name */
  residents: readonly Resident[];
  /** the same without what changes all the time: another list only when somebody comes, goes or is called otherwise */
  names: readonly Named[];
  overview: Overview | null;
  replay: Replay | null;
  chosen: Chosen | null;
  following: boolean;
  director: boolean;
  /** whether somebody is here for the first time */
  greeting: boolean;
  overlay: OverlayName | null;
  news: Spread | null;
  view: ViewKind;
  quality: Quality;
  language: Language;
  tab: Tab;
  filter: Filter;
  searching: boolean;
  /** the room that is open; null for the town */
  route: Route | null;
  /** name of the account that is signed in */
  me: string | null;
}

export const FEED_LENGTH = 2000;
const ORDER = new Intl.Collator();
const TOLD_KINDS: ReadonlySet<string> = new Set(TOLD);
const NOTHING: Shown = {
  town: null, clock: null, connection: "connecting", problem: null, feed: [], residents: [], names: [], overview: null, replay: null, chosen: null, following: false,
  director: false, greeting: false, overlay: null, news: null, view: "3d", quality: "auto", language: "en", tab: "feed",
  filter: { kind: "all", district: null, person: null }, searching: false, route: null, me: null,
};

export class Store {
  readonly world: World;
  readonly api: StoreApi<Shown>;
  /** town time of tick 0 */
  start = "1970-01-01T00:00:00";
  private known = new Set<string>();

  constructor(now: () => number, begin: Partial<Shown> = {}) {
    this.world = new World(now);
    this.api = createStore<Shown>(() => ({ ...NOTHING, ...begin }));
  }

  get(): Shown {
    return this.api.getState();
  }

  set(changes: Partial<Shown>): void {
    this.api.setState(changes);
  }

  readonly subscribe = (listener: () => void): (() => void) => this.api.subscribe(listener);

  setTown(town: TownMap): void {
    this.world.setTown(town);
    this.set({ town });
  }

  choose(chosen: Chosen | null, following = false): void {
    this.set({ chosen, following: following && chosen?.kind === "person", ...(chosen !== null && { director: false }) });
  }

  /** Begin anew from a whole moment. */
  begin(snapshot: Snapshot, feed: readonly TownEvent[] = []): void {
    this.world.begin(snapshot);
    this.start = startOf(snapshot.clock);
    this.known.clear();
    this.set({ clock: snapshot.clock, ...this.peopled(), chosen: this.kept(), feed: this.told(feed, []) });
    for (const event of [...feed].reverse()) this.world.heard(event);
  }

  /** Take in what changed. */
  apply(frame: Frame): void {
    this.world.apply(frame);
    const changes: Partial<Shown> = {};
    if (frame.clock !== null) changes.clock = frame.clock;
    if (frame.residents.length > 0 || frame.gone.length > 0) Object.assign(changes, this.peopled(), { chosen: this.kept() });
    if (frame.events.length > 0) changes.feed = this.told(frame.events, this.get().feed);
    this.set(changes);
  }

  /** Fill the feed with what happened before. */
  remember(events: readonly TownEvent[]): void {
    for (const event of [...events].sort(later).reverse()) this.world.heard(event);
    this.set({ feed: this.told(events, this.get().feed) });
  }

  private told(events: readonly TownEvent[], before: readonly TownEvent[]): readonly TownEvent[] {
    const fresh = events.filter((event) => TOLD_KINDS.has(event.kind) && !this.known.has(event.id));
    if (fresh.length === 0) return before;
    const feed = [...fresh, ...before].sort(later).slice(0, FEED_LENGTH);
    this.known = new Set(feed.map((event) => event.id));
    return feed;
  }

  private peopled(): Pick<Shown, "residents" | "names"> {
    const { residents } = this.world;
    let { names } = this.get();
    if (names.length !== residents.size || names.some(({ id, name }) => residents.get(id)?.name !== name)) {
      names = [...residents.values()].map(({ id, name }) => ({ id, name })).sort((a, b) => ORDER.compare(a.name, b.name));
    }
    return { names, residents: names.map(({ id }) => residents.get(id)!) };
  }

  private kept(): Chosen | null {
    const { chosen } = this.get();
    return chosen?.kind === "person" && !this.world.residents.has(chosen.id) ? null : chosen;
  }
}

function later(a: TownEvent, b: TownEvent): number {
  return b.tick - a.tick || number(b.id) - number(a.id);
}

function number(id: string): number {
  return Number(id.slice(id.lastIndexOf("-") + 1));
}
