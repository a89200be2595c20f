/** Two fingers on the picture: apart or together to zoom, round each other to turn, both up or down to tilt. */

import type { Point } from "../api/types.ts";

/** What two fingers have done since they were last asked: the middle between them went from one point to another, CSS pixels. */
export interface Grip {
  from: Point;
  to: Point;
  /** so many times as far apart */
  scale: number;
  /** radians, with the clock */
  twist: number;
  /** CSS pixels upwards, of fingers that tilt */
  rise: number;
}

interface Pair {
  ends: readonly [Point, Point];
  middle: Point;
  apart: number;
  angle: number;
}

/** So far a finger goes before it is known what both want, and so far if the other rests, CSS pixels. */
const NOTICED = 12;
const ALONE = 32;

export class Fingers {
  private readonly down = new Map<number, Point>();
  private began: Pair | null = null;
  private last: Pair | null = null;
  private wants: "tilt" | "hold" | null = null;

  /** Fingers go down, move, and leave; `null` is a finger that left. */
  put(finger: number, at: Point | null): void {
    const known = this.down.has(finger);
    if (at === null) this.down.delete(finger);
    else this.down.set(finger, at);
    if (known && at !== null) return;
    this.began = this.last = this.pair();
    this.wants = null;
  }

  /** What was done since the last call, or `null` for nothing. */
  take(): Grip | null {
    const [pair, { began, last }] = [this.pair(), this];
    if (pair === null || began === null || last === null) return null;
    this.wants ??= wish(began, pair);
    if (this.wants === null || (pair.apart === last.apart && pair.angle === last.angle && near(pair.middle, last.middle))) return null;
    this.last = pair;
    if (this.wants === "tilt") return { from: last.middle, to: last.middle, scale: 1, twist: 0, rise: last.middle[1] - pair.middle[1] };
    return { from: last.middle, to: pair.middle, scale: pair.apart / last.apart, twist: turned(last, pair), rise: 0 };
  }

  private pair(): Pair | null {
    const [a, b, more] = [...this.down.values()];
    if (a === undefined || b === undefined || more !== undefined) return null;
    const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
    return { ends: [a, b], middle: [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2], apart: Math.max(1, Math.hypot(dx, dy)), angle: Math.atan2(dy, dx) };
  }
}

/** What two fingers want; `null` as long as that can't be said, as when one of them has yet to move. */
function wish(began: Pair, pair: Pair): "tilt" | "hold" | null {
  const ways = ([0, 1] as const).map((i) => [pair.ends[i][0] - began.ends[i][0], pair.ends[i][1] - began.ends[i][1]] as const);
  const lengths = ways.map(([dx, dy]) => Math.hypot(dx, dy));
  const [least, most] = [Math.min(...lengths), Math.max(...lengths)];
  if (most < NOTICED || (least < most / 4 && most < ALONE)) return null;
  const upright = ways.every(([dx, dy]) => Math.abs(dy) > Math.abs(dx)) && ways[0]![1] * ways[1]![1] > 0;
  return upright && least > most / 2 ? "tilt" : "hold";
}

function turned(from: Pair, to: Pair): number {
  return Math.atan2(Math.sin(to.angle - from.angle), Math.cos(to.angle - from.angle));
}

function near(a: Point, b: Point): boolean {
  return a[0] === b[0] && a[1] === b[1];
}
