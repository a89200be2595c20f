import assert from "node:assert/strict";
import { test } from "node:test";
import type { MapBuilding } from "../api/types.ts";
import { findPlaces } from "./places.ts";

const house = (id: string, name: string, kind: string, height = 9): MapBuilding => ({ id, name, kind, height }) as MapBuilding;
const HOUSES = [house("a", "Ekberg", "cafe"), house("b", "Soppakeittiö", "restaurant"), house("c", "Café Satama", "bar"), house("d", "Esplanadi", "park", 0), house("e", "Shed", "other", 0)];
const WARES = new Map([["a", ["coffee", "salmon soup"]], ["b", ["lunch"]]]);
const find = (text: string): string[] => findPlaces(text, HOUSES, WARES, (kind) => (kind === "cafe" ? "café, bakery" : kind), 6).map(({ house: { id }, ware }) => (ware === null ? id : `${id} ${ware}`));

test("what is called so comes first, then who sells it, then what is of the kind", () => {
  assert.deepEqual(find("cafe"), ["c", "a"]);
  assert.deepEqual(find("soup"), ["a salmon soup"]);
  assert.deepEqual(find("Bakery"), ["a"]);
  assert.deepEqual(find("park"), ["d"]);
});

test("nothing, and two letters of a kind, find nothing", () => {
  assert.deepEqual([find(""), find("ba"), find("shed")], [[], [], []]);
});
