import assert from "node:assert/strict";
import { test } from "node:test";
import { readRoute } from "./route.ts";

test("an address after #/ names a room, any other the town", () => {
  assert.equal(readRoute(""), null);
  assert.equal(readRoute("#t=6&lang=en"), null);
  assert.deepEqual(readRoute("#/")?.path, []);
  assert.deepEqual(readRoute("#/residents/mira%20h")?.path, ["residents", "mira h"]);
  assert.deepEqual(readRoute("#/residents/%zz")?.path, ["residents", "%zz"]);
  assert.equal(readRoute("#/recover?token=a.b")?.query.get("token"), "a.b");
});
