/** Where the page gets its facts from: a running town, or one recorded file. */

import type { Building, Chapter, District, Overview, TownEvent } from "../api/types.ts";

export interface Query {
  agent?: string;
  building?: string;
  district?: string;
  kind?: readonly string[];
  until?: number;
  limit?: number;
}

/** How often two residents talked, and when last. */
export interface Bond {
  a: string;
  b: string;
  talks: number;
  last_tick: number;
}

/** One hour of a district. */
export interface Hour {
  tick: number;
  people: number;
  talks: number;
  needs: number;
}

export interface Source {
  readonly recorded: boolean;
  overview(): Promise<Overview>;
  chapter(number: number): Promise<Chapter>;
  /** newest first */
  events(query: Query): Promise<TownEvent[]>;
  /** words said that contain a text, newest first */
  words(text: string): Promise<TownEvent[]>;
  building(id: string): Promise<Building | null>;
  buildings(): Promise<Building[]>;
  districts(): Promise<District[]>;
  bonds(agent: string | null, until: number): Promise<Bond[]>;
  wealth(until: number): Promise<Record<string, number>>;
  /** what a resident has made of its life, where one may see it */
  reflections(agent: string): Promise<string[]>;
  /** how a district went, hour by hour, over the day before a tick */
  trend(district: string, until: number): Promise<Hour[]>;
  /** every telling of a piece of news up to a tick, in order */
  news(event: string, until: number): Promise<TownEvent[]>;
}
