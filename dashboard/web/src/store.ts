/** All that the page knows, outside React: a live stream fills it now, a replay can later. */

import { place, tickNow } from "./motion.ts";
import { tell, type Names, type Sentence } from "./prose.ts";
import type { BuildingState, Clock, Frame, MapBuilding, Point, Resident, Snapshot, TownEvent, TownMap } from "./types.ts";

export type Connection = "connecting" | "live" | "lost";

export interface Entry {
  id: string;
  tick: number;
  agent: string | null;
  building: string | null;
  sentence: Sentence;
}

/** What React draws; a new object whenever a part of it changed. */
export interface Shown {
  town: TownMap | null;
  clock: Clock | null;
  connection: Connection;
  feed: readonly Entry[];
  residents: readonly Resident[];
  selected: string | null;
  problem: string | null;
}

const FEED_LENGTH = 200;

export class Store implements Names {
  readonly residents = new Map<string, Resident>();
  readonly buildings = new Map<string, BuildingState>();
  /** real time at which somebody last spoke, by id; for the bubbles */
  readonly spoke = new Map<string, number>();
  private readonly houses = new Map<string, MapBuilding>();
  private readonly listeners = new Set<() => void>();
  private readonly now: () => number;
  private toldAt = 0;
  private drawnTick = 0;
  private seen = new Set<string>();
  private shown: Shown = {
    town: null, clock: null, connection: "connecting", feed: [], residents: [], selected: null, problem: null,
  };

  constructor(now: () => number) {
    this.now = now;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly get = (): Shown => this.shown;

  setTown(town: TownMap): void {
    this.houses.clear();
    for (const house of town.buildings) this.houses.set(house.id, house);
    this.show({ town });
  }

  setConnection(connection: Connection): void {
    if (this.shown.connection !== connection) this.show({ connection });
  }

  setProblem(problem: string | null): void {
    this.show({ problem });
  }

  select(id: string | null): void {
    this.show({ selected: id !== null && this.residents.has(id) ? id : null });
  }

  /** Begin anew from the whole present. */
  begin(snapshot: Snapshot): void {
    this.residents.clear();
    for (const resident of snapshot.residents) this.residents.set(resident.id, resident);
    this.buildings.clear();
    for (const state of snapshot.buildings) this.buildings.set(state.id, state);
    this.drawnTick = 0;
    this.setClock(snapshot.clock);
    this.show({ clock: snapshot.clock, residents: this.byName(), selected: this.kept() });
  }

  /** Take in what changed. */
  apply(frame: Frame): void {
    const changes: Partial<Shown> = {};
    for (const resident of frame.residents) this.residents.set(resident.id, resident);
    for (const id of frame.gone) this.residents.delete(id);
    for (const state of frame.buildings) this.buildings.set(state.id, state);
    if (frame.clock !== null) {
      this.setClock(frame.clock);
      changes.clock = frame.clock;
    }
    if (frame.residents.length > 0 || frame.gone.length > 0) {
      changes.residents = this.byName();
      changes.selected = this.kept();
    }
    for (const event of frame.events) if (event.kind === "said" && event.agent !== null) this.spoke.set(event.agent, this.now());
    const feed = this.told(frame.events);
    if (feed !== null) changes.feed = feed;
    if (Object.keys(changes).length > 0) this.show(changes);
  }

  /** Fill the feed with what happened before the stream began. */
  remember(events: readonly TownEvent[]): void {
    const feed = this.told(events);
    if (feed !== null) this.show({ feed });
  }

  /** Town time in ticks with fractions; never goes back between two clocks of one run. */
  tick(): number {
    const clock = this.shown.clock;
    if (clock === null) return 0;
    const computed = tickNow(clock, this.now() - this.toldAt);
    this.drawnTick = computed < this.drawnTick - 3 ? computed : Math.max(this.drawnTick, computed);
    return this.drawnTick;
  }

  /** Where a resident is now, metres. */
  position(id: string): Point | null {
    const resident = this.residents.get(id);
    return resident === undefined ? null : place(resident, this.tick());
  }

  agent(id: string): string {
    return this.residents.get(id)?.name ?? id;
  }

  building(id: string): string {
    return this.houses.get(id)?.name ?? id;
  }

  house(id: string | null): MapBuilding | null {
    return id === null ? null : (this.houses.get(id) ?? null);
  }

  private setClock(clock: Clock): void {
    const before = this.shown.clock;
    if (before?.generation !== clock.generation) this.drawnTick = 0;
    if (before === null || before.tick !== clock.tick || before.state !== clock.state || before.speed !== clock.speed) {
      this.toldAt = this.now();
    }
  }

  private told(events: readonly TownEvent[]): readonly Entry[] | null {
    const fresh: Entry[] = [];
    for (const event of events) {
      if (this.seen.has(event.id)) continue;
      const sentence = tell(event, this);
      if (sentence === null) continue;
      this.seen.add(event.id);
      fresh.push({ id: event.id, tick: event.tick, agent: event.agent, building: event.building, sentence });
    }
    if (fresh.length === 0) return null;
    const feed = [...fresh, ...this.shown.feed].sort((a, b) => b.tick - a.tick || number(b.id) - number(a.id)).slice(0, FEED_LENGTH);
    this.seen = new Set(feed.map((entry) => entry.id));
    return feed;
  }

  private byName(): readonly Resident[] {
    return [...this.residents.values()].sort((a, b) => a.name.localeCompare(b.name));
  }

  private kept(): string | null {
    const selected = this.shown.selected;
    return selected !== null && this.residents.has(selected) ? selected : null;
  }

  private show(changes: Partial<Shown>): void {
    this.shown = { ...this.shown, ...changes };
    for (const listener of this.listeners) listener();
  }
}

function number(id: string): number {
  return Number(id.slice(id.lastIndexOf("-") + 1));
}

/** Town time of a tick, HH:MM, reckoned from the clock. */
export function timeOf(tick: number, clock: Clock): string {
  const wall = new Date(`${clock.town_time.slice(0, 19)}Z`);
  return new Date(wall.getTime() - (clock.tick - tick) * 60_000).toISOString().slice(11, 16);
}
