import assert from "node:assert/strict";
import { test } from "node:test";
import { bodyOf, KINDS } from "./kinds.ts";
import { en } from "./words/en.ts";

test("numbers are numbers, lists are lists, and what was left empty is left out", () => {
  assert.deepEqual(bodyOf("price", { item: " coffee ", cents: "420", building: "" }), { do: "price", item: "coffee", cents: 420 });
  assert.deepEqual(bodyOf("cut", { name: "quiet", from: "aino, otto,", to: "", both: "on", words: "party" }), { do: "cut", name: "quiet", from: ["aino", "otto"], both: true, words: ["party"] });
  assert.deepEqual(bodyOf("cut", { name: "quiet", to: "aino" }), { do: "cut", name: "quiet", to: ["aino"], both: false });
  assert.deepEqual(bodyOf("remove", { agents: "otto" }), { do: "remove", agents: ["otto"] });
});

test("a field of another kind of intervention is not sent", () => {
  assert.deepEqual(bodyOf("broadcast", { text: "Hello.", building: "cafe" }), { do: "broadcast", text: "Hello." });
});

test("every kind, field and hint has words", () => {
  for (const [kind, entries] of Object.entries(KINDS)) {
    assert.ok(`hand.${kind}` in en, kind);
    for (const { label, hint } of entries) assert.ok(`field.${label}` in en && (hint === undefined || `hint.${hint}` in en), `${kind} ${label}`);
  }
});
