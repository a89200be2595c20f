import assert from "node:assert/strict";
import { test } from "node:test";
import { parsed } from "./events.ts";

test("events are read as they come, in pieces", () => {
  const first = parsed('retry: 1000\nevent: beat\ndata: {}\n\ndata: {"a": "b:');
  assert.deepEqual(first.events, [{ event: "beat", data: "{}" }]);
  assert.deepEqual(parsed(`${first.left} c"}\r\n\r\n: comment\n\n`).events, [{ event: "message", data: '{"a": "b: c"}' }]);
  assert.deepEqual(parsed("data: one\ndata: two\n\n").events, [{ event: "message", data: "one\ntwo" }]);
});
