/** Triangles out of outlines and lines. x is east, y is north in the town; the scene has y up and z south. */

import { BufferAttribute, BufferGeometry, ShapeUtils, Vector2 } from "three";
import type { Point } from "../api/types.ts";

export function geometryOf(positions: readonly number[], more: Record<string, [values: readonly number[], size: number]> = {}): BufferGeometry {
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new BufferAttribute(new Float32Array(positions), 3));
  for (const [name, [values, size]] of Object.entries(more)) geometry.setAttribute(name, new BufferAttribute(new Float32Array(values), size));
  return geometry;
}

/** An outline without repeated points, counter-clockwise seen from above. */
export function ring(footprint: readonly (readonly [number, number])[]): Vector2[] {
  const outline = footprint.map(([x, y]) => new Vector2(x, y)).filter((point, i, all) => i === 0 || point.distanceTo(all[i - 1]!) > 0.05);
  if (outline.length > 1 && outline[0]!.distanceTo(outline[outline.length - 1]!) < 0.05) outline.pop();
  if (ShapeUtils.area(outline) < 0) outline.reverse();
  return outline;
}

export function pushPolygon(positions: number[], outline: Vector2[], height = 0): void {
  if (outline.length < 3) return;
  for (const triangle of ShapeUtils.triangulateShape(outline, [])) {
    const [a, b, c] = triangle.map((index) => outline[index]!) as [Vector2, Vector2, Vector2];
    const turn = (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
    for (const corner of turn > 0 ? [a, b, c] : [a, c, b]) positions.push(corner.x, height, -corner.y);
  }
}

/** A band along a line: a quad for each piece, and where it is broad a hexagon at each point, which rounds ends and corners. */
export function pushRibbon(positions: number[], points: readonly (readonly [number, number])[], half: number): void {
  for (let i = 0; i < points.length; i++) {
    const here = points[i]!;
    const next = points[i + 1];
    if (half > 1.5) pushDisc(positions, here, half);
    if (next === undefined) continue;
    const length = Math.hypot(next[0] - here[0], next[1] - here[1]);
    if (length === 0) continue;
    const x = (-(next[1] - here[1]) / length) * half;
    const y = ((next[0] - here[0]) / length) * half;
    pushQuad(positions, [here[0] - x, here[1] - y], [next[0] - x, next[1] - y], [next[0] + x, next[1] + y], [here[0] + x, here[1] + y]);
  }
}

function pushDisc(positions: number[], [x, y]: readonly [number, number], radius: number): void {
  for (let i = 0; i < 6; i++) {
    const a = (i * Math.PI) / 3;
    const b = ((i + 1) * Math.PI) / 3;
    positions.push(x, 0, -y, x + Math.cos(a) * radius, 0, -(y + Math.sin(a) * radius), x + Math.cos(b) * radius, 0, -(y + Math.sin(b) * radius));
  }
}

export function pushQuad(positions: number[], a: Point, b: Point, c: Point, d: Point): void {
  for (const [x, y] of [a, b, c, a, c, d]) positions.push(x, 0, -y);
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
