import assert from "node:assert/strict";
import { test } from "node:test";
import type { TownMap } from "../api/types.ts";
import { streetNames } from "./streets.ts";

const town = (ways: { kind: string; name: string | null; points: [number, number][] }[]): TownMap => ({ ways }) as unknown as TownMap;

test("a street is named along its longest straight stretch, never upside down", () => {
  const [only, ...more] = streetNames(town([{ kind: "residential", name: "Rantakatu", points: [[100, 0], [40, 0], [0, 0], [0, 60]] }]));
  assert.deepEqual(only, { name: "Rantakatu", at: [50, 0], angle: 0, metres: 100 });
  assert.deepEqual(more, []);
});

test("far ends of a long street are named anew; paths and what has no name are not named", () => {
  const line = (x: number): [number, number][] => [[x, 0], [x + 80, 0]];
  const names = streetNames(town([
    { kind: "primary", name: "A", points: line(0) }, { kind: "primary", name: "A", points: line(90) }, { kind: "primary", name: "A", points: line(400) },
    { kind: "footway", name: "B", points: line(0) }, { kind: "primary", name: null, points: line(0) },
  ]));
  assert.deepEqual(names.map(({ name, at }) => [name, at[0]]), [["A", 40], ["A", 440]]);
});
