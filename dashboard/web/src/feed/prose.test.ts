import assert from "node:assert/strict";
import { test } from "node:test";
import type { TownEvent } from "../api/types.ts";
import { speak } from "../text/text.ts";
import { paragraphs } from "./group.ts";
import { tell, type Names } from "./prose.ts";

const NAMES: Names = { agent: (id) => ({ aino: "Aino", otto: "Otto", leena: "Leena" })[id] ?? id, building: (id) => (id === "cafe" ? "Café Satama" : id) };
const [ENGLISH, SWEDISH] = [speak("en"), speak("sv")];

function event(kind: string, data: Record<string, unknown>, more: Partial<TownEvent> = {}): TownEvent {
  return { id: `e-${more.tick ?? 1}-1`, kind, tick: 1, district: null, building: null, agent: "aino", action_id: null, cause: null, about: [], witnesses: [], data, ...more };
}

test("words are told with speaker, hearers and place", () => {
  const said = event("said", { text: "Hello", to: ["otto", "leena"] }, { building: "cafe", about: ["e-0-1"] });
  assert.deepEqual(tell(said, NAMES, ENGLISH), { who: "Aino", text: "says to Otto and Leena at Café Satama", words: "Hello", passedOn: true });
  assert.equal(tell(said, NAMES, SWEDISH)?.text, "säger till Otto och Leena vid Café Satama");
});

test("deeds become sentences with names and money", () => {
  const bought = event("bought", { item: "rye-bread", quantity: 2, price: 480 }, { building: "cafe" });
  assert.equal(tell(bought, NAMES, ENGLISH)?.text, "buys 2 × rye bread at Café Satama for €4.80");
  assert.equal(tell(event("arrived", { building: "cafe" }), NAMES, ENGLISH)?.text, "arrives at Café Satama");
  assert.equal(tell(event("gave", { to: "otto", item: null, amount: 100 }), NAMES, ENGLISH)?.text, "gives Otto €1.00");
});

test("bookkeeping is left out", () => {
  for (const kind of ["paid", "need", "restocked", "opened", "closed", "departed", "came", "something_new"]) assert.equal(tell(event(kind, {}), NAMES, ENGLISH), null);
});

test("words at one place are one conversation, and what one did in a row is one sentence", () => {
  const here = { building: "cafe" };
  const talk = [event("said", {}, { ...here, tick: 10 }), event("said", {}, { ...here, tick: 12, agent: "otto" }), event("said", {}, { ...here, tick: 40 })];
  const deeds = [event("arrived", { building: "cafe" }, { ...here, tick: 11 }), event("bought", { item: "tea" }, { ...here, tick: 13 })];
  const newestFirst = [...talk, ...deeds].sort((a, b) => b.tick - a.tick);
  assert.deepEqual(paragraphs(newestFirst).map(({ kind, events }) => `${kind} ${events.length}`), ["talk 1", "deeds 2", "talk 2"]);
});
