import assert from "node:assert/strict";
import { test } from "node:test";
import type { Clock, Resident } from "../api/types.ts";
import { along, place, tickNow } from "./motion.ts";

const CLOCK: Clock = { status: "online", generation: 1, tick: 10, town_time: "2026-03-02T06:10:00", speed: 60, state: "running", weather: "clear" };
const WALKER: Resident = {
  id: "aino", name: "Aino", kind: "hosted", tagline: null, owner: null, home_district: "ranta", home: null, age: null, job: null, goal: null, presence: "online", since_tick: 0,
  district: "ranta", building: null, x: 0, y: 0, path: [[0, 0], [10, 0], [10, 30]], starts_tick: 10, arrives_tick: 14, doing: "walking", said: null,
};

test("a path is walked by length, whatever its pieces", () => {
  const path = WALKER.path as [number, number][];
  assert.deepEqual(along(path, 0), { at: [0, 0], way: [10, 0] });
  assert.deepEqual(along(path, 0.25).at, [10, 0]);
  assert.deepEqual(along(path, 0.5), { at: [10, 10], way: [0, 30] });
  assert.deepEqual(along(path, 7).at, [10, 30]);
});

test("somebody walks between start and arrival and then stands", () => {
  assert.deepEqual(place(WALKER, 12), [10, 10]);
  assert.deepEqual(place(WALKER, 99), [10, 30]);
  assert.equal(place({ ...WALKER, path: [], x: null }, 12), null);
});

test("those inside a building stand behind its door, always at the same spot", () => {
  const inside = { ...WALKER, path: [], building: "cafe", x: 100, y: 50 };
  const [x, y] = place(inside, 1, [100, 90])!;
  assert.deepEqual(place(inside, 2, [100, 90]), [x, y]);
  assert.ok(Math.hypot(x - 100, y - 55) <= 3);
});

test("town time goes on between two clocks, but not far, and not while paused", () => {
  assert.equal(tickNow(CLOCK, 500), 10.5);
  assert.equal(tickNow(CLOCK, 60_000), 11.5);
  assert.equal(tickNow({ ...CLOCK, state: "paused" }, 500), 10);
  assert.equal(tickNow({ ...CLOCK, speed: 0 }, 500), 10);
});
