/** Rain and snow about the watcher: one draw call, nothing to compute a frame but in the shader. */

import { BufferAttribute, BufferGeometry, LineSegments, ShaderMaterial, type Vector3 } from "three";
import { LIGHT_GLSL, light } from "./light.ts";

const DROPS = 900;
const VERTEX = /* glsl */ `
attribute float end;
uniform vec3 uCentre;
uniform float uReach, uSnow;
varying float vFade;
void main() {
  vec3 box = vec3(uReach, uReach * 0.7, uReach);
  float speed = mix(70.0, 9.0, uSnow);
  vec3 at = position * box;
  at.y -= uTime * speed;
  at.xz += uSnow * vec2(sin(uTime + position.x * 40.0), cos(uTime * 0.8 + position.z * 40.0)) * 3.0;
  at = mod(at - uCentre, box) - vec3(0.5, 0.0, 0.5) * box + uCentre;
  at.y += end * mix(0.035, 0.009, uSnow) * uReach;
  at.x += end * 0.009 * uReach;
  vFade = mix(0.34, 0.8, uSnow) * (1.0 - 0.6 * end);
  gl_Position = projectionMatrix * viewMatrix * vec4(at, 1.0);
}`;
const FRAGMENT = /* glsl */ `
varying float vFade;
void main() {
  gl_FragColor = shown(mix(vec3(0.75, 0.83, 0.9), uHorizon, 0.3), vFade);
}`;

export class Weather {
  readonly lines: LineSegments;
  private readonly uniforms = { uCentre: { value: null as Vector3 | null }, uReach: { value: 300 }, uSnow: { value: 0 } };

  constructor(centre: Vector3) {
    this.uniforms.uCentre.value = centre;
    const positions = new Float32Array(DROPS * 6);
    const ends = new Float32Array(DROPS * 2);
    let seed = 1;
    const luck = (): number => (seed = (seed * 16807) % 2147483647) / 2147483647;
    for (let i = 0; i < DROPS; i++) {
      const at = [luck(), luck(), luck()];
      positions.set([...at, ...at], i * 6);
      ends[i * 2 + 1] = 1;
    }
    const geometry = new BufferGeometry();
    geometry.setAttribute("position", new BufferAttribute(positions, 3));
    geometry.setAttribute("end", new BufferAttribute(ends, 1));
    this.lines = new LineSegments(
      geometry, new ShaderMaterial({ vertexShader: VERTEX, fragmentShader: LIGHT_GLSL + FRAGMENT, uniforms: { ...light, ...this.uniforms }, transparent: true, depthWrite: false }),
    );
    this.lines.frustumCulled = false;
    this.lines.renderOrder = 8;
  }

  /** Show what falls, in a box that is as large as what the watcher sees. */
  show(weather: string, distance: number): void {
    this.lines.visible = weather === "rain" || weather === "snow";
    this.uniforms.uSnow.value = weather === "snow" ? 1 : 0;
    this.uniforms.uReach.value = Math.min(900, Math.max(120, distance));
  }
}
