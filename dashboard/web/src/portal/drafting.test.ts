import assert from "node:assert/strict";
import { test } from "node:test";
import { EMPTY } from "./draft.ts";
import { begun, changed, replaced, undone } from "./drafting.ts";

test("what is typed into one field is one step back, and a surprise is another", () => {
  const typed = changed(changed(changed(begun(EMPTY), { name: "M" }), { name: "Mi" }), { story: "She" });
  const surprised = replaced(typed, { ...EMPTY, name: "Otso" });
  const back = undone(surprised);
  assert.deepEqual([back.now.name, back.now.story], ["Mi", "She"]);
  assert.deepEqual([undone(back).now.name, undone(back).now.story], ["Mi", ""]);
  assert.deepEqual(undone(undone(back)), begun(EMPTY));
  assert.equal(undone(begun(EMPTY)).now, EMPTY);
});

test("after a step back typing is a step of its own", () => {
  const again = changed(undone(changed(changed(begun(EMPTY), { name: "M" }), { story: "S" })), { name: "N" });
  assert.deepEqual([again.now.name, undone(again).now.name, undone(undone(again)).now.name], ["N", "M", ""]);
});

test("no more than fifty steps are kept", () => {
  let state = begun(EMPTY);
  for (let step = 0; step < 80; step++) state = replaced(state, { ...EMPTY, age: step });
  assert.deepEqual([state.before.length, state.before[0]?.age], [50, 29]);
});
