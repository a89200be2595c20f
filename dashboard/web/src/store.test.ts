import assert from "node:assert/strict";
import { test } from "node:test";
import { Store, timeOf } from "./store.ts";
import type { Clock, Frame, Resident, TownEvent } from "./types.ts";

const CLOCK: Clock = { status: "online", generation: 1, tick: 100, town_time: "2026-03-02T07:40:00", speed: 60, state: "running", weather: "clear" };
const FRAME: Frame = { clock: null, residents: [], gone: [], events: [], buildings: [] };

function resident(id: string, more: Partial<Resident> = {}): Resident {
  return {
    id, name: id.toUpperCase(), kind: "hosted", tagline: null, home_district: "ranta", age: null, job: null, presence: "online", district: null,
    building: null, x: 1, y: 2, path: [], starts_tick: null, arrives_tick: null, doing: "idle", said: null, ...more,
  };
}

function said(tick: number, n: number): TownEvent {
  return { id: `e-${tick}-${n}`, kind: "said", tick, district: null, building: null, agent: "a", about: [], witnesses: ["a"], data: { text: `${tick}.${n}` } };
}

test("frames change what the snapshot began with", () => {
  const store = new Store(() => 0);
  store.begin({ clock: CLOCK, residents: [resident("b"), resident("a")], buildings: [] });
  assert.deepEqual(store.get().residents.map((one) => one.id), ["a", "b"]);
  store.select("b");
  store.apply({ ...FRAME, residents: [resident("a", { x: 9 })], gone: ["b"] });
  assert.deepEqual(store.position("a"), [9, 2]);
  assert.equal(store.get().selected, null);
});

test("the feed is newest first and tells nothing twice", () => {
  const store = new Store(() => 0);
  store.begin({ clock: CLOCK, residents: [resident("a")], buildings: [] });
  store.apply({ ...FRAME, events: [said(100, 0), said(100, 2)] });
  store.remember([said(100, 2), said(99, 0)]);
  assert.deepEqual(store.get().feed.map((entry) => entry.id), ["e-100-2", "e-100-0", "e-99-0"]);
});

test("drawn time never goes back between two clocks, and starts anew with a new generation", () => {
  let now = 0;
  const store = new Store(() => now);
  store.begin({ clock: CLOCK, residents: [], buildings: [] });
  now = 1400;
  assert.equal(store.tick(), 101.4);
  store.apply({ ...FRAME, clock: { ...CLOCK, tick: 101 } });
  assert.equal(store.tick(), 101.4);
  store.apply({ ...FRAME, clock: { ...CLOCK, generation: 2, tick: 40 } });
  assert.equal(store.tick(), 40);
});

test("the time of an event is reckoned from the clock", () => {
  assert.equal(timeOf(40, CLOCK), "06:40");
  assert.equal(timeOf(100 - 24 * 60, CLOCK), "07:40");
});
