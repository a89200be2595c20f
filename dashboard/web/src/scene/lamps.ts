/** Pools of lamplight along the streets, seen by night. One instanced mesh. */

import { AdditiveBlending, InstancedMesh, Matrix4, PlaneGeometry, ShaderMaterial } from "three";
import type { Point, TownMap } from "../api/types.ts";
import { LIGHT_GLSL, light } from "./light.ts";

const APART: Record<string, number> = { primary: 30, secondary: 30, tertiary: 32, residential: 36, pedestrian: 26 };
const MOST = 1500;
const SQUARE = 29;
const VERTEX = /* glsl */ `
varying vec2 vAt;
void main() {
  vAt = uv * 2.0 - 1.0;
  gl_Position = projectionMatrix * modelViewMatrix * instanceMatrix * vec4(position, 1.0);
}`;
const FRAGMENT = /* glsl */ `
varying vec2 vAt;
void main() {
  float away = length(vAt);
  float pool = pow(max(0.0, 1.0 - away), 2.2) * 0.2 + smoothstep(0.06, 0.02, away) * 0.5;
  gl_FragColor = shown(vec3(1.0, 0.44, 0.07) * pool * smoothstep(0.25, 0.9, uNight), 1.0);
}`;

export function lamps(town: TownMap): InstancedMesh {
  const places = spaced(town.ways.flatMap((way) => along(way.points as Point[], APART[way.kind] ?? 0))).slice(0, MOST);
  const mesh = new InstancedMesh(
    new PlaneGeometry(26, 26).rotateX(-Math.PI / 2),
    new ShaderMaterial({
      vertexShader: VERTEX, fragmentShader: LIGHT_GLSL + FRAGMENT, uniforms: { ...light }, transparent: true, blending: AdditiveBlending, depthWrite: false,
    }),
    places.length,
  );
  const matrix = new Matrix4();
  places.forEach(([x, y], index) => mesh.setMatrixAt(index, matrix.makeTranslation(x, 0.1, -y)));
  mesh.renderOrder = 1;
  mesh.frustumCulled = false;
  return mesh;
}

function along(points: readonly Point[], apart: number): Point[] {
  if (apart === 0) return [];
  const found: Point[] = [];
  let left = apart / 2;
  for (let i = 1; i < points.length; i++) {
    const [from, to] = [points[i - 1]!, points[i]!];
    const length = Math.hypot(to[0] - from[0], to[1] - from[1]);
    while (left < length) {
      found.push([from[0] + ((to[0] - from[0]) * left) / length, from[1] + ((to[1] - from[1]) * left) / length]);
      left += apart;
    }
    left -= length;
  }
  return found;
}

/** Many ways run beside each other; one lamp in a square is enough. */
function spaced(places: readonly Point[]): Point[] {
  const taken = new Set<string>();
  return places.filter(([x, y]) => {
    const square = `${Math.round(x / SQUARE)} ${Math.round(y / SQUARE)}`;
    if (taken.has(square)) return false;
    taken.add(square);
    return true;
  });
}
