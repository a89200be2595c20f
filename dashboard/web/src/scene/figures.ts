/** Residents: one instanced figure each that walks on its legs, and the same again faintly where a house stands before it. */

import {
  BufferAttribute, CapsuleGeometry, CircleGeometry, Color, CylinderGeometry, DynamicDrawUsage, GreaterDepth, Group, InstancedBufferAttribute,
  InstancedBufferGeometry, Mesh, MeshBasicMaterial, OctahedronGeometry, RingGeometry, ShaderMaterial, Sphere, SphereGeometry, type BufferGeometry, type Frustum,
} from "three";
import { mergeGeometries, mergeVertices } from "three/addons/utils/BufferGeometryUtils.js";
import type { World } from "../store/world.ts";
import { hash, walking } from "../world/motion.ts";
import { LIGHT_GLSL, light } from "./light.ts";
import { CLOTHES, HAIR, SELECTED, SHADOW, SKIN } from "./palette.ts";

/** Height of the shape in metres, before it is enlarged to be seen. */
export const FIGURE_HEIGHT = 1.95;
/** More people than this are drawn with fewer corners each. */
const FINE_AT_MOST = 120;
/** Parts of a figure as the shader knows them. */
const PART = { coat: 0, skin: 1, hair: 2, left: 3, right: 4 } as const;

const VERTEX = /* glsl */ `
attribute float part;
attribute vec4 place;
attribute vec4 move;
attribute vec3 coat, skin, hair;
varying vec3 vColour, vNormal;
varying float vInside;
void main() {
  vec3 at = position;
  vec3 facing = normal;
  float stride = sin(move.y) * move.x;
  if (part > 2.5) {
    float angle = stride * 0.75 * (part > 3.5 ? -1.0 : 1.0) * (at.y > 0.8 ? -0.8 : 1.0);
    float hinge = at.y > 0.8 ? 1.3 : 0.72;
    at = vec3(at.x, hinge + (at.y - hinge) * cos(angle), at.z + (at.y - hinge) * sin(angle));
  }
  at.y += abs(cos(move.y)) * move.x * 0.09;
  float c = cos(place.w), s = sin(place.w);
  at = vec3(c * at.x + s * at.z, at.y, -s * at.x + c * at.z) * move.z;
  vNormal = vec3(c * facing.x + s * facing.z, facing.y, -s * facing.x + c * facing.z);
  vColour = part < 0.5 ? coat : part < 1.5 ? skin : part < 2.5 ? hair : coat * 0.55;
  vInside = move.w;
  gl_Position = projectionMatrix * viewMatrix * vec4(at + place.xyz, 1.0);
}`;
const FRAGMENT = /* glsl */ `
uniform float uGhost;
varying vec3 vColour, vNormal;
varying float vInside;
void main() {
  vec3 colour = lit(vColour, normalize(vNormal)) * (1.0 + 0.25 * uNight) + vColour * 0.08;
  gl_FragColor = shown(mix(colour, vColour + 0.15, uGhost), mix(1.0, 0.26 + 0.3 * vInside, uGhost));
}`;

export class Figures {
  readonly group = new Group();
  count = 0;
  private readonly world: World;
  private readonly fine: boolean;
  private readonly ring: Mesh;
  private geometry: InstancedBufferGeometry | null = null;
  private faint: InstancedBufferGeometry | null = null;
  private spots: InstancedBufferGeometry | null = null;
  private bodies: Mesh[] = [];
  private capacity = 0;
  private dressed: string[] = [];
  private readonly room = new Sphere();
  private readonly solid = bodyMaterial(false);
  private readonly ghost = bodyMaterial(true);
  private readonly spot = new ShaderMaterial({
    vertexShader: /* glsl */ `attribute vec4 place; attribute vec4 move;
      void main() { gl_Position = projectionMatrix * viewMatrix * vec4(position * move.z + vec3(place.x, 0.05, place.z), 1.0); }`,
    fragmentShader: /* glsl */ `uniform vec3 uColour; void main() { gl_FragColor = vec4(uColour, 0.28); }`,
    uniforms: { uColour: { value: new Color(SHADOW) } }, transparent: true, depthWrite: false,
  });

  constructor(world: World, fine: boolean) {
    this.world = world;
    this.fine = fine;
    this.ring = new Mesh(new RingGeometry(0.75, 1.05, 40).rotateX(-Math.PI / 2), new MeshBasicMaterial({ color: SELECTED, depthTest: false, transparent: true }));
    this.ring.renderOrder = 5;
    this.ring.visible = false;
    this.group.add(this.ring);
  }

  /** Put everybody in sight in place. `scale` enlarges people, so that they are seen from far above. */
  update(sight: Frustum, tick: number, scale: number, selected: string | null, tint: ((id: string) => Color | null) | null): void {
    this.reserve(this.world.residents.size);
    const { geometry } = this;
    if (geometry === null) return;
    const place = geometry.getAttribute("place") as InstancedBufferAttribute;
    const move = geometry.getAttribute("move") as InstancedBufferAttribute;
    let index = 0;
    this.count = 0;
    this.ring.visible = false;
    for (const resident of this.world.residents.values()) {
      const at = this.world.position(resident.id, tick);
      if (at === null) continue;
      this.count++;
      this.room.center.set(at[0], scale, -at[1]);
      this.room.radius = scale * FIGURE_HEIGHT;
      if (!sight.intersectsSphere(this.room)) continue;
      const goes = walking(resident, tick);
      const indoors = resident.building !== null && !goes;
      const size = indoors ? Math.min(scale, 1.3 + scale * 0.45) : scale;
      const luck = hash(resident.id);
      place.setXYZW(index, at[0], 0, -at[1], goes ? this.world.heading(resident.id, tick) : (luck % 628) / 100);
      // One stride is about 1.5 m of a figure's own size, so that feet do not slide.
      move.setXYZW(index, goes ? 1 : 0, ((this.world.walked(resident, tick) / size) * 2 * Math.PI) / 1.5 + luck, size, indoors ? 1 : 0);
      this.dress(index, resident.id, resident.presence === "offline", tint?.(resident.id) ?? null);
      if (resident.id === selected) {
        this.ring.visible = true;
        this.ring.scale.setScalar(size);
        this.ring.position.set(at[0], 0.3, -at[1]);
      }
      index++;
    }
    for (const shape of [geometry, this.faint!, this.spots!]) shape.instanceCount = index;
    place.needsUpdate = move.needsUpdate = true;
  }

  private dress(index: number, id: string, away: boolean, tint: Color | null): void {
    const worn = `${id}${away ? "-" : ""}${tint === null ? "" : tint.getHexString()}`;
    if (this.dressed[index] === worn || this.geometry === null) return;
    this.dressed[index] = worn;
    const luck = hash(id);
    const coat = tint ?? new Color(CLOTHES[luck % CLOTHES.length]);
    if (away) coat.lerp(new Color("#9a8f82"), 0.6);
    const set = (name: string, colour: Color): void => {
      const attribute = this.geometry!.getAttribute(name) as InstancedBufferAttribute;
      attribute.setXYZ(index, colour.r, colour.g, colour.b);
      attribute.needsUpdate = true;
    };
    set("coat", coat);
    set("skin", new Color(SKIN[(luck >>> 4) % SKIN.length]));
    set("hair", new Color(HAIR[(luck >>> 8) % HAIR.length]));
  }

  private reserve(wanted: number): void {
    if (wanted <= this.capacity) return;
    this.capacity = Math.max(32, wanted * 2);
    this.dressed = [];
    for (const body of this.bodies) body.removeFromParent();
    this.geometry?.dispose();
    this.faint?.dispose();
    this.spots?.dispose();
    this.geometry = instanced(figureShape(wanted <= FINE_AT_MOST && this.fine));
    for (const [name, size] of [["place", 4], ["move", 4], ["coat", 3], ["skin", 3], ["hair", 3]] as const) {
      this.geometry.setAttribute(name, new InstancedBufferAttribute(new Float32Array(this.capacity * size), size).setUsage(DynamicDrawUsage));
    }
    this.spots = instanced(new CircleGeometry(0.6, 10).rotateX(-Math.PI / 2));
    this.faint = instanced(faintShape());
    for (const name of ["place", "move", "coat", "skin", "hair"]) {
      const shared = this.geometry.getAttribute(name);
      this.faint.setAttribute(name, shared);
      if (name === "place" || name === "move") this.spots.setAttribute(name, shared);
    }
    const orders: [InstancedBufferGeometry, ShaderMaterial, number][] = [[this.spots, this.spot, 2], [this.geometry, this.solid, 3], [this.faint, this.ghost, 4]];
    this.bodies = orders.map(([shape, material, order]) => {
      const body = new Mesh(shape, material);
      body.renderOrder = order;
      body.frustumCulled = false;
      this.group.add(body);
      return body;
    });
  }
}

function bodyMaterial(ghost: boolean): ShaderMaterial {
  return new ShaderMaterial({
    vertexShader: VERTEX, fragmentShader: LIGHT_GLSL + FRAGMENT, uniforms: { ...light, uGhost: { value: ghost ? 1 : 0 } },
    ...(ghost ? { transparent: true, depthFunc: GreaterDepth, depthWrite: false } : {}),
  });
}

function instanced(shape: BufferGeometry): InstancedBufferGeometry {
  const geometry = new InstancedBufferGeometry();
  geometry.index = shape.index;
  for (const [name, attribute] of Object.entries(shape.attributes)) geometry.setAttribute(name, attribute);
  return geometry;
}

/** Legs, coat, arms, head, hair; it faces south (towards +z) when unturned. Coarse for crowds and for slow machines. */
function figureShape(fine: boolean): BufferGeometry {
  const round = fine ? 10 : 6;
  const limb = (x: number, from: number, to: number, thick: number): BufferGeometry =>
    new CylinderGeometry(thick, thick * 0.85, to - from, fine ? 6 : 4, 1, !fine).translate(x, (from + to) / 2, 0);
  return mergeGeometries([
    named(limb(-0.14, 0, 0.72, 0.12), PART.left),
    named(limb(0.14, 0, 0.72, 0.12), PART.right),
    named(limb(0.4, 0.82, 1.3, 0.09), PART.left),
    named(limb(-0.4, 0.82, 1.3, 0.09), PART.right),
    named(new CapsuleGeometry(0.3, 0.5, fine ? 2 : 1, round - 1).translate(0, 1.02, 0), PART.coat),
    named(new SphereGeometry(0.29, round, fine ? 8 : 4).translate(0, 1.66, 0), PART.skin),
    named(new SphereGeometry(0.31, round, fine ? 5 : 2, 0, 2 * Math.PI, 0, 1.45).rotateX(-0.3).translate(0, 1.69, -0.02), PART.hair),
  ]);
}

/** Somebody seen through walls: an outline is enough. */
function faintShape(): BufferGeometry {
  return mergeGeometries([
    named(new CylinderGeometry(0.3, 0.2, 1.3, 6, 1, true).translate(0, 0.68, 0), PART.coat),
    named(new CylinderGeometry(0.1, 0.3, 0.2, 6, 1, true).translate(0, 1.43, 0), PART.coat),
    named(indexed(new OctahedronGeometry(0.33, 1).translate(0, 1.68, 0)), PART.skin),
  ]);
}

/** With corners that are shared, as the other parts have them. */
function indexed(geometry: BufferGeometry): BufferGeometry {
  return mergeVertices(geometry.deleteAttribute("uv"));
}

function named(geometry: BufferGeometry, part: number): BufferGeometry {
  geometry.deleteAttribute("uv");
  geometry.setAttribute("part", new BufferAttribute(new Float32Array(geometry.getAttribute("position").count).fill(part), 1));
  return geometry;
}
