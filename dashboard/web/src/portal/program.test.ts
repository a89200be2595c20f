import assert from "node:assert/strict";
import { test } from "node:test";
import { sendLater, sentName, takenUp } from "./program.ts";

test("a file's name is sent in letters that the town takes, and keeps its ending", () => {
  assert.equal(sentName("agent.py"), "agent.py");
  assert.equal(sentName("Mina Åsikter (2).tar.gz"), "Mina-sikter-2-.tar.gz");
  assert.equal(sentName("../.py"), "py");
  assert.equal(sentName("…"), "agent.py");
  assert.match(sentName(`${"long-".repeat(30)}.zip`), /^[a-z][a-z-]{0,95}\.zip$/);
});

test("a program waits for its own resident, once", () => {
  const program = new File(["pass"], "agent.py");
  sendLater("mira", program);
  assert.equal(takenUp("aino"), undefined);
  assert.equal(takenUp("mira"), program);
  assert.equal(takenUp("mira"), undefined);
});
