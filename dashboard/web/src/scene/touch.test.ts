import assert from "node:assert/strict";
import { test } from "node:test";
import { Fingers } from "./touch.ts";

function two(): Fingers {
  const fingers = new Fingers();
  fingers.put(1, [100, 200]);
  fingers.put(2, [200, 200]);
  return fingers;
}

test("fingers that part zoom, about the middle between them", () => {
  const fingers = two();
  fingers.put(1, [50, 200]);
  fingers.put(2, [250, 200]);
  assert.deepEqual(fingers.take(), { from: [150, 200], to: [150, 200], scale: 2, twist: 0, rise: 0 });
  assert.equal(fingers.take(), null);
});

test("fingers that go round each other turn", () => {
  const fingers = two();
  fingers.put(1, [150, 150]);
  fingers.put(2, [150, 250]);
  const grip = fingers.take();
  assert.ok(grip !== null && Math.abs(grip.twist - Math.PI / 2) < 1e-9 && Math.abs(grip.scale - 1) < 1e-9);
});

test("fingers that go up together tilt, and go on tilting where they part a little", () => {
  const fingers = two();
  fingers.put(1, [100, 180]);
  fingers.put(2, [200, 180]);
  assert.equal(fingers.take()?.rise, 20);
  fingers.put(1, [80, 170]);
  fingers.put(2, [210, 170]);
  assert.deepEqual([fingers.take()?.rise, fingers.take()], [10, null]);
});

test("it is waited for the finger that moves later, but not for one that rests", () => {
  const fingers = two();
  fingers.put(1, [100, 180]);
  assert.equal(fingers.take(), null);
  fingers.put(2, [200, 180]);
  assert.equal(fingers.take()?.rise, 20);
  const others = two();
  others.put(2, [250, 200]);
  assert.equal(others.take()?.scale, 1.5);
});

test("one finger, or three, ask nothing", () => {
  const fingers = two();
  fingers.put(3, [300, 300]);
  fingers.put(1, [0, 0]);
  assert.equal(fingers.take(), null);
  fingers.put(3, null);
  fingers.put(2, null);
  fingers.put(1, [400, 400]);
  assert.equal(fingers.take(), null);
});
