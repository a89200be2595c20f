/** A recorded stretch of a town's history as a source: one file, no server. */

import type { Building, Chapter, District, Overview, TownEvent, TownMap } from "../api/types.ts";
import { tellingsOf } from "../world/spread.ts";
import type { Bond, Hour, Query, Source } from "./source.ts";

/** What `mqttown record` writes. */
export interface Recording {
  format: 1;
  town: TownMap;
  overview: Overview;
  chapters: Chapter[];
  buildings: Building[];
  purses: Record<string, number>;
}

const DAY = 1440;
const HOUR = 60;
const FOUND = 20;

export class RecordedTown implements Source {
  readonly recorded = true;
  readonly recording: Recording;
  private readonly all: readonly TownEvent[];

  constructor(recording: Recording) {
    this.recording = recording;
    this.all = recording.chapters.flatMap((chapter) => chapter.events);
  }

  overview(): Promise<Overview> {
    return Promise.resolve(this.recording.overview);
  }

  chapter(number: number): Promise<Chapter> {
    const first = Math.floor((this.recording.chapters[0]?.from_tick ?? 0) / this.recording.overview.chapter_ticks);
    const found = this.recording.chapters[Math.min(this.recording.chapters.length - 1, Math.max(0, number - first))];
    return found === undefined ? Promise.reject(new Error("this recording holds nothing")) : Promise.resolve(found);
  }

  events({ agent, building, district, kind, until = Infinity, limit = 100 }: Query): Promise<TownEvent[]> {
    const fits = (event: TownEvent): boolean =>
      event.tick <= until && (agent === undefined || event.agent === agent || event.witnesses.includes(agent)) && (building === undefined || event.building === building) &&
      (district === undefined || event.district === district) && (kind === undefined || kind.includes(event.kind));
    return Promise.resolve(this.all.filter(fits).slice(-limit).reverse());
  }

  words(text: string): Promise<TownEvent[]> {
    const wanted = text.toLowerCase();
    return Promise.resolve(this.said(Infinity).filter((event) => String(event.data["text"]).toLowerCase().includes(wanted)).slice(-FOUND).reverse());
  }

  building(id: string): Promise<Building | null> {
    return Promise.resolve(this.recording.buildings.find((one) => one.id === id) ?? null);
  }

  buildings(): Promise<Building[]> {
    return Promise.resolve(this.recording.buildings);
  }

  districts(): Promise<District[]> {
    return Promise.resolve(this.recording.town.districts.map(({ id, name }) => ({ id, name, population: 0, mood: null, prices: this.prices(id) })));
  }

  bonds(agent: string | null, until: number): Promise<Bond[]> {
    const found = new Map<string, Bond>();
    for (const event of this.said(until)) {
      for (const listener of event.witnesses) {
        const speaker = event.agent;
        if (speaker === null || listener === speaker || (agent !== null && agent !== speaker && agent !== listener)) continue;
        const [a, b] = speaker < listener ? [speaker, listener] : [listener, speaker];
        const bond = found.get(`${a} ${b}`);
        if (bond === undefined) found.set(`${a} ${b}`, { a, b, talks: 1, last_tick: event.tick });
        else Object.assign(bond, { talks: bond.talks + 1, last_tick: event.tick });
      }
    }
    return Promise.resolve([...found.values()].sort((x, y) => y.talks - x.talks));
  }

  wealth(until: number): Promise<Record<string, number>> {
    const purses = { ...this.recording.purses };
    const move = (account: unknown, cents: number): void => {
      const id = /^purse:(.+)$/.exec(String(account))?.[1];
      if (id !== undefined) purses[id] = (purses[id] ?? 0) + cents;
    };
    for (const { kind, tick, data } of this.all) {
      if (kind !== "paid" || tick > until) continue;
      move(data["from"], -Number(data["amount"]));
      move(data["to"], Number(data["amount"]));
    }
    return Promise.resolve(purses);
  }

  reflections(): Promise<string[]> {
    return Promise.resolve([]);
  }

  trend(district: string, until: number): Promise<Hour[]> {
    const ends = Array.from({ length: DAY / HOUR }, (_nothing, i) => until - DAY + (i + 1) * HOUR).filter((end) => end > this.recording.overview.first_tick);
    const here = new Map((this.recording.chapters[0]?.residents ?? []).map((one) => [one.id, one.district]));
    let next = 0;
    return Promise.resolve(ends.map((tick) => {
      for (; next < this.all.length && this.all[next]!.tick <= tick; next++) {
        const { agent, district: where } = this.all[next]!;
        if (agent !== null && where !== null) here.set(agent, where);
      }
      const during = this.all.filter((event) => event.district === district && event.tick > tick - HOUR && event.tick <= tick);
      const count = (kind: string): number => during.filter((event) => event.kind === kind).length;
      return { tick, people: [...here.values()].filter((where) => where === district).length, talks: count("said"), needs: count("need") };
    }));
  }

  news(event: string, until: number): Promise<TownEvent[]> {
    return Promise.resolve(tellingsOf(event, this.said(until)));
  }

  /** Mean price of an item over the places of a district, cents. */
  private prices(district: string): Record<string, number> {
    const asked = new Map<string, number[]>();
    for (const { item, price } of this.recording.buildings.filter((one) => one.district === district).flatMap((one) => one.stock)) asked.set(item, [...(asked.get(item) ?? []), price]);
    return Object.fromEntries([...asked].sort(([a], [b]) => a.localeCompare(b)).map(([item, prices]) => [item, Math.floor(prices.reduce((sum, one) => sum + one, 0) / prices.length)]));
  }

  private said(until: number): TownEvent[] {
    return this.all.filter((event) => event.kind === "said" && event.tick <= until);
  }
}
