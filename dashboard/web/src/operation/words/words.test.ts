import assert from "node:assert/strict";
import { test } from "node:test";
import { en as portal } from "../../portal/words/en.ts";
import { en as page } from "../../text/en.ts";
import { en } from "./en.ts";
import { sv } from "./sv.ts";

test("the second language has every word of the operators' page, with the same values to put in", () => {
  assert.deepEqual(Object.keys(sv).sort(), Object.keys(en).sort());
  const values = (text: string): string[] => [...text.matchAll(/\{\{\w+\}\}/g)].map(([found]) => found).sort();
  for (const key of Object.keys(en) as (keyof typeof en)[]) assert.deepEqual(values(sv[key]), values(en[key]), key);
});

test("no word of it stands in another table, too", () => {
  assert.deepEqual(Object.keys(en).filter((key) => key in page || key in portal), []);
});
