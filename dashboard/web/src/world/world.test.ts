import assert from "node:assert/strict";
import { test } from "node:test";
import type { Resident, TownEvent } from "../api/types.ts";
import { happen, type Present } from "./fold.ts";
import { mood } from "./mood.ts";
import { knownAt, spread, tellingsOf } from "./spread.ts";

function event(tick: number, kind: string, agent: string | null, data: Record<string, unknown> = {}, more: Partial<TownEvent> = {}): TownEvent {
  return { id: `e-${tick}-0`, kind, tick, district: "ranta", building: null, agent, action_id: null, cause: null, about: [], witnesses: agent === null ? [] : [agent], data, ...more };
}

function resident(id: string): Resident {
  return {
    id, name: id, kind: "hosted", tagline: null, owner: null, home_district: "ranta", home: null, age: null, job: null, goal: null, presence: "online", since_tick: 0,
    district: null, building: "home", x: 1, y: 2, path: [], starts_tick: null, arrives_tick: null, doing: "idle", said: null,
  };
}

const NEWS = [
  event(3, "said", "a", { text: "A door opens." }, { witnesses: ["a", "b"] }),
  event(4, "said", "b", { text: "Nice weather." }, { witnesses: ["b", "d"] }),
  event(5, "said", "b", { text: "There is a door." }, { witnesses: ["b", "c"], about: ["e-3-0"] }),
  event(9, "said", "c", { text: "I heard of a door." }, { witnesses: ["c", "d", "b"], about: ["e-5-0"] }),
];

test("news is followed through all who passed it on, and everybody learns it once", () => {
  const tellings = tellingsOf("e-3-0", NEWS);
  assert.deepEqual(tellings.map((told) => told.tick), [3, 5, 9]);
  const news = spread(tellings)!;
  assert.deepEqual(news.hearings.map(({ agent, tick, from }) => [agent, tick, from]), [["a", 3, null], ["b", 3, "a"], ["c", 5, "b"], ["d", 9, "c"]]);
  assert.deepEqual([...knownAt(news, 5).keys()], ["a", "b", "c"]);
  assert.equal(spread([]), null);
});

test("what happens changes who is where, what is open, and who is there at all", () => {
  const present: Present = { residents: new Map([["a", resident("a")]]), buildings: new Map(), stock: new Map([["cafe", { tea: 5, pulla: 2 }]]) };
  const { frame, weather } = happen(present, [
    event(1, "departed", "a", { path: [[1, 2], [9, 2]], arrives_tick: 4 }), event(2, "weather", null, { weather: "rain" }), event(2, "opened", null, { building: "cafe" }),
    event(4, "arrived", "a", { building: "cafe", x: 9, y: 2 }), event(5, "started_work", "a"), event(6, "claimed", "a", { building: "cafe" }),
    event(7, "registered", "z", { name: "Zoe", home: null, x: 0, y: 0 }), event(8, "arrived", "stranger", { building: null, x: 0, y: 0 }),
  ]);
  assert.equal(weather, "rain");
  assert.deepEqual(frame.residents.map(({ id, building, doing }) => [id, building, doing]), [["a", "cafe", "working"], ["z", null, "idle"]]);
  assert.deepEqual(frame.buildings, [{ id: "cafe", open: true, owner: "a", inside: [] }]);
  assert.deepEqual(happen(present, [event(9, "revoked", "z")]).frame.gone, ["z"]);
});

test("what is bought leaves the shelf, and a delivery fills it", () => {
  const present: Present = { residents: new Map([["a", resident("a")]]), buildings: new Map(), stock: new Map([["cafe", { tea: 5, pulla: 2 }]]) };
  happen(present, [event(1, "bought", "a", { item: "tea", quantity: 3 }, { building: "cafe" }), event(2, "bought", "a", { item: "pulla", quantity: 1 }, { building: "kiosk" })]);
  assert.deepEqual(Object.fromEntries(present.stock), { cafe: { tea: 2, pulla: 2 } });
  happen(present, [event(3, "restocked", null, { building: "cafe", stock: { tea: 5, pulla: 2 } })]);
  assert.deepEqual(present.stock.get("cafe"), { tea: 5, pulla: 2 });
});

test("mood is what presses last, as far as one sees", () => {
  const pressing = new Map([["food", 4], ["company", 9]]);
  assert.equal(mood(resident("a"), pressing), "lonely");
  assert.equal(mood({ ...resident("a"), doing: "sleeping" }, pressing), "asleep");
  assert.equal(mood(resident("a"), undefined), "content");
  assert.equal(mood({ ...resident("a"), presence: "offline" }, undefined), "away");
});
