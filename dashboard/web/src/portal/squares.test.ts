import assert from "node:assert/strict";
import { test } from "node:test";
import { encode } from "uqr";
import { pathOf } from "./squares.ts";

/** What a path of these rectangles covers. */
function drawn(path: string, size: number): boolean[][] {
  const rows = Array.from({ length: size }, () => Array.from({ length: size }, () => false));
  for (const [, x, y, width] of path.matchAll(/M(\d+) (\d+)h(\d+)v1h-\3z/g)) rows[Number(y)]?.fill(true, Number(x), Number(x) + Number(width));
  return rows;
}

test("a row of dark squares is one rectangle", () => {
  assert.equal(pathOf([[true, true, false, true], [false, false, false, false], [false, true, true, true]]), "M0 0h2v1h-2zM3 0h1v1h-1zM1 2h3v1h-3z");
});

test("the squares of a QR code are drawn where they belong, and nowhere else", () => {
  const { data, size } = encode("otpauth://totp/mqttown%20helsinki:wilma?secret=JBSWY3DPEHPK3PXP&issuer=mqttown%20helsinki", { ecc: "M", border: 4 });
  assert.deepEqual(drawn(pathOf(data), size), data);
});
