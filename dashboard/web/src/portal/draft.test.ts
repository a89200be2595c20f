import assert from "node:assert/strict";
import { test } from "node:test";
import { budgetChange, budgetOf, drafted, EMPTY, idOf, permissionsOf, personaOf, residentOf } from "./draft.ts";

test("a name makes an id that the town takes", () => {
  assert.deepEqual(["Mira Hålonen", " Ö ", "日本", "A".repeat(99)].map(idOf), ["mira-halonen", "o", "resident", "a".repeat(44)]);
});

test("an empty form is the built-in mind without limits", () => {
  const sent = residentOf({ ...EMPTY, name: "Mira", goals: "see the sea\n\n  " }, "mira");
  assert.deepEqual([sent.mind.kind, sent.budget, sent.goals, sent.tagline], ["routine", null, ["see the sea"], null]);
  assert.deepEqual(permissionsOf(EMPTY), { allowed_actions: null, max_actions_per_hour: null, spending: { per_action: null, per_day: null, per_counterparty: null } });
});

test("money is typed in units and euros and sent in millionths and cents", () => {
  assert.deepEqual(budgetOf({ ...EMPTY, dayMoney: "0,2" }), { day_money: 200_000, when_spent: "routine" });
  assert.equal(permissionsOf({ ...EMPTY, euros: { action: "12.5", day: "", other: "-1" } }).spending.per_action, 1250);
  assert.equal(permissionsOf({ ...EMPTY, verbs: ["say", "move_to"] }).allowed_actions?.join(), "move_to,say");
});

test("somebody known comes back as they were", () => {
  const person = personaOf({ ...EMPTY, name: "Mira", story: "She came.", style: "dry", rest: { profile: { risk: 300 }, relations: [{ with: "aino", kind: "friend", warmth: 700 }] } });
  assert.deepEqual(personaOf(drafted(person)), person);
  const limits = { allowed_actions: ["say" as const], max_actions_per_hour: 60, spending: { per_action: 100, per_day: null, per_counterparty: null } };
  assert.deepEqual(permissionsOf(drafted(person, { permissions: limits })), limits);
});

test("caps that the form does not show outlive a change", () => {
  const before = { day_money: null, total_money: 5_000_000, day_tokens: null, total_tokens: null, when_spent: "asleep" as const };
  const form = drafted(personaOf({ ...EMPTY, name: "Mira" }), { budget: before });
  assert.deepEqual(budgetChange({ ...form, story: "Something else." }, before), {});
  assert.deepEqual(budgetChange({ ...form, dayMoney: "1" }, before), { budget: { ...before, day_money: 1_000_000 } });
  assert.deepEqual(budgetChange(EMPTY, null), {});
  assert.deepEqual(budgetChange({ ...form, dayMoney: "" }, { ...before, day_money: 7, total_money: null }), { no_budget: true });
});
