/** What the API answers; see /openapi.json. Lengths are metres, money is cents, a tick is one town minute. */

export type Point = [number, number];

export interface Clock {
  status: "online" | "offline" | "unknown";
  generation: number | null;
  tick: number;
  town_time: string;
  /** town seconds per real second; 0 is as fast as it can */
  speed: number;
  state: "running" | "paused";
  weather: string;
}

export interface Resident {
  id: string;
  name: string;
  kind: "hosted" | "external";
  tagline: string | null;
  home_district: string;
  age: number | null;
  job: string | null;
  presence: "online" | "offline" | "asleep" | "suspended";
  district: string | null;
  building: string | null;
  x: number | null;
  y: number | null;
  path: Point[];
  starts_tick: number | null;
  arrives_tick: number | null;
  doing: string;
  said: { event: string; tick: number; text: string; to: string[] | null } | null;
}

export interface TownEvent {
  id: string;
  kind: string;
  tick: number;
  district: string | null;
  building: string | null;
  agent: string | null;
  about: string[];
  witnesses: string[];
  data: Record<string, unknown>;
}

export interface BuildingState {
  id: string;
  open: boolean | null;
  owner: string | null;
  inside: string[];
}

export interface Snapshot {
  clock: Clock;
  residents: Resident[];
  buildings: BuildingState[];
}

export interface Frame {
  clock: Clock | null;
  residents: Resident[];
  gone: string[];
  events: TownEvent[];
  buildings: BuildingState[];
}

export interface MapBuilding {
  id: string;
  name: string;
  kind: string;
  district: number;
  height: number;
  door: Point;
  footprint: Point[];
}

export interface TownMap {
  id: string;
  name: string;
  attribution: string;
  bounds: [number, number, number, number];
  districts: { id: string; name: string; centre: Point; polygon: Point[] }[];
  buildings: MapBuilding[];
  ways: { kind: string; name: string | null; points: Point[] }[];
  water: Point[][];
  green: Point[][];
}
