/** Residents: one instanced figure each, and the same again faintly where a house stands before it. */

import {
  BufferAttribute, CapsuleGeometry, CircleGeometry, Color, GreaterDepth, Group, InstancedMesh, Matrix4, MeshBasicMaterial, Mesh,
  RingGeometry, SphereGeometry, type BufferGeometry,
} from "three";
import { mergeGeometries } from "three/addons/utils/BufferGeometryUtils.js";
import { hash } from "../motion.ts";
import { CLOTHES, SELECTED, SHADOW } from "../palette.ts";
import type { Store } from "../store.ts";

/** Height of the shape in metres, before it is enlarged to be seen. */
export const FIGURE_HEIGHT = 1.8;

export class Figures {
  readonly group = new Group();
  count = 0;
  private readonly store: Store;
  private readonly shape = figureShape();
  private readonly spot = new CircleGeometry(0.55, 12).rotateX(-Math.PI / 2);
  private readonly ring: Mesh;
  private bodies: InstancedMesh[] = [];
  private capacity = 0;
  private readonly matrix = new Matrix4();

  constructor(store: Store) {
    this.store = store;
    this.ring = new Mesh(new RingGeometry(0.75, 1.0, 32).rotateX(-Math.PI / 2), new MeshBasicMaterial({ color: SELECTED, depthTest: false }));
    this.ring.renderOrder = 5;
    this.ring.visible = false;
    this.group.add(this.ring);
  }

  /** Put everybody in place. `scale` enlarges people, so that they are seen from far above. */
  update(tick: number, scale: number, selected: string | null): void {
    this.reserve(this.store.residents.size);
    let index = 0;
    this.ring.visible = false;
    for (const resident of this.store.residents.values()) {
      const at = this.store.position(resident.id);
      if (at === null) continue;
      const size = scale * (resident.building === null ? 1 : 0.82);
      const step = resident.arrives_tick !== null && tick < resident.arrives_tick ? Math.abs(Math.sin(tick * 9 + hash(resident.id))) * 0.12 : 0;
      this.matrix.makeScale(size, size, size).setPosition(at[0], step * size, -at[1]);
      const colour = this.colour(resident.id, resident.presence === "online");
      for (const body of this.bodies) body.setMatrixAt(index, this.matrix);
      for (const body of this.bodies.slice(0, 2)) body.setColorAt(index, colour);
      if (resident.id === selected) {
        this.ring.visible = true;
        this.ring.scale.setScalar(size);
        this.ring.position.set(at[0], 0.3, -at[1]);
      }
      index++;
    }
    this.count = index;
    for (const body of this.bodies) {
      body.count = index;
      body.instanceMatrix.needsUpdate = true;
      if (body.instanceColor !== null) body.instanceColor.needsUpdate = true;
    }
  }

  private colour(id: string, awake: boolean): Color {
    const colour = new Color(CLOTHES[hash(id) % CLOTHES.length]!);
    return awake ? colour : colour.lerp(new Color("#9a8f82"), 0.6);
  }

  private reserve(wanted: number): void {
    if (wanted <= this.capacity) return;
    this.capacity = Math.max(32, wanted * 2);
    for (const body of this.bodies) body.removeFromParent().dispose();
    const solid = new InstancedMesh(this.shape, new MeshBasicMaterial({ vertexColors: true }), this.capacity);
    const ghost = new InstancedMesh(
      this.shape, new MeshBasicMaterial({ vertexColors: true, transparent: true, opacity: 0.3, depthFunc: GreaterDepth, depthWrite: false }), this.capacity,
    );
    const spots = new InstancedMesh(this.spot, new MeshBasicMaterial({ color: SHADOW, transparent: true, opacity: 0.3, depthWrite: false }), this.capacity);
    solid.renderOrder = 3;
    ghost.renderOrder = 4;
    spots.renderOrder = 2;
    this.bodies = [solid, ghost, spots];
    for (const body of this.bodies) {
      body.frustumCulled = false;
      this.group.add(body);
    }
  }
}

/** Coat and head; the coat takes the instance's colour, the head stays skin, since white corners are tinted and dark ones less. */
function figureShape(): BufferGeometry {
  const coat = new CapsuleGeometry(0.38, 0.75, 3, 10).translate(0, 0.75, 0);
  const head = new SphereGeometry(0.3, 12, 8).translate(0, 1.66, 0);
  shade(coat, 0.72, 1.1, 0, 1.5);
  shade(head, 1.5, 1.9, 1.3, 1.9);
  return mergeGeometries([coat, head]);
}

function shade(geometry: BufferGeometry, below: number, above: number, bottom: number, top: number): void {
  const position = geometry.getAttribute("position");
  const colours = new Float32Array(position.count * 3);
  for (let i = 0; i < position.count; i++) {
    const share = Math.min(1, Math.max(0, (position.getY(i) - bottom) / (top - bottom)));
    colours.fill(below + (above - below) * share, i * 3, i * 3 + 3);
  }
  geometry.setAttribute("color", new BufferAttribute(colours, 3));
}
