/** Who and what is where: the part of the store that changes many times a second and that React does not watch. */

import type { BuildingState, Chapter, Clock, Frame, MapBuilding, Point, Resident, Snapshot, TownEvent, TownMap } from "../api/types.ts";
import { along, lengthOf, place, progress, tickNow } from "../world/motion.ts";
import { NEED_OF, mood, type Mood } from "../world/mood.ts";
import type { Names } from "../feed/prose.ts";

/** What no stream tells: pieces on sale by building and item, and how the districts felt, every half hour. */
export interface Past {
  stock: ReadonlyMap<string, Record<string, number>>;
  moods: Chapter["moods"];
}

export class World implements Names {
  readonly residents = new Map<string, Resident>();
  readonly buildings = new Map<string, BuildingState>();
  /** tick at which somebody last spoke */
  readonly spoke = new Map<string, number>();
  /** pressing needs, as events told them, with their ticks */
  readonly needs = new Map<string, Map<string, number>>();
  /** who is in a building, by its id */
  readonly inside = new Map<string, string[]>();
  clock: Clock | null = null;
  /** what is known only of a moment of the past; null while the present is shown */
  past: Past | null = null;
  private readonly houses = new Map<string, MapBuilding & { middle: Point }>();
  private readonly now: () => number;
  private toldAt = 0;
  private drawnTick = 0;
  /** Time as a player of the past gives it; null while the present is shown. */
  private playing: (() => number) | null = null;

  constructor(now: () => number) {
    this.now = now;
  }

  setTown(town: TownMap): void {
    this.houses.clear();
    for (const house of town.buildings) {
      const sum = house.footprint.reduce<Point>(([x, y], [px, py]) => [x + px, y + py], [0, 0]);
      this.houses.set(house.id, { ...house, middle: [sum[0] / house.footprint.length, sum[1] / house.footprint.length] });
    }
  }

  /** Let somebody else say what time it is; null for the town's clock. */
  keepTime(playing: (() => number) | null): void {
    this.playing = playing;
    this.drawnTick = 0;
  }

  /** Begin anew from a whole moment. */
  begin(snapshot: Snapshot): void {
    for (const map of [this.residents, this.buildings, this.spoke, this.needs, this.inside]) map.clear();
    for (const resident of snapshot.residents) this.put(resident);
    for (const state of snapshot.buildings) this.buildings.set(state.id, state);
    this.drawnTick = 0;
    this.setClock(snapshot.clock);
  }

  /** Take in what changed. */
  apply(frame: Frame): void {
    for (const resident of frame.residents) this.put(resident);
    for (const id of frame.gone) this.remove(id);
    for (const state of frame.buildings) this.buildings.set(state.id, state);
    if (frame.clock !== null) this.setClock(frame.clock);
    for (const event of frame.events) this.heard(event);
  }

  /** Note what an event tells that no state does. */
  heard(event: TownEvent): void {
    const { agent, kind, tick } = event;
    if (agent === null) return;
    if (kind === "said") this.spoke.set(agent, tick);
    const pressing = this.needs.get(agent) ?? new Map<string, number>();
    if (kind === "need") pressing.set(String(event.data["need"]), tick);
    const met = NEED_OF[kind];
    if (met !== undefined) pressing.delete(met);
    if (kind === "said") for (const witness of event.witnesses) this.needs.get(witness)?.delete("company");
    this.needs.set(agent, pressing);
  }

  /** Town time in ticks with fractions; never goes back between two clocks of one run. */
  tick(): number {
    if (this.playing !== null) return this.playing();
    const { clock } = this;
    if (clock === null) return 0;
    const computed = tickNow(clock, this.now() - this.toldAt);
    this.drawnTick = computed < this.drawnTick - 3 ? computed : Math.max(this.drawnTick, computed);
    return this.drawnTick;
  }

  /** Where a resident is, metres. */
  position(id: string, tick = this.tick()): Point | null {
    const resident = this.residents.get(id);
    return resident === undefined ? null : place(resident, tick, this.house(resident.building)?.middle ?? null);
  }

  /** The middle of everybody: as many are to the east as to the west of it, and as many to the north as to the south. */
  middle(): Point | null {
    const points = [...this.residents.keys()].flatMap((id) => {
      const at = this.position(id);
      return at === null ? [] : [at];
    });
    const median = (axis: 0 | 1): number => points.map((point) => point[axis]).sort((a, b) => a - b)[Math.floor(points.length / 2)]!;
    return points.length === 0 ? null : [median(0), median(1)];
  }

  /** Which way somebody walks, radians from south, against the clock seen from above. */
  heading(id: string, tick: number): number {
    const resident = this.residents.get(id);
    const share = resident === undefined ? null : progress(resident, tick);
    if (resident === undefined || share === null) return 0;
    const [x, y] = along(resident.path as Point[], share).way;
    return Math.atan2(x, -y);
  }

  /** Metres of its walk that somebody has behind it. */
  walked(resident: Resident, tick: number): number {
    const share = progress(resident, tick);
    return share === null ? 0 : share * lengthOf(resident.path as Point[]);
  }

  mood(id: string): Mood {
    return mood(this.residents.get(id), this.needs.get(id));
  }

  /** How a district felt at the moment of the past that is shown, 0 to 1; null where nobody was, or nobody knows. */
  districtMood(id: string): number | null {
    const tick = this.tick();
    const { moods } = this.past ?? { moods: [] };
    return (moods.findLast((told) => told.tick <= tick) ?? moods[0])?.districts[id] ?? null;
  }

  agent(id: string): string {
    return this.residents.get(id)?.name ?? id;
  }

  building(id: string): string {
    return this.houses.get(id)?.name ?? id;
  }

  house(id: string | null): (MapBuilding & { middle: Point }) | null {
    return id === null ? null : (this.houses.get(id) ?? null);
  }

  private put(resident: Resident): void {
    const before = this.residents.get(resident.id);
    this.residents.set(resident.id, resident);
    if (before?.building === resident.building) return;
    if (before !== undefined) this.leave(before);
    if (resident.building !== null) this.inside.set(resident.building, [...(this.inside.get(resident.building) ?? []), resident.id]);
  }

  private remove(id: string): void {
    const resident = this.residents.get(id);
    if (resident !== undefined) this.leave(resident);
    this.residents.delete(id);
  }

  private leave(resident: Resident): void {
    if (resident.building === null) return;
    const left = (this.inside.get(resident.building) ?? []).filter((id) => id !== resident.id);
    if (left.length > 0) this.inside.set(resident.building, left);
    else this.inside.delete(resident.building);
  }

  private setClock(clock: Clock): void {
    const before = this.clock;
    if (before?.generation !== clock.generation) this.drawnTick = 0;
    if (before === null || before.tick !== clock.tick || before.state !== clock.state || before.speed !== clock.speed) this.toldAt = this.now();
    this.clock = clock;
  }
}
