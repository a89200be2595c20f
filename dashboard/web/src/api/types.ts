/** The API's types by the names that the page uses. Lengths are metres, money is cents, a tick is one town minute. */

import type { components } from "./schema.ts";

type Schemas = components["schemas"];

export type Point = [number, number];
export type Clock = Schemas["Clock"];
export type Resident = Complete<Schemas["Agent"]>;
export type TownEvent = Complete<Schemas["Event"]>;
export type BuildingState = Complete<Schemas["BuildingBrief"]>;
export type Building = Complete<Schemas["Building"]>;
export type District = Complete<Schemas["District"]>;
export type TownMap = Schemas["MapTown"];
export type MapBuilding = Schemas["MapBuilding"];
export type Overview = Schemas["HistoryOverview"];

/** An answer has every field; only what is sent may leave out what has a default. */
type Complete<T> = { [Key in keyof T]-?: Exclude<T[Key], undefined> };

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

/** A stretch of the past: how it began, and all that happened in it. */
export interface Chapter {
  from_tick: number;
  to_tick: number;
  complete: boolean;
  weather: string;
  residents: Resident[];
  buildings: BuildingState[];
  stock: Record<string, Record<string, number>>;
  moods: { tick: number; districts: Record<string, number | null> }[];
  before: TownEvent[];
  events: TownEvent[];
}

/** What owners see and send. Money of thinking is millionths of a unit, traits are permille. */
export type Persona = Schemas["Persona"];
export type Mind = Schemas["Mind"];
export type Budget = Schemas["Budget"];
export type Permissions = Schemas["Permissions"];
export type HostedResident = Schemas["ResidentView"];
export type ResidentStatus = HostedResident["status"];
export type Job = Schemas["JobView"];
export type NewResident = Schemas["NewResident"];
export type Models = Schemas["Models"];
export type Verb = NonNullable<Permissions["allowed_actions"]>[number];
export type PlaceKind = Persona["likes"][number];
export type Registered = Schemas["NewCredentials"];

/** One message on a topic of an agent, off its wire. */
export type WireMessage = Schemas["WireView"];
