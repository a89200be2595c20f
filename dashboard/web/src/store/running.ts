/** A running town as a source. */

import { get } from "../api/client.ts";
import type { Building, Chapter, District, Overview, TownEvent } from "../api/types.ts";
import type { Bond, Hour, Query, Source } from "./source.ts";

const PAGE = 1000;

export class RunningTown implements Source {
  readonly recorded = false;
  private run = "";
  private open = false;

  async overview(): Promise<Overview> {
    const overview = await get("/api/v1/history");
    this.run = overview.run;
    this.open = overview.open;
    return overview;
  }

  async chapter(number: number): Promise<Chapter> {
    // The run is named so that a browser never takes another run's chapter for this one's.
    return (await get("/api/v1/history/{number}", { path: { number }, query: { run: this.run } })) as Chapter;
  }

  async events({ agent, building, district, kind, until, limit = 100 }: Query): Promise<TownEvent[]> {
    const page = await get("/api/v1/events", {
      query: { order: "desc", limit, ...(agent && { agent }), ...(building && { building }), ...(district && { district }), ...(kind && { kind: [...kind] }), ...(until !== undefined && { until_tick: until }) },
    });
    return page.items as TownEvent[];
  }

  async words(text: string): Promise<TownEvent[]> {
    return (await get("/api/v1/words", { query: { text } })) as TownEvent[];
  }

  async building(id: string): Promise<Building | null> {
    return (await get("/api/v1/buildings/{building_id}", { path: { building_id: id } })) as Building;
  }

  async buildings(): Promise<Building[]> {
    const found: Building[] = [];
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = await get("/api/v1/buildings", { query: { limit: PAGE, ...(cursor !== undefined && { cursor }) } });
      found.push(...(page.items as Building[]));
      cursor = page.next;
    }
    return found;
  }

  async districts(): Promise<District[]> {
    return (await get("/api/v1/districts")) as District[];
  }

  async bonds(agent: string | null, until: number): Promise<Bond[]> {
    return get("/api/v1/bonds", { query: { until_tick: until, ...(agent !== null && { agent }) } });
  }

  async wealth(until: number): Promise<Record<string, number>> {
    return get("/api/v1/wealth", { query: { until_tick: until } });
  }

  async news(event: string, until: number): Promise<TownEvent[]> {
    return (await get("/api/v1/events/{event_id}/tellings", { path: { event_id: event }, query: { until_tick: until } })) as TownEvent[];
  }

  async reflections(agent: string): Promise<string[]> {
    // Only insiders may see them; everybody, in a town that was started with --open.
    if (!this.open) return [];
    const page = await get("/api/v1/agents/{agent_id}/memories", { path: { agent_id: agent }, query: { query: "what I think of my life", limit: 20 } });
    return page.items.filter((memory) => memory.kind === "reflection").map((memory) => memory.text).slice(0, 3);
  }

  async trend(district: string, until: number): Promise<Hour[]> {
    return get("/api/v1/districts/{district_id}/trend", { path: { district_id: district }, query: { until_tick: until } });
  }
}
