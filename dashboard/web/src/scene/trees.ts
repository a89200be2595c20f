/** Trees in the parks: scattered the same way every time, one instanced mesh. */

import { BufferAttribute, Color, ConeGeometry, IcosahedronGeometry, InstancedMesh, Matrix4, ShaderMaterial, Sphere, Vector3, type BufferGeometry, type Frustum } from "three";
import { mergeGeometries, mergeVertices } from "three/addons/utils/BufferGeometryUtils.js";
import type { Point, TownMap } from "../api/types.ts";
import { hash } from "../world/motion.ts";
import { inside } from "./geometry.ts";
import { LIGHT_GLSL, light, LIT_GLSL } from "./light.ts";

const APART = 13;
const MOST = 2500;
const SQUARE = 40;
/** Metres, with room to spare. */
const TALL = 18;
const AFTER_HOUSES = -29;
const VERTEX = /* glsl */ `
attribute vec3 color;
varying vec3 vColour;
void main() {
  vColour = lit(color * instanceColor, normal);
  gl_Position = projectionMatrix * modelViewMatrix * instanceMatrix * vec4(position, 1.0);
}`;
const FRAGMENT = /* glsl */ `
varying vec3 vColour;
void main() {
  gl_FragColor = shown(hazed(vColour), 1.0);
}`;

/** All trees; `fine` ones have a second crown and facets. */
export class Trees {
  readonly mesh: InstancedMesh;
  private readonly places: Point[];
  private readonly matrices: Float32Array;
  private readonly colours: Float32Array;
  private readonly room = new Sphere();


  constructor(town: TownMap, fine: boolean) {
    this.places = scattered(town);
    const count = this.places.length;
    const material = new ShaderMaterial({ vertexShader: LIT_GLSL + VERTEX, fragmentShader: LIGHT_GLSL + FRAGMENT, uniforms: { ...light } });
    this.mesh = new InstancedMesh(fine ? treeShape() : coarseShape(), material, Math.max(1, count));
    const matrix = new Matrix4();
    const scale = new Vector3();
    this.places.forEach(([x, y], index) => {
      const luck = hash(`${x},${y}`);
      const size = 0.7 + (luck % 60) / 90;
      matrix.makeRotationY(luck % 7).scale(scale.set(size, size * (0.9 + (luck % 5) / 14), size)).setPosition(x, 0, -y);
      this.mesh.setMatrixAt(index, matrix);
      this.mesh.setColorAt(index, new Color().setHSL(0.2 + (luck % 9) / 90, 0.22, 0.86 + (luck % 5) / 40));
    });
    this.mesh.count = count;
    this.matrices = this.mesh.instanceMatrix.array.slice() as Float32Array;
    this.colours = (this.mesh.instanceColor?.array.slice() ?? new Float32Array(0)) as Float32Array;
    this.mesh.frustumCulled = false;
    this.mesh.renderOrder = AFTER_HOUSES;
  }

  /** Draw those in sight, until the next call. */
  show(sight: Frustum): void {
    const { instanceMatrix, instanceColor } = this.mesh;
    let count = 0;
    this.places.forEach(([x, y], i) => {
      this.room.center.set(x, TALL / 2, -y);
      this.room.radius = TALL;
      if (!sight.intersectsSphere(this.room)) return;
      (instanceMatrix.array as Float32Array).set(this.matrices.subarray(i * 16, i * 16 + 16), count * 16);
      (instanceColor?.array as Float32Array | undefined)?.set(this.colours.subarray(i * 3, i * 3 + 3), count * 3);
      count++;
    });
    this.mesh.count = count;
    instanceMatrix.needsUpdate = true;
    if (instanceColor !== null) instanceColor.needsUpdate = true;
  }
}

function scattered(town: TownMap): Point[] {
  const places: Point[] = [];
  const built = builtOver(town);
  for (const polygon of town.green) {
    const xs = polygon.map((point) => point[0]);
    const ys = polygon.map((point) => point[1]);
    for (let x = Math.min(...xs); x < Math.max(...xs); x += APART) {
      for (let y = Math.min(...ys); y < Math.max(...ys) && places.length < MOST; y += APART) {
        const luck = hash(`${Math.round(x)},${Math.round(y)}`);
        const [tx, ty] = [x + (luck % 11), y + ((luck >> 8) % 11)];
        if (luck % 3 !== 0 && inside(tx, ty, polygon) && !built(tx, ty)) places.push([tx, ty]);
      }
    }
  }
  return places;
}

function treeShape(): BufferGeometry {
  const crown = new IcosahedronGeometry(3.5, 0).translate(0, 5.6, 0);
  paint(crown, "#93b061", "#5d7d42", 2.2, 9);
  const second = new IcosahedronGeometry(2.2, 0).rotateY(0.7).translate(0.8, 8.4, 0.4);
  paint(second, "#a4bf6c", "#7c9a50", 6.2, 10.6);
  return mergeGeometries([crown, second, trunk(5).toNonIndexed()]);
}

/** The same from afar, with a fifth of the corners. */
function coarseShape(): BufferGeometry {
  const crown = new IcosahedronGeometry(3.7, 0).deleteAttribute("uv").deleteAttribute("normal");
  const round = mergeVertices(crown).scale(1, 1.25, 1).translate(0, 6.4, 0);
  round.computeVertexNormals();
  paint(round, "#9ab766", "#5d7d42", 2.2, 10.4);
  return mergeGeometries([round, trunk(3).deleteAttribute("uv")]);
}

function trunk(sides: number): BufferGeometry {
  const cone = new ConeGeometry(0.7, 4, sides, 1, true).translate(0, 2, 0);
  paint(cone, "#8a6b4f", "#6f543d", 0, 4);
  return cone;
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

/** Whether a point lies under a house; houses are looked up by the square that they stand in. */
function builtOver(town: TownMap): (x: number, y: number) => boolean {
  const squares = new Map<string, (readonly (readonly [number, number])[])[]>();
  const square = (value: number): number => Math.floor(value / SQUARE);
  for (const { height, footprint } of town.buildings) {
    if (height <= 0) continue;
    const [xs, ys] = [footprint.map((point) => square(point[0])), footprint.map((point) => square(point[1]))];
    for (let i = Math.min(...xs); i <= Math.max(...xs); i++) {
      for (let j = Math.min(...ys); j <= Math.max(...ys); j++) squares.set(`${i} ${j}`, [...(squares.get(`${i} ${j}`) ?? []), footprint]);
    }
  }
  return (x, y) => (squares.get(`${square(x)} ${square(y)}`) ?? []).some((footprint) => inside(x, y, footprint));
}
