/** Names of streets on the flat map: each along the straightest and longest stretch of its street. */

import type { Point, TownMap } from "../api/types.ts";

export interface StreetName {
  name: string;
  at: Point;
  /** from east, against the clock seen from above, radians; never upside down */
  angle: number;
  /** of the straight stretch */
  metres: number;
}

const KINDS: ReadonlySet<string> = new Set(["primary", "secondary", "tertiary", "residential", "pedestrian"]);
/** A stretch is straight as long as it turns by no more than this in all, radians. */
const STRAIGHT = 0.22;
const SHORTEST = 50;
/** The same name stands no nearer to itself, metres. */
const APART = 260;

export function streetNames(town: TownMap): StreetName[] {
  const found: StreetName[] = [];
  const runs = town.ways
    .filter(({ kind, name }) => KINDS.has(kind) && name != null)
    .flatMap(({ name, points }) => straights(points).map(([from, to]) => named(name ?? "", from, to)))
    .filter(({ metres }) => metres > SHORTEST)
    .sort((a, b) => b.metres - a.metres);
  for (const run of runs) {
    if (found.every(({ name, at }) => name !== run.name || Math.hypot(at[0] - run.at[0], at[1] - run.at[1]) > APART)) found.push(run);
  }
  return found;
}

function named(name: string, [ax, ay]: Point, [bx, by]: Point): StreetName {
  const angle = bx < ax ? Math.atan2(ay - by, ax - bx) : Math.atan2(by - ay, bx - ax);
  return { name, at: [(ax + bx) / 2, (ay + by) / 2], angle, metres: Math.hypot(bx - ax, by - ay) };
}

/** The straight stretches of a line, as their ends. */
function straights(points: readonly (readonly [number, number])[]): [Point, Point][] {
  const found: [Point, Point][] = [];
  let first = 0;
  for (let i = 1; i < points.length; i++) {
    const next = points[i + 1];
    if (next !== undefined && turn(points[first]!, points[first + 1]!, points[i]!, next) < STRAIGHT) continue;
    found.push([[...points[first]!], [...points[i]!]]);
    first = i;
  }
  return found;
}

/** How much the way from c to d turns away from that from a to b, radians. */
function turn(a: readonly [number, number], b: readonly [number, number], c: readonly [number, number], d: readonly [number, number]): number {
  const by = Math.abs(Math.atan2(d[1] - c[1], d[0] - c[0]) - Math.atan2(b[1] - a[1], b[0] - a[0]));
  return by > Math.PI ? 2 * Math.PI - by : by;
}
