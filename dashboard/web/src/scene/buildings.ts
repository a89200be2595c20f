/** Buildings: one merged mesh a district, light and shade baked into the colours of its corners. */

import { BufferAttribute, BufferGeometry, Color, Mesh, MeshBasicMaterial, ShapeUtils, Vector2 } from "three";
import { hash } from "../motion.ts";
import { buildingColours } from "../palette.ts";
import type { MapBuilding, Point, TownMap } from "../types.ts";
import { SHADOW_SHIFT } from "./ground.ts";

/** Where the light comes from, seen from above; shadows fall the other way. */
const SUN = normal([-SHADOW_SHIFT[0], -SHADOW_SHIFT[1]]);

export function buildingMeshes(town: TownMap): Mesh[] {
  const meshes: Mesh[] = [];
  for (let district = 0; district < town.districts.length; district++) {
    const positions: number[] = [];
    const colours: number[] = [];
    for (const building of town.buildings) if (building.district === district && building.height > 0) pushBuilding(positions, colours, building);
    if (positions.length === 0) continue;
    const geometry = new BufferGeometry();
    geometry.setAttribute("position", new BufferAttribute(new Float32Array(positions), 3));
    geometry.setAttribute("color", new BufferAttribute(new Float32Array(colours), 3));
    meshes.push(new Mesh(geometry, new MeshBasicMaterial({ vertexColors: true })));
  }
  return meshes;
}

function pushBuilding(positions: number[], colours: number[], building: MapBuilding): void {
  const [roofName, wallName] = buildingColours(building.kind);
  const tint = 0.94 + ((hash(building.id) % 100) / 100) * 0.1;
  const roof = new Color(roofName).multiplyScalar(tint);
  const wall = new Color(wallName).multiplyScalar(tint);
  const outline = building.footprint.map(([x, y]) => new Vector2(x, y));
  if (ShapeUtils.area(outline) < 0) outline.reverse();
  const top = building.height;
  for (const triangle of ShapeUtils.triangulateShape(outline, [])) {
    for (const index of triangle) {
      const corner = outline[index]!;
      positions.push(corner.x, top, -corner.y);
      colours.push(roof.r, roof.g, roof.b);
    }
  }
  for (let i = 0; i < outline.length; i++) {
    const a = outline[i]!;
    const b = outline[(i + 1) % outline.length]!;
    const light = lightOn(a, b);
    pushWall(positions, colours, a, b, top, wall, light);
  }
}

/** How bright a wall from `a` to `b` is: 0.62 turned away from the sun, 1.04 facing it. */
function lightOn(a: Vector2, b: Vector2): number {
  const [x, y] = normal([b.y - a.y, a.x - b.x]);
  return 0.83 + 0.21 * (x * SUN[0] + y * SUN[1]);
}

function pushWall(positions: number[], colours: number[], a: Vector2, b: Vector2, top: number, wall: Color, light: number): void {
  const corners: [Vector2, number][] = [[a, 0], [b, 0], [b, top], [a, 0], [b, top], [a, top]];
  for (const [corner, height] of corners) {
    positions.push(corner.x, height, -corner.y);
    // The foot of a wall is darker: streets swallow light.
    const shade = light * (height === 0 ? 0.84 : 1);
    colours.push(wall.r * shade, wall.g * shade, wall.b * shade * 0.985);
  }
}

function normal([x, y]: Point): Point {
  const length = Math.hypot(x, y) || 1;
  return [x / length, y / length];
}
