import assert from "node:assert/strict";
import { test } from "node:test";
import { tell, type Names } from "./prose.ts";
import type { TownEvent } from "./types.ts";

const NAMES: Names = { agent: (id) => ({ aino: "Aino", otto: "Otto", leena: "Leena" })[id] ?? id, building: (id) => (id === "cafe" ? "Café Satama" : id) };

function event(kind: string, data: Record<string, unknown>, more: Partial<TownEvent> = {}): TownEvent {
  return { id: "e-1-1", kind, tick: 1, district: null, building: null, agent: "aino", about: [], witnesses: [], data, ...more };
}

test("words are told with speaker, hearers and place", () => {
  const told = tell(event("said", { text: "Hello", to: ["otto", "leena"] }, { building: "cafe", about: ["e-0-1"] }), NAMES);
  assert.deepEqual(told, { who: "Aino", text: "says to Otto and Leena at Café Satama", words: "Hello", passedOn: true });
});

test("deeds become sentences with names and money", () => {
  assert.equal(tell(event("bought", { item: "rye-bread", quantity: 2, price: 480 }, { building: "cafe" }), NAMES)?.text, "buys 2 × rye bread at Café Satama for 4.80 €");
  assert.equal(tell(event("arrived", { building: "cafe" }), NAMES)?.text, "arrives at Café Satama");
  assert.equal(tell(event("gave", { to: "otto", item: null, amount: 100 }), NAMES)?.text, "gives Otto 1.00 €");
});

test("bookkeeping is left out", () => {
  for (const kind of ["paid", "need", "restocked", "opened", "closed", "departed", "came", "something_new"]) assert.equal(tell(event(kind, {}), NAMES), null);
});
