/** Triangles out of outlines and lines. x is east, y is north in the town; the scene has y up and z south. */

import { BufferAttribute, BufferGeometry, ShapeUtils, Sphere, Vector2, Vector3 } from "three";
import type { Point } from "../api/types.ts";
import type { Piece } from "./patches.ts";

/** Sharper bends than this are rounded where a band is broad; elsewhere the pieces meet in a mitre. */
const ROUNDED_FROM = Math.cos((40 * Math.PI) / 180);
/** Sharper than this no mitre is possible. */
const MITRED_TO = Math.cos((120 * Math.PI) / 180);
/** Bands are broad from this half width on, metres. */
const BROAD = 1.5;
const HALF_ROUND = [0.25, 0.5, 0.75].map((share) => [Math.cos(share * Math.PI), Math.sin(share * Math.PI)] as const);
const ROUND = Array.from({ length: 8 }, (_nothing, i) => [Math.cos((i * Math.PI) / 4), Math.sin((i * Math.PI) / 4)] as const);

export type Values = Record<string, [values: readonly number[], size: number]>;

/** A surface being gathered. Triangles share their corners, so that each is computed once. */
export class Surface {
  readonly positions: number[] = [];
  readonly index: number[] = [];
  readonly pieces: Piece[] = [];
  private begun = 0;

  get corners(): number {
    return this.positions.length / 3;
  }

  /** All that was added since the last call is one piece; it may reach so many metres farther than its corners. */
  endPiece(reach = 0): void {
    const last = this.pieces[this.pieces.length - 1];
    const first = last === undefined ? 0 : last.first + last.count;
    const low = new Vector3(Infinity, Infinity, Infinity);
    const high = new Vector3(-Infinity, -Infinity, -Infinity);
    const corner = new Vector3();
    for (let i = this.begun; i < this.corners; i++) {
      corner.fromArray(this.positions, i * 3);
      low.min(corner);
      high.max(corner);
    }
    if (this.index.length > first) this.pieces.push({ first, count: this.index.length - first, room: new Sphere(low.clone().add(high).multiplyScalar(0.5), low.distanceTo(high) / 2 + reach) });
    this.begun = this.corners;
  }

  corner(x: number, y: number, height = 0): number {
    this.positions.push(x, height, -y);
    return this.positions.length / 3 - 1;
  }

  triangle(a: number, b: number, c: number): void {
    this.index.push(a, b, c);
  }

  /** Four corners, counter-clockwise seen from the front. */
  quad(a: number, b: number, c: number, d: number): void {
    this.index.push(a, b, c, a, c, d);
  }

  /** The inside of an outline. `first` is the number of its first corner, where they are there already. */
  polygon(outline: readonly Vector2[], height = 0, first?: number): void {
    if (outline.length < 3) return;
    const from = first ?? this.corners;
    if (first === undefined) for (const { x, y } of outline) this.corner(x, y, height);
    for (const corner of triangles(outline)) this.index.push(from + corner);
  }

  /** A band along a line, with round ends and round sharp bends where it is broad. */
  ribbon(line: readonly (readonly [number, number])[], half: number): void {
    const points = line.filter(([x, y], i) => i === 0 || Math.hypot(x - line[i - 1]![0], y - line[i - 1]![1]) > 0.01);
    if (points.length < 2) return;
    const ways = points.slice(1).map(([x, y], i): Point => {
      const [fromX, fromY] = points[i]!;
      const length = Math.hypot(x - fromX, y - fromY);
      return [(x - fromX) / length, (y - fromY) / length];
    });
    const broad = half > BROAD;
    let [right, left] = this.across(points[0]!, ways[0]!, half);
    if (broad) this.cap(points[0]!, [-ways[0]![0], -ways[0]![1]], half, left, right);
    ways.forEach((way, i) => {
      const end = points[i + 1]!;
      const next = ways[i + 1];
      const bend = next === undefined ? 1 : way[0] * next[0] + way[1] * next[1];
      const mitred = next !== undefined && bend > (broad ? ROUNDED_FROM : MITRED_TO);
      const [endRight, endLeft] = mitred ? this.across(end, mean(way, next), half / Math.sqrt((1 + bend) / 2)) : this.across(end, way, half);
      this.quad(right, endRight, endLeft, left);
      [right, left] = [endRight, endLeft];
      if (next === undefined) {
        if (broad) this.cap(end, way, half, right, left);
      } else if (!mitred) {
        if (broad) this.disc(end, half);
        [right, left] = this.across(end, next, half);
      }
    });
  }

  geometry(more: Values = {}): BufferGeometry {
    const geometry = new BufferGeometry();
    geometry.setAttribute("position", new BufferAttribute(new Float32Array(this.positions), 3));
    for (const [name, [values, size]] of Object.entries(more)) geometry.setAttribute(name, new BufferAttribute(new Float32Array(values), size));
    geometry.setIndex(new BufferAttribute(this.corners > 65_535 ? new Uint32Array(this.index) : new Uint16Array(this.index), 1));
    return geometry;
  }

  /** Corners to the right and to the left of a point on the way. */
  private across([x, y]: readonly [number, number], [wayX, wayY]: Point, half: number): [right: number, left: number] {
    return [this.corner(x + wayY * half, y - wayX * half), this.corner(x - wayY * half, y + wayX * half)];
  }

  /** Half a disc beyond the end of a way, from the corner at its right to that at its left. */
  private cap([x, y]: readonly [number, number], [wayX, wayY]: Point, half: number, right: number, left: number): void {
    let before: number | null = null;
    for (const [cos, sin] of HALF_ROUND) {
      const corner = this.corner(x + (wayY * cos + wayX * sin) * half, y + (-wayX * cos + wayY * sin) * half);
      if (before !== null) this.triangle(right, before, corner);
      before = corner;
    }
    if (before !== null) this.triangle(right, before, left);
  }

  private disc([x, y]: readonly [number, number], radius: number): void {
    const first = this.corners;
    for (const [cos, sin] of ROUND) this.corner(x + cos * radius, y + sin * radius);
    for (let i = 2; i < ROUND.length; i++) this.triangle(first, first + i - 1, first + i);
  }
}

const cut = new WeakMap<readonly Vector2[], readonly number[]>();

/** Triangles that fill an outline, as numbers of its corners; the same outline is cut up once. */
function triangles(outline: readonly Vector2[]): readonly number[] {
  const known = cut.get(outline);
  if (known !== undefined) return known;
  const found = (ShapeUtils.triangulateShape(outline as Vector2[], []) as [number, number, number][]).flatMap(([i, j, k]) => {
    const [a, b, c] = [outline[i]!, outline[j]!, outline[k]!];
    return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x) > 0 ? [i, j, k] : [i, k, j];
  });
  cut.set(outline, found);
  return found;
}

const rings = new WeakMap<object, Vector2[]>();

/** An outline without repeated points, counter-clockwise seen from above. */
export function ring(footprint: readonly (readonly [number, number])[]): Vector2[] {
  const known = rings.get(footprint);
  if (known !== undefined) return known;
  const outline = footprint.map(([x, y]) => new Vector2(x, y)).filter((point, i, all) => i === 0 || point.distanceTo(all[i - 1]!) > 0.05);
  if (outline.length > 1 && outline[0]!.distanceTo(outline[outline.length - 1]!) < 0.05) outline.pop();
  if (ShapeUtils.area(outline) < 0) outline.reverse();
  rings.set(footprint, outline);
  return outline;
}

export function inside(x: number, y: number, polygon: readonly (readonly [number, number])[]): boolean {
  let within = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const [ax, ay] = polygon[i]!;
    const [bx, by] = polygon[j]!;
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) within = !within;
  }
  return within;
}

/** The way between two ways of length 1, of length 1. */
function mean(a: Point, b: Point): Point {
  const [x, y] = [a[0] + b[0], a[1] + b[1]];
  const length = Math.hypot(x, y) || 1;
  return [x / length, y / length];
}
