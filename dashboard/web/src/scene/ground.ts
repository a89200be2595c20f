/** Everything flat: land, parks, water, streets, and the shadows of buildings. Each is one mesh. */

import { BufferAttribute, BufferGeometry, Color, Mesh, MeshBasicMaterial, NotEqualStencilFunc, ReplaceStencilOp, ShapeUtils, Vector2 } from "three";
import { GREEN, GROUND, SHADOW, WATER, WAYS } from "../palette.ts";
import type { Point, TownMap } from "../types.ts";

/** Length and direction of a shadow for each metre of height; the sun stands in the south-west of an afternoon. */
export const SHADOW_SHIFT: Point = [0.55, 0.4];

export function groundMeshes(town: TownMap): Mesh[] {
  const [x0, y0, x1, y1] = town.bounds;
  const far = Math.max(x1 - x0, y1 - y0) * 3;
  const land: Point[] = [[x0 - far, y0 - far], [x1 + far, y0 - far], [x1 + far, y1 + far], [x0 - far, y1 + far]];
  return [flat([land], GROUND, 0), flat(town.green, GREEN, 1), flat(town.water, WATER, 2), ways(town, 3), shadows(town)];
}

/** Painter's order: what is flat is drawn first, in its order, and never hides what stands on it. */
function layered(geometry: BufferGeometry, order: number, colour?: string): Mesh {
  const material = new MeshBasicMaterial({
    ...(colour === undefined ? { vertexColors: true } : { color: colour }), depthTest: false, depthWrite: false,
  });
  const mesh = new Mesh(geometry, material);
  mesh.renderOrder = order - 10;
  mesh.frustumCulled = false;
  return mesh;
}

function flat(polygons: readonly Point[][], colour: string, order: number): Mesh {
  const positions: number[] = [];
  for (const polygon of polygons) pushPolygon(positions, polygon);
  return layered(geometryOf(positions), order, colour);
}

function pushPolygon(positions: number[], polygon: readonly Point[], shift: Point = [0, 0]): void {
  const outline = polygon.map(([x, y]) => new Vector2(x, y));
  for (const triangle of ShapeUtils.triangulateShape(outline, [])) {
    const corners = triangle.map((index) => outline[index]!);
    const [a, b, c] = corners as [Vector2, Vector2, Vector2];
    const turn = (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
    for (const corner of turn > 0 ? [a, b, c] : [a, c, b]) positions.push(corner.x + shift[0], 0, -(corner.y + shift[1]));
  }
}

function ways(town: TownMap, order: number): Mesh {
  const positions: number[] = [];
  const colours: number[] = [];
  for (const [kind, width, colour] of WAYS) {
    const { r, g, b } = new Color(colour);
    for (const way of town.ways) {
      if (way.kind !== kind) continue;
      const before = positions.length;
      pushRibbon(positions, way.points, width / 2);
      for (let i = before; i < positions.length; i += 3) colours.push(r, g, b);
    }
  }
  const geometry = geometryOf(positions);
  geometry.setAttribute("color", new BufferAttribute(new Float32Array(colours), 3));
  return layered(geometry, order);
}

/** A band along a line: a quad for each piece, and a hexagon at each point, which rounds ends and corners. */
function pushRibbon(positions: number[], points: readonly Point[], half: number): void {
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

function pushDisc(positions: number[], [x, y]: Point, radius: number): void {
  for (let i = 0; i < 6; i++) {
    const a = (i * Math.PI) / 3;
    const b = ((i + 1) * Math.PI) / 3;
    positions.push(x, 0, -y, x + Math.cos(a) * radius, 0, -(y + Math.sin(a) * radius), x + Math.cos(b) * radius, 0, -(y + Math.sin(b) * radius));
  }
}

function pushQuad(positions: number[], a: Point, b: Point, c: Point, d: Point): void {
  for (const [x, y] of [a, b, c, a, c, d]) positions.push(x, 0, -y);
}

/** Every building's outline, swept along the light. The stencil darkens a place once, however many shadows fall there. */
function shadows(town: TownMap): Mesh {
  const positions: number[] = [];
  for (const { footprint, height } of town.buildings) {
    if (height <= 0) continue;
    const shift: Point = [SHADOW_SHIFT[0] * height, SHADOW_SHIFT[1] * height];
    pushPolygon(positions, footprint, shift);
    for (let i = 0; i < footprint.length; i++) {
      const a = footprint[i]!;
      const b = footprint[(i + 1) % footprint.length]!;
      pushQuad(positions, a, b, [b[0] + shift[0], b[1] + shift[1]], [a[0] + shift[0], a[1] + shift[1]]);
    }
  }
  const mesh = layered(geometryOf(positions), 4, SHADOW);
  const material = mesh.material as MeshBasicMaterial;
  Object.assign(material, {
    transparent: true, opacity: 0.2, side: 2, stencilWrite: true, stencilFunc: NotEqualStencilFunc, stencilRef: 1,
    stencilZPass: ReplaceStencilOp, depthTest: true,
  });
  mesh.position.y = 0.05;
  return mesh;
}

function geometryOf(positions: readonly number[]): BufferGeometry {
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new BufferAttribute(new Float32Array(positions), 3));
  return geometry;
}
