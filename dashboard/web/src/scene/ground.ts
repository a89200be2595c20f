/** Everything flat: the board on which the town stands, parks, water, streets, and the shadows of buildings. Each is one mesh. */

import { BoxGeometry, BufferAttribute, Color, Mesh, NotEqualStencilFunc, PlaneGeometry, ReplaceStencilOp, ShaderMaterial, type BufferGeometry, type ShaderMaterialParameters } from "three";
import type { Point, TownMap } from "../api/types.ts";
import { ring, Surface } from "./geometry.ts";
import { LIGHT_GLSL, light, LIT_GLSL, LONGEST } from "./light.ts";
import { Patches } from "./patches.ts";
import { EDGE, GREEN, GROUND, KERB, KERB_FROM, SHADOW, WATER, WAYS } from "./palette.ts";

/** The board is so much larger than the map, and so thick, metres. */
const MARGIN = 14;
const THICK = 34;

const FLAT_VERTEX = /* glsl */ `
attribute vec3 color;
varying vec3 vColour;
void main() {
  vColour = lit(color, vec3(0.0, 1.0, 0.0));
  gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0);
}`;
const FLAT_FRAGMENT = /* glsl */ `
varying vec3 vColour;
void main() {
  gl_FragColor = shown(hazed(vColour), 1.0);
}`;
const WATER_VERTEX = /* glsl */ `
varying vec2 vAt;
void main() {
  vAt = position.xz;
  gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0);
}`;
const WATER_FRAGMENT = /* glsl */ `
uniform vec3 uColour;
varying vec2 vAt;
void main() {
  float wave = sin(vAt.x * 0.11 + vAt.y * 0.05 + uTime * 0.5) + sin(vAt.y * 0.17 - vAt.x * 0.03 - uTime * 0.37);
  float broad = sin(vAt.x * 0.012 - vAt.y * 0.02 + uTime * 0.06);
  vec3 colour = lit(uColour, vec3(0.0, 1.0, 0.0));
  colour = mix(colour, uZenith, 0.22 + 0.05 * broad);
  colour += uHorizon * smoothstep(1.7, 2.0, wave) * 0.1;
  gl_FragColor = shown(hazed(colour), 1.0);
}`;
const SHADOW_VERTEX = /* glsl */ `
attribute float lift;
uniform vec3 uShift;
void main() {
  gl_Position = projectionMatrix * modelViewMatrix * vec4(position + uShift * lift, 1.0);
}`;
const SHADOW_FRAGMENT = /* glsl */ `
uniform vec3 uColour;
uniform float uShadow;
void main() {
  gl_FragColor = shown(uColour, uShadow);
}`;
const SKY_FRAGMENT = /* glsl */ `
varying vec2 vAt;
void main() {
  float up = smoothstep(-0.15, 1.0, vAt.y);
  vec3 colour = mix(uHorizon, uZenith, up);
  float star = uNight > 0.4 ? step(0.9975, hash12(floor((vAt + 1.0) * 170.0))) * (uNight - 0.4) * up : 0.0;
  gl_FragColor = shown(colour + star * 0.7, 1.0);
}`;
const SKY_VERTEX = /* glsl */ `
varying vec2 vAt;
void main() {
  vAt = position.xy;
  gl_Position = vec4(position.xy, 0.9999, 1.0);
}`;

export function groundMeshes(town: TownMap): Mesh[] {
  const [x0, y0, x1, y1] = town.bounds;
  const board: Point[] = [[x0 - MARGIN, y0 - MARGIN], [x1 + MARGIN, y0 - MARGIN], [x1 + MARGIN, y1 + MARGIN], [x0 - MARGIN, y1 + MARGIN]];
  const sky = layer(new PlaneGeometry(2, 2), -20, SKY_VERTEX, SKY_FRAGMENT);
  const water = new Surface();
  for (const polygon of town.water) water.polygon(ring(polygon));
  return [
    sky,
    sides(board),
    plain([[board, GROUND], ...town.green.map((polygon): [Point[], string] => [polygon, GREEN])], -10),
    layer(water.geometry(), -9, WATER_VERTEX, WATER_FRAGMENT, { uniforms: { uColour: { value: new Color(WATER) } } }),
  ];
}

/**
 * Painter's order: what is flat is drawn in its order, after what stands on it, which hides it. Hidden ground costs nothing that way, and
 * flat things never hide one another by chance.
 */
function layer(geometry: BufferGeometry, order: number, vertex: string, fragment: string, more: ShaderMaterialParameters = {}): Mesh {
  const material = new ShaderMaterial({
    depthWrite: false, ...more, vertexShader: LIT_GLSL + vertex, fragmentShader: LIGHT_GLSL + fragment, uniforms: { ...light, ...more.uniforms },
  });
  const mesh = new Mesh(geometry, material);
  mesh.renderOrder = order;
  mesh.frustumCulled = false;
  return mesh;
}

function plain(polygons: readonly [Point[], string][], order: number): Mesh {
  const surface = new Surface();
  const colours: number[] = [];
  for (const [polygon, colour] of polygons) {
    surface.polygon(ring(polygon));
    paint(colours, surface, colour);
  }
  return layer(surface.geometry({ color: [colours, 3] }), order, FLAT_VERTEX, FLAT_FRAGMENT);
}

/** Give every corner that has none yet this colour. */
function paint(colours: number[], { corners }: Surface, colour: string): void {
  const { r, g, b } = new Color(colour);
  while (colours.length < corners * 3) colours.push(r, g, b);
}

function sides(board: readonly Point[]): Mesh {
  const [a, , c] = board as [Point, Point, Point];
  const box = new BoxGeometry(c[0] - a[0], THICK, c[1] - a[1]).translate((a[0] + c[0]) / 2, -THICK / 2 - 0.4, -(a[1] + c[1]) / 2);
  const colours: number[] = [];
  const position = box.getAttribute("position");
  for (let i = 0; i < position.count; i++) {
    const { r, g, b } = new Color(EDGE).multiplyScalar(position.getY(i) > -THICK / 2 ? 1 : 0.55);
    colours.push(r, g, b);
  }
  box.setAttribute("color", new BufferAttribute(new Float32Array(colours), 3));
  return layer(box, -12, FLAT_VERTEX, FLAT_FRAGMENT, { depthWrite: true });
}

export function ways(town: TownMap): Patches {
  const surface = new Surface();
  const colours: number[] = [];
  const lay = (points: readonly (readonly [number, number])[], half: number): void => {
    surface.ribbon(points, half);
    surface.endPiece();
  };
  for (const [kind, width] of WAYS) {
    if (width < KERB_FROM) continue;
    for (const way of town.ways) if (way.kind === kind) lay(way.points, width / 2 + 1.1);
  }
  paint(colours, surface, KERB);
  for (const [kind, width, colour] of WAYS) {
    for (const way of town.ways) if (way.kind === kind) lay(way.points, width / 2);
    paint(colours, surface, colour);
  }
  return new Patches(layer(surface.geometry({ color: [colours, 3] }), -8, FLAT_VERTEX, FLAT_FRAGMENT), surface.pieces);
}

/** Every building's outline, swept along the light. The stencil darkens a place once, however many shadows fall there. */
export function shadows(town: TownMap): Patches {
  const surface = new Surface();
  const lifts: number[] = [];
  for (const { footprint, height } of town.buildings) {
    if (height <= 0) continue;
    const outline = ring(footprint);
    const foot = surface.corners;
    for (const { x, y } of outline) surface.corner(x, y);
    const far = surface.corners;
    for (const { x, y } of outline) surface.corner(x, y);
    lifts.push(...outline.map(() => 0), ...outline.map(() => height));
    surface.polygon(outline, 0, far);
    outline.forEach((_corner, i) => {
      const next = (i + 1) % outline.length;
      surface.quad(foot + i, foot + next, far + next, far + i);
    });
    surface.endPiece(height * LONGEST);
  }
  const mesh = layer(surface.geometry({ lift: [lifts, 1] }), -7, SHADOW_VERTEX, SHADOW_FRAGMENT, {
    uniforms: { uColour: { value: new Color(SHADOW) } }, transparent: true, side: 2,
    stencilWrite: true, stencilFunc: NotEqualStencilFunc, stencilRef: 1, stencilZPass: ReplaceStencilOp,
  });
  return new Patches(mesh, surface.pieces);
}
