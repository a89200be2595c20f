import assert from "node:assert/strict";
import { test } from "node:test";
import { en } from "./en.ts";
import { pseudo } from "./pseudo.ts";
import { sv } from "./sv.ts";
import { chosenLanguage, speak } from "./text.ts";

test("the second language has every word, with the same values to put in", () => {
  assert.deepEqual(Object.keys(sv).sort(), Object.keys(en).sort());
  const values = (text: string): string[] => [...text.matchAll(/\{\{\w+\}\}/g)].map(([found]) => found).sort();
  for (const key of Object.keys(en) as (keyof typeof en)[]) assert.deepEqual(values(sv[key]), values(en[key]), key);
});

test("numbers take their own form, values are put in", () => {
  assert.equal(speak("en")("residents", { count: 1 }), "1 resident");
  assert.equal(speak("sv")("residents", { count: 25 }), "25 invånare");
  assert.equal(speak("en")("at", { place: "Café" }), " at Café");
});

test("the pseudo language keeps values and marks every text", () => {
  assert.equal(pseudo("Who heard {{place}}?"), "⟦Whó héárd {{place}}?····⟧");
  assert.match(speak("pseudo")("time.share"), /^⟦.*⟧$/);
});

test("a link's language comes before the browser's, English is the last resort", () => {
  assert.equal(chosenLanguage("sv", ["en"]), "sv");
  assert.equal(chosenLanguage(null, ["fi-FI", "sv-FI"]), "sv");
  assert.equal(chosenLanguage("xx", ["fi"]), "en");
});
