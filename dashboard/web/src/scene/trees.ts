/** Trees in the parks: scattered the same way every time, one instanced mesh. */

import { BufferAttribute, Color, ConeGeometry, IcosahedronGeometry, InstancedMesh, Matrix4, MeshBasicMaterial, type BufferGeometry } from "three";
import { mergeGeometries } from "three/addons/utils/BufferGeometryUtils.js";
import { hash } from "../motion.ts";
import type { Point, TownMap } from "../types.ts";

const APART = 13;
const MOST = 2500;

export function trees(town: TownMap): InstancedMesh | null {
  const places: Point[] = [];
  for (const polygon of town.green) {
    const xs = polygon.map((point) => point[0]);
    const ys = polygon.map((point) => point[1]);
    for (let x = Math.min(...xs); x < Math.max(...xs); x += APART) {
      for (let y = Math.min(...ys); y < Math.max(...ys) && places.length < MOST; y += APART) {
        const luck = hash(`${Math.round(x)},${Math.round(y)}`);
        const point: Point = [x + (luck % 11), y + ((luck >> 8) % 11)];
        if (luck % 3 !== 0 && inside(point, polygon) && !onBuilding(point, town)) places.push(point);
      }
    }
  }
  if (places.length === 0) return null;
  const mesh = new InstancedMesh(treeShape(), new MeshBasicMaterial({ vertexColors: true }), places.length);
  const matrix = new Matrix4();
  places.forEach(([x, y], index) => {
    const luck = hash(`${x},${y}`);
    const size = 0.75 + (luck % 60) / 100;
    matrix.makeScale(size, size, size).setPosition(x, 0, -y);
    mesh.setMatrixAt(index, matrix);
    mesh.setColorAt(index, new Color().setHSL(0.22 + (luck % 7) / 140, 0.1, 0.9 + (luck % 5) / 60));
  });
  return mesh;
}

function treeShape(): BufferGeometry {
  const crown = new IcosahedronGeometry(3.6, 1).translate(0, 6, 0);
  paint(crown, "#8aa35c", "#5f7a43", 2.4, 9.6);
  const trunk = new ConeGeometry(0.7, 4, 5).toNonIndexed().translate(0, 2, 0);
  paint(trunk, "#8a6b4f", "#6f543d", 0, 4);
  return mergeGeometries([crown, trunk]);
}

function paint(geometry: BufferGeometry, above: string, below: string, bottom: number, top: number): void {
  const position = geometry.getAttribute("position");
  const colours = new Float32Array(position.count * 3);
  const low = new Color(below);
  const high = new Color(above);
  for (let i = 0; i < position.count; i++) {
    const share = Math.min(1, Math.max(0, (position.getY(i) - bottom) / (top - bottom)));
    low.clone().lerp(high, share).toArray(colours, i * 3);
  }
  geometry.setAttribute("color", new BufferAttribute(colours, 3));
}

function inside([x, y]: Point, polygon: readonly Point[]): boolean {
  let within = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const [ax, ay] = polygon[i]!;
    const [bx, by] = polygon[j]!;
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) within = !within;
  }
  return within;
}

function onBuilding(point: Point, town: TownMap): boolean {
  return town.buildings.some((building) => building.height > 0 && near(point, building.footprint[0]!) && inside(point, building.footprint));
}

function near(a: Point, b: Point): boolean {
  return Math.abs(a[0] - b[0]) < 200 && Math.abs(a[1] - b[1]) < 200;
}
