import assert from "node:assert/strict";
import { test } from "node:test";
import type { Chapter, Clock, Frame, Resident, TownEvent } from "../api/types.ts";
import { Player } from "../time/player.ts";
import { readMoment, writeMoment, type Moment } from "./moment.ts";
import type { Source } from "./source.ts";
import { Store } from "./store.ts";
import { dayOf, minuteOf, startOf, timeOf } from "./time.ts";

const CLOCK: Clock = { status: "online", generation: 1, tick: 100, town_time: "2026-03-02T07:40:00", speed: 60, state: "running", weather: "clear" };
const FRAME: Frame = { clock: null, residents: [], gone: [], events: [], buildings: [] };

function resident(id: string, more: Partial<Resident> = {}): Resident {
  return {
    id, name: id.toUpperCase(), kind: "hosted", tagline: null, owner: null, home_district: "ranta", home: null, age: null, job: null, goal: null, presence: "online", since_tick: 0,
    district: null, building: null, x: 1, y: 2, path: [], starts_tick: null, arrives_tick: null, doing: "idle", said: null, ...more,
  };
}

function event(tick: number, n: number, kind = "said", data: Record<string, unknown> = { text: `${tick}.${n}` }): TownEvent {
  return { id: `e-${tick}-${n}`, kind, tick, district: null, building: null, agent: "a", action_id: null, cause: null, about: [], witnesses: ["a"], data };
}

test("frames change what the snapshot began with", () => {
  const store = new Store(() => 0);
  store.begin({ clock: CLOCK, residents: [resident("b"), resident("a")], buildings: [] });
  assert.deepEqual(store.get().residents.map((one) => one.id), ["a", "b"]);
  store.choose({ kind: "person", id: "b" });
  store.apply({ ...FRAME, residents: [resident("a", { x: 9 })], gone: ["b"] });
  assert.deepEqual(store.world.position("a"), [9, 2]);
  assert.equal(store.get().chosen, null);
});

test("who is inside follows from who goes where", () => {
  const store = new Store(() => 0);
  store.begin({ clock: CLOCK, residents: [resident("a", { building: "cafe" }), resident("b", { building: "cafe" })], buildings: [] });
  assert.deepEqual(store.world.inside.get("cafe"), ["a", "b"]);
  store.apply({ ...FRAME, residents: [resident("a")], gone: ["b"] });
  assert.equal(store.world.inside.has("cafe"), false);
});

test("the feed is newest first and tells nothing twice", () => {
  const store = new Store(() => 0);
  store.begin({ clock: CLOCK, residents: [resident("a")], buildings: [] });
  store.apply({ ...FRAME, events: [event(100, 0), event(100, 2)] });
  store.remember([event(100, 2), event(99, 0)]);
  assert.deepEqual(store.get().feed.map((entry) => entry.id), ["e-100-2", "e-100-0", "e-99-0"]);
});

test("drawn time never goes back between two clocks, and starts anew with a new generation", () => {
  let now = 0;
  const store = new Store(() => now);
  store.begin({ clock: CLOCK, residents: [], buildings: [] });
  now = 1400;
  assert.equal(store.world.tick(), 101.4);
  store.apply({ ...FRAME, clock: { ...CLOCK, tick: 101 } });
  assert.equal(store.world.tick(), 101.4);
  store.apply({ ...FRAME, clock: { ...CLOCK, generation: 2, tick: 40 } });
  assert.equal(store.world.tick(), 40);
});

test("town time is reckoned from the clock", () => {
  const start = startOf(CLOCK);
  assert.equal(start, "2026-03-02T06:00:00");
  assert.equal(timeOf(start, 40), "06:40");
  assert.equal(minuteOf(start, 1440.5), 360.5);
  assert.equal(dayOf(start, 1200), 1080);
  assert.equal(dayOf(start, 100), 0);
});

test("a moment is the same after it went through a link", () => {
  const moment: Moment = {
    run: "98a7276f", tick: 2325.5, pose: { x: -60.1, y: 180, distance: 420, turn: -30, tilt: 60 }, chosen: { kind: "person", id: "aino" }, following: true,
    overlay: "mood", view: "2d", quality: "high", language: "sv",
  };
  assert.deepEqual(readMoment(`?${writeMoment(moment)}`, []), moment);
  assert.equal(readMoment("?t=1e99&c=1_2&overlay=x", ["fi", "sv-FI"]).language, "sv");
  assert.equal(readMoment("?t=1e99", []).tick, null);
});

test("the past plays by the same frames, and any moment of it can be sought", async () => {
  const walk = event(5, 0, "departed", { path: [[0, 0], [100, 0]], arrives_tick: 15 });
  const chapter: Chapter = {
    from_tick: 0, to_tick: 360, complete: true, weather: "rain", residents: [resident("a", { x: 0, y: 0 })], buildings: [], stock: { cafe: { tea: 4 } }, moods: [{ tick: 0, districts: { ranta: 0.5 } }, { tick: 30, districts: { ranta: 0.7 } }], before: [],
    events: [walk, event(8, 0), event(15, 0, "arrived", { building: "cafe", x: 100, y: 0 })],
  };
  const store = new Store(() => 0);
  store.set({ overview: { run: "r", start: "2026-03-02T06:00:00", first_tick: 0, last_tick: 300, chapter_ticks: 360, open: false, hours: [] } });
  const player = new Player(store, { recorded: true, chapter: () => Promise.resolve(chapter) } as unknown as Source, null);
  await player.seek(10);
  assert.deepEqual(store.world.position("a"), [50, 0]);
  assert.deepEqual(store.get().feed.map((entry) => entry.id), ["e-8-0"]);
  assert.equal(store.get().clock?.weather, "rain");
  player.play(60);
  player.step(0);
  for (let ms = 500; ms <= 6_000; ms += 500) player.step(ms);
  assert.equal(store.world.residents.get("a")?.building, "cafe");
  assert.deepEqual(store.world.inside.get("cafe"), ["a"]);
  assert.equal(store.world.districtMood("ranta"), 0.5);
  assert.deepEqual(store.world.past?.stock.get("cafe"), { tea: 4 });
  await player.seek(31);
  assert.equal(store.world.districtMood("ranta"), 0.7);
  assert.equal(store.world.districtMood("keskus"), null);
  await player.seek(5.5);
  assert.deepEqual(store.world.position("a"), [5, 0]);
});
