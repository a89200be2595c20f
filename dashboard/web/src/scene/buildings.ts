/** Buildings: one mesh of them all. Windows, light and what an overlay tells are drawn by the shader, from one small texture. */

import { Color, DataTexture, FloatType, Mesh, NearestFilter, RGBAFormat, ShaderMaterial, ShapeUtils, Vector2, type BufferGeometry } from "three";
import type { MapBuilding, TownMap } from "../api/types.ts";
import { hash } from "../world/motion.ts";
import { inside, ring, Surface } from "./geometry.ts";
import { LIGHT_GLSL, light, LIT_GLSL } from "./light.ts";
import { Patches } from "./patches.ts";
import { buildingColours, SELECTED, SHOPFRONTS } from "./palette.ts";

const STOREY = 3.3;
const WINDOW = 3.1;
/** Narrower walls have no windows, metres. */
const BLIND = 2.2;

/** Houses being gathered: corners with all that the shader wants to know of them. */
class Shape extends Surface {
  private readonly normals: number[] = [];
  private readonly colours: number[] = [];
  /** along the wall in windows, up in storeys; -1 where there are none */
  private readonly walls: number[] = [];
  private readonly houses: number[] = [];

  /** Say of all corners that were added since the last call what they are. */
  mark([x, y, z]: readonly [number, number, number], { r, g, b }: Color, house: number, walls: readonly number[] | null = null): void {
    const first = this.houses.length;
    for (let i = first; i < this.corners; i++) {
      this.normals.push(x, y, z);
      this.colours.push(r, g, b);
      this.houses.push(house);
      this.walls.push(walls?.[(i - first) * 2] ?? -1, walls?.[(i - first) * 2 + 1] ?? -1);
    }
  }

  finished(): BufferGeometry {
    return this.geometry({ normal: [this.normals, 3], color: [this.colours, 3], wall: [this.walls, 2], house: [this.houses, 1] });
  }
}

const VERTEX = /* glsl */ `
attribute vec3 color;
attribute vec2 wall;
attribute float house;
varying vec3 vColour, vLight;
varying vec2 vWall;
varying float vHeight;
flat varying int vHouse;
void main() {
  vColour = color;
  vLight = lightOn(normal);
  vWall = wall;
  vHeight = position.y;
  vHouse = int(house + 0.5);
  gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0);
}`;
const FRAGMENT = /* glsl */ `
uniform sampler2D uHouses;
uniform vec3 uSelected;
uniform float uRow;
uniform bool uLaid;
varying vec3 vColour, vLight;
varying vec2 vWall;
varying float vHeight;
flat varying int vHouse;
float band(float at, float from, float to, float soft) {
  return smoothstep(from - soft, from + soft, at) - smoothstep(to - soft, to + soft, at);
}
void main() {
  ivec2 place = ivec2(vHouse % int(uRow), (vHouse / int(uRow)) * 2);
  vec4 told = uLaid ? texelFetch(uHouses, place, 0) : vec4(0.0);
  vec4 state = texelFetch(uHouses, place + ivec2(0, 1), 0);
  vec3 colour = vColour;
  vec3 glow = vec3(0.0);
  bool isWall = vWall.x >= 0.0;
  colour = mix(colour, told.rgb, told.a * (isWall ? 0.55 : 0.92));
  float foot = isWall ? mix(0.8, 1.0, smoothstep(0.0, 5.0, vHeight)) : 1.0;
  if (isWall && told.a < 0.5) {
    vec2 cell = floor(vWall);
    vec2 at = fract(vWall);
    vec2 wide = fwidth(vWall);
    float far = smoothstep(0.28, 0.75, max(wide.x, wide.y));
    bool shop = state.b > 0.5 && cell.y < 0.5;
    vec2 soft = clamp(wide * 0.6, 0.01, 0.3);
    float pane = shop ? band(at.x, 0.07, 0.93, soft.x) * band(at.y, 0.06, 0.62, soft.y) : band(at.x, 0.27, 0.73, soft.x) * band(at.y, 0.26, 0.8, soft.y);
    pane = mix(pane, shop ? 0.48 : 0.24, far);
    float luck = hash12(cell + float(vHouse) * 7.31);
    float on = shop ? state.g : mix(step(luck, state.r), state.r, far);
    vec3 glass = mix(vec3(0.16, 0.24, 0.33), uZenith, 0.35) * (0.55 + 0.45 * (1.0 - uNight));
    vec3 lamp = mix(vec3(1.0, 0.66, 0.26), vec3(1.0, 0.82, 0.5), fract(luck * 17.0));
    colour = mix(colour, glass, pane * 0.62 * (1.0 - 0.35 * far));
    glow = lamp * pane * on * smoothstep(0.05, 0.7, uNight) * 1.15;
    if (shop) {
      float awning = band(at.y, 0.64, 0.84, soft.y) * (1.0 - far);
      colour = mix(colour, mix(vec3(0.95, 0.9, 0.8), vColour * vec3(0.85, 0.42, 0.3), step(0.5, fract(vWall.x * 2.0))), awning * 0.85);
    }
  }
  colour = mix(colour, uSelected, state.a * (0.34 + 0.08 * sin(uTime * 4.0)));
  gl_FragColor = shown(hazed(dimmed(colour * foot * vLight) * (1.0 - 0.12 * uNight)) + glow + uSelected * state.a * uNight * 0.18, 1.0);
}`;

/** How wide and how high above the roof its rim is, metres. */
const RIM = 0.8;
const RIM_ABOVE = 0.2;
const ROW = 512;
/** What hides the most is drawn first. */
const FIRST = -30;

/** All buildings, and what is known of each right now. */
export class Buildings {
  readonly patches: Patches;
  private readonly town: TownMap;
  private readonly laid = { value: false };
  private readonly told: Float32Array;
  private readonly texture: DataTexture;

  /** `fine` roofs have rims. */
  constructor(town: TownMap, fine: boolean) {
    this.town = town;
    const rows = Math.max(1, Math.ceil(town.buildings.length / ROW));
    this.told = new Float32Array(ROW * rows * 2 * 4);
    this.texture = new DataTexture(this.told, ROW, rows * 2, RGBAFormat, FloatType);
    this.texture.minFilter = this.texture.magFilter = NearestFilter;
    const material = new ShaderMaterial({
      vertexShader: LIT_GLSL + VERTEX, fragmentShader: LIGHT_GLSL + FRAGMENT,
      uniforms: { ...light, uHouses: { value: this.texture }, uRow: { value: ROW }, uSelected: { value: new Color(SELECTED) }, uLaid: this.laid },
    });
    const shape = new Shape();
    town.buildings.forEach((building, number) => {
      if (building.height <= 0) return;
      pushBuilding(shape, building, number, fine);
      shape.endPiece();
    });
    const mesh = new Mesh(shape.finished(), material);
    mesh.renderOrder = FIRST;
    this.patches = new Patches(mesh, shape.pieces);
  }

  /** The building of a corner that a ray has hit. */
  at(corner: number): MapBuilding | null {
    return this.town.buildings[this.patches.mesh.geometry.getAttribute("house").getX(corner)] ?? null;
  }

  /** Say what is seen of every building. `lit` is the share of bright windows, `colour` what an overlay tells, with its strength. */
  tell(of: (building: MapBuilding) => { lit: number; open: boolean; selected: boolean; colour: Color | null }): void {
    this.laid.value = false;
    for (const [number, building] of this.town.buildings.entries()) {
      const { lit, open, selected, colour } = of(building);
      const base = (Math.floor(number / ROW) * 2 * ROW + (number % ROW)) * 4;
      const below = base + ROW * 4;
      if (colour === null) this.told.fill(0, base, base + 4);
      else {
        this.told.set([colour.r, colour.g, colour.b, 1], base);
        this.laid.value = true;
      }
      this.told.set([lit, open ? 1 : 0, SHOPFRONTS.has(building.kind) ? 1 : 0, selected ? 1 : 0], below);
    }
    this.texture.needsUpdate = true;
  }

  dispose(): void {
    this.texture.dispose();
    this.patches.mesh.geometry.dispose();
  }
}

function pushBuilding(shape: Shape, building: MapBuilding, number: number, fine: boolean): void {
  const [roofName, wallName] = buildingColours(building.kind);
  const luck = hash(building.id);
  const tint = 0.93 + ((luck % 100) / 100) * 0.12;
  const roof = new Color(roofName).multiplyScalar(tint);
  const wall = new Color(wallName).multiplyScalar(tint);
  const outline = ring(building.footprint);
  const top = building.height;
  outline.forEach((a, i) => pushWall(shape, a, outline[(i + 1) % outline.length]!, top, wall, number));
  if (pushGable(shape, outline, top, roof, wall, number)) return;
  pushFlat(shape, outline, top, roof, luck, number);
  if (fine) pushRim(shape, outline, top, roof.clone().lerp(wall, 0.55), number);
}

/** A light band along the edge of a flat roof, a hand's breadth above it. */
function pushRim(shape: Shape, outline: Vector2[], top: number, colour: Color, number: number): void {
  const outer = outline.map(({ x, y }) => shape.corner(x, y, top + RIM_ABOVE));
  const inner = outline.map((point, i) => {
    const before = outline[(i + outline.length - 1) % outline.length]!;
    const after = outline[(i + 1) % outline.length]!;
    const into = point.clone().sub(before).normalize();
    const out = after.clone().sub(point).normalize();
    const bend = Math.max(0.35, Math.sqrt(Math.max(0, (1 + into.dot(out)) / 2)));
    const way = into.add(out).normalize().multiplyScalar(RIM / bend);
    return shape.corner(point.x - way.y, point.y + way.x, top + RIM_ABOVE);
  });
  outline.forEach((_point, i) => {
    const next = (i + 1) % outline.length;
    shape.quad(outer[i]!, outer[next]!, inner[next]!, inner[i]!);
  });
  shape.mark([0, 1, 0], colour, number);
}

/** An upright face from a to b. */
function pushFace(shape: Shape, a: Vector2, b: Vector2, foot: number, top: number): void {
  shape.quad(shape.corner(a.x, a.y, foot), shape.corner(b.x, b.y, foot), shape.corner(b.x, b.y, top), shape.corner(a.x, a.y, top));
}

function pushWall(shape: Shape, a: Vector2, b: Vector2, top: number, wall: Color, number: number): void {
  const length = a.distanceTo(b);
  const [x, y] = [(b.y - a.y) / (length || 1), (a.x - b.x) / (length || 1)];
  pushFace(shape, a, b, 0, top);
  const across = Math.max(1, Math.round(length / WINDOW));
  const up = Math.max(1, Math.round(top / STOREY));
  shape.mark([x, 0, -y], wall, number, length < BLIND || top < 2.4 ? null : [0, 0, across, 0, across, up, 0, up]);
}

/** A flat roof, and a few boxes on a large one. */
function pushFlat(shape: Shape, outline: Vector2[], top: number, roof: Color, luck: number, number: number): void {
  shape.polygon(outline, top);
  shape.mark([0, 1, 0], roof, number);
  const area = ShapeUtils.area(outline);
  if (area < 260 || top < 7) return;
  const [side, lid] = [roof.clone().multiplyScalar(0.92), roof.clone().lerp(new Color("#ffffff"), 0.22)];
  const xs = outline.map((point) => point.x);
  const ys = outline.map((point) => point.y);
  const [x0, y0, w, h] = [Math.min(...xs), Math.min(...ys), Math.max(...xs) - Math.min(...xs), Math.max(...ys) - Math.min(...ys)];
  const polygon = outline.map((point) => [point.x, point.y] as const);
  for (let i = 0; i < Math.min(6, area / 260); i++) {
    const draw = hash(`${luck}/${i}`);
    const [x, y] = [x0 + ((draw % 997) / 997) * w, y0 + (((draw >>> 10) % 991) / 991) * h];
    const size = 1.1 + ((draw >>> 20) % 10) / 8;
    const corners = [[x - size, y - size], [x + size, y - size], [x + size, y + size], [x - size, y + size]] as const;
    if (!corners.every(([cx, cy]) => inside(cx, cy, polygon))) continue;
    const box = corners.map(([cx, cy]) => new Vector2(cx, cy));
    box.forEach((a, k) => {
      const b = box[(k + 1) % 4]!;
      pushFace(shape, a, b, top, top + size);
      shape.mark([(b.y - a.y) / (2 * size), 0, (b.x - a.x) / (2 * size)], side, number);
    });
    shape.polygon(box, top + size);
    shape.mark([0, 1, 0], lid, number);
  }
}

/** A pitched roof where the outline is a small rectangle; whether it was one. */
function pushGable(shape: Shape, outline: Vector2[], top: number, roof: Color, wall: Color, number: number): boolean {
  const corners = outline.filter((point, i) => {
    const before = outline[(i + outline.length - 1) % outline.length]!;
    const after = outline[(i + 1) % outline.length]!;
    const cross = (point.x - before.x) * (after.y - point.y) - (point.y - before.y) * (after.x - point.x);
    return Math.abs(cross) > 0.06 * point.distanceTo(before) * point.distanceTo(after);
  });
  if (corners.length !== 4) return false;
  let [a, b, c, d] = corners as [Vector2, Vector2, Vector2, Vector2];
  if (a.distanceTo(b) < b.distanceTo(c)) [a, b, c, d] = [b, c, d, a];
  const [long, short] = [a.distanceTo(b), b.distanceTo(c)];
  const square = Math.abs(a.distanceTo(c) - b.distanceTo(d)) < 0.08 * a.distanceTo(c);
  if (!square || short > 17 || short < 3.5 || long > 46) return false;
  const rise = Math.min(4.6, short * 0.36);
  const left = a.clone().add(d).multiplyScalar(0.5);
  const right = b.clone().add(c).multiplyScalar(0.5);
  const corner = ({ x, y }: Vector2, height: number): number => shape.corner(x, y, top + height);
  for (const [p, q, r, s] of [[a, b, right, left], [c, d, left, right]] as const) {
    shape.quad(corner(p, 0), corner(q, 0), corner(r, rise), corner(s, rise));
    const [nx, ny] = [(q.y - p.y) / long, (p.x - q.x) / long];
    const slope = Math.hypot(rise, short / 2);
    shape.mark([(nx * rise) / slope, short / 2 / slope, (-ny * rise) / slope], roof, number);
  }
  for (const [p, q, r] of [[b, c, right], [d, a, left]] as const) {
    shape.triangle(corner(p, 0), corner(q, 0), corner(r, rise));
    shape.mark([(q.y - p.y) / short, 0, (q.x - p.x) / short], wall, number);
  }
  return true;
}
