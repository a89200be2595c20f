/** Plays the past as if it were the present: the same snapshots and frames, out of the journal instead of the wire. */

import type { Chapter, Clock, Resident, TownEvent } from "../api/types.ts";
import type { Source } from "../store/source.ts";
import type { Store } from "../store/store.ts";
import { dateAt } from "../store/time.ts";
import { happen, type Present } from "../world/fold.ts";

/** Town seconds per real second. */
export const RATES = [1, 60, 300, 1440, 3600] as const;
const SIXTY = 60;

/** What feeds the store while the present is shown. */
export interface Live {
  start(): void;
  stop(): void;
}

export class Player {
  private readonly store: Store;
  private readonly source: Source;
  private readonly live: Live | null;
  private readonly chapters = new Map<number, Promise<Chapter>>();
  private present: Present | null = null;
  private chapter: Chapter | null = null;
  private cursor = 0;
  private weather = "clear";
  private at = 0;
  private stepped = 0;
  private asked = 0;
  private until: number | null = null;

  constructor(store: Store, source: Source, live: Live | null) {
    this.store = store;
    this.source = source;
    this.live = live;
  }

  /** Show the moment `tick`, and go on playing if asked to. */
  async seek(tick: number, options: { playing?: boolean; rate?: number; until?: number | null } = {}): Promise<void> {
    const before = this.store.get().replay;
    if (before === null) this.live?.stop();
    const rate = options.rate ?? before?.rate ?? 60;
    const playing = options.playing ?? before?.playing ?? false;
    this.until = options.until ?? null;
    this.at = Math.max(0, tick);
    this.store.world.keepTime(() => this.at);
    this.store.set({ replay: { playing, rate, loading: true } });
    const asked = ++this.asked;
    await this.load(this.at, asked);
    if (asked === this.asked) this.store.set({ replay: { playing, rate, loading: false } });
  }

  /** Back to the present. */
  now(): void {
    if (this.live === null) return;
    this.asked++;
    this.present = this.chapter = null;
    this.store.world.keepTime(null);
    this.store.world.past = null;
    this.store.set({ replay: null, feed: [] });
    this.live.start();
  }

  play(rate?: number): void {
    const { replay } = this.store.get();
    if (replay !== null) this.store.set({ replay: { ...replay, playing: true, rate: rate ?? replay.rate } });
  }

  pause(): void {
    const { replay } = this.store.get();
    if (replay !== null) this.store.set({ replay: { ...replay, playing: false } });
    this.tell();
  }

  /** Go on by the real time since the last call, milliseconds. Returns whether anything plays. */
  step(now: number): boolean {
    const passed = Math.min(500, now - this.stepped);
    this.stepped = now;
    const { replay, overview } = this.store.get();
    if (replay === null || !replay.playing || replay.loading || this.chapter === null) return false;
    const end = Math.min(this.until ?? Infinity, overview?.last_tick ?? Infinity);
    const wanted = this.at + ((passed / 1000) * replay.rate) / 60;
    this.at = Math.min(wanted, end, this.chapter.to_tick);
    this.advance();
    if (this.at >= end) this.pause();
    else if (this.at >= this.chapter.to_tick) void this.turn(wanted);
    else if (this.chapter.to_tick - this.at < (replay.rate / 60) * 8) void this.fetched(this.number(this.chapter.to_tick + 1));
    return true;
  }

  /** Play the day up to now in a minute. */
  async day(from: number, to: number): Promise<void> {
    const rate = Math.max(60, ((to - from) * 60) / SIXTY);
    await this.seek(from, { playing: true, rate, until: to });
  }

  private async turn(tick: number): Promise<void> {
    const { replay } = this.store.get();
    if (replay === null) return;
    const asked = ++this.asked;
    this.store.set({ replay: { ...replay, loading: true } });
    await this.load(tick, asked);
    const now = this.store.get().replay;
    if (asked === this.asked && now !== null) this.store.set({ replay: { ...now, loading: false } });
  }

  private number(tick: number): number {
    const length = this.store.get().overview?.chapter_ticks ?? 360;
    return Math.max(0, Math.ceil(tick / length) - 1);
  }

  private fetched(number: number): Promise<Chapter> {
    const known = this.chapters.get(number);
    if (known !== undefined) return known;
    const asked = this.source.chapter(number);
    this.chapters.set(number, asked);
    // What is still being written, or could not be had, is asked for again.
    asked.then((chapter) => chapter.complete || this.chapters.delete(number), () => this.chapters.delete(number));
    return asked;
  }

  private async load(tick: number, asked: number): Promise<void> {
    try {
      const chapter = await this.fetched(this.number(tick));
      if (asked !== this.asked) return;
      this.at = tick;
      this.open(chapter);
    } catch (error) {
      this.store.set({ problem: error instanceof Error ? error.message : String(error) });
    }
  }

  /** Begin a chapter, and let happen what happened up to the moment. */
  private open(chapter: Chapter): void {
    this.chapter = chapter;
    this.weather = chapter.weather;
    this.present = {
      residents: new Map(chapter.residents.map((one): [string, Resident] => [one.id, one])),
      buildings: new Map(chapter.buildings.map((one) => [one.id, one])),
      stock: new Map(Object.entries(chapter.stock)),
    };
    this.store.world.past = { stock: this.present.stock, moods: chapter.moods };
    this.cursor = 0;
    const past = this.due();
    const { weather } = happen(this.present, past);
    this.weather = weather ?? this.weather;
    const feed = [...chapter.before, ...past].reverse();
    this.store.begin({ clock: this.clock(), residents: [...this.present.residents.values()], buildings: [...this.present.buildings.values()] }, feed);
  }

  private advance(): void {
    if (this.present === null) return;
    const events = this.due();
    if (events.length === 0) {
      if (Math.floor(this.at) !== this.store.get().clock?.tick) this.tell();
      return;
    }
    const { frame, weather } = happen(this.present, events);
    this.weather = weather ?? this.weather;
    this.store.apply({ ...frame, clock: this.clock() });
  }

  private tell(): void {
    if (this.store.get().replay !== null) this.store.apply({ clock: this.clock(), residents: [], gone: [], events: [], buildings: [] });
  }

  private due(): TownEvent[] {
    const events = this.chapter?.events ?? [];
    const from = this.cursor;
    while (this.cursor < events.length && events[this.cursor]!.tick <= this.at) this.cursor++;
    return events.slice(from, this.cursor);
  }

  private clock(): Clock {
    const { replay } = this.store.get();
    const tick = Math.floor(this.at);
    const town_time = dateAt(this.store.get().overview?.start ?? this.store.start, tick).toISOString().slice(0, 19);
    return { status: "online", generation: null, tick, town_time, speed: replay?.rate ?? 60, state: replay?.playing ? "running" : "paused", weather: this.weather };
  }
}
