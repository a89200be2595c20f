/** The town in three dimensions. */

import { Fog, MOUSE, PerspectiveCamera, Scene, TOUCH, Vector3, WebGLRenderer, Color } from "three";
import { MapControls } from "three/addons/controls/MapControls.js";
import { PAPER } from "../palette.ts";
import type { Store } from "../store.ts";
import type { Point, TownMap } from "../types.ts";
import type { Facts, Screen, View } from "../view.ts";
import { buildingMeshes } from "./buildings.ts";
import { FIGURE_HEIGHT, Figures } from "./figures.ts";
import { groundMeshes } from "./ground.ts";
import { trees } from "./trees.ts";

const FLIGHT_MS = 900;
/** A frame that takes longer than this, several times over, lowers the resolution. */
const SLOW_MS = 60;

export class TownScene implements View {
  readonly kind = "3d";
  onMoved: () => void = () => undefined;
  private readonly renderer: WebGLRenderer;
  private readonly scene = new Scene();
  private readonly camera = new PerspectiveCamera(38, 1, 2, 6000);
  private readonly controls: MapControls;
  private readonly figures: Figures;
  private readonly calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  private readonly probe = new Vector3();
  private selected: string | null = null;
  private flight: { from: Vector3; to: Vector3; eye: Vector3; eyeTo: Vector3; began: number } | null = null;
  private follow: (() => Point | null) | null = null;
  private width = 1;
  private height = 1;
  private slow = 0;
  private pixels = Math.min(window.devicePixelRatio, 2);

  constructor(canvas: HTMLCanvasElement, town: TownMap, store: Store) {
    this.renderer = new WebGLRenderer({ canvas, antialias: window.devicePixelRatio < 2, stencil: true, powerPreference: "high-performance" });
    this.scene.background = new Color(PAPER);
    this.figures = new Figures(store);
    const woods = trees(town);
    this.scene.add(...groundMeshes(town), ...buildingMeshes(town), ...(woods === null ? [] : [woods]), this.figures.group);
    this.controls = this.controlsFor(canvas, town);
    this.controls.addEventListener("change", () => this.onMoved());
  }

  resize(width: number, height: number): void {
    this.width = width;
    this.height = height;
    this.camera.aspect = width / Math.max(1, height);
    this.camera.updateProjectionMatrix();
    this.renderer.setPixelRatio(this.pixels);
    this.renderer.setSize(width, height, false);
  }

  draw(tick: number, now: number): boolean {
    const began = performance.now();
    this.fly(now);
    const moving = this.controls.update() || this.flight !== null;
    this.figures.update(tick, this.figureScale(), this.selected);
    this.renderer.render(this.scene, this.camera);
    this.adapt(performance.now() - began);
    return moving;
  }

  project([x, y]: Point, height: number): Screen {
    this.probe.set(x, height * FIGURE_HEIGHT * this.figureScale(), -y).project(this.camera);
    const visible = this.probe.z < 1 && Math.abs(this.probe.x) < 1.1 && Math.abs(this.probe.y) < 1.1;
    return { x: ((this.probe.x + 1) / 2) * this.width, y: ((1 - this.probe.y) / 2) * this.height, depth: visible ? this.probe.z : null };
  }

  flyTo([x, y]: Point, follow?: () => Point | null): void {
    this.follow = follow ?? null;
    const to = new Vector3(x, 0, -y);
    const offset = this.camera.position.clone().sub(this.controls.target);
    offset.setLength(Math.min(offset.length(), 320));
    const eyeTo = to.clone().add(offset);
    if (this.calm.matches) {
      this.controls.target.copy(to);
      this.camera.position.copy(eyeTo);
      this.onMoved();
      return;
    }
    this.flight = { from: this.controls.target.clone(), to, eye: this.camera.position.clone(), eyeTo, began: performance.now() };
    this.onMoved();
  }

  select(id: string | null): void {
    this.selected = id;
  }

  facts(): Facts {
    return { figures: this.figures.count, drawCalls: this.renderer.info.render.calls, triangles: this.renderer.info.render.triangles };
  }

  dispose(): void {
    this.controls.dispose();
    this.renderer.dispose();
  }

  /** People grow with the distance, so that a figure is never smaller than a fingertip's tenth. */
  private figureScale(): number {
    const distance = this.camera.position.distanceTo(this.controls.target);
    return Math.min(14, Math.max(1.4, distance / 75));
  }

  private controlsFor(canvas: HTMLCanvasElement, town: TownMap): MapControls {
    const [x0, y0, x1, y1] = town.bounds;
    const span = Math.max(x1 - x0, y1 - y0);
    const centre = new Vector3((x0 + x1) / 2, 0, -(y0 + y1) / 2);
    const controls = new MapControls(this.camera, canvas);
    controls.target.copy(centre);
    this.camera.position.copy(centre).add(new Vector3(-0.2 * span, 0.42 * span, 0.5 * span));
    this.scene.fog = new Fog(PAPER, span * 0.9, span * 2.4);
    controls.enableDamping = !this.calm.matches;
    controls.dampingFactor = 0.12;
    controls.minDistance = 30;
    controls.maxDistance = span * 1.4;
    controls.maxPolarAngle = 1.38;
    controls.zoomToCursor = true;
    controls.mouseButtons = { LEFT: MOUSE.PAN, MIDDLE: MOUSE.DOLLY, RIGHT: MOUSE.ROTATE };
    controls.touches = { ONE: TOUCH.PAN, TWO: TOUCH.DOLLY_ROTATE };
    controls.listenToKeyEvents(canvas);
    controls.keyPanSpeed = 30;
    controls.addEventListener("start", () => (this.flight = this.follow = null));
    return controls;
  }

  private fly(now: number): void {
    const at = this.follow?.() ?? null;
    if (this.flight === null) {
      if (at !== null) this.shift(this.probe.set(at[0], 0, -at[1]).sub(this.controls.target));
      return;
    }
    if (at !== null) {
      const moved = new Vector3(at[0], 0, -at[1]).sub(this.flight.to);
      this.flight.to.add(moved);
      this.flight.eyeTo.add(moved);
    }
    const share = Math.min(1, Math.max(0, (now - this.flight.began) / FLIGHT_MS));
    const eased = share * share * (3 - 2 * share);
    this.controls.target.lerpVectors(this.flight.from, this.flight.to, eased);
    this.camera.position.lerpVectors(this.flight.eye, this.flight.eyeTo, eased);
    if (share === 1) this.flight = null;
  }

  private shift(by: Vector3): void {
    this.controls.target.add(by);
    this.camera.position.add(by);
  }

  private adapt(took: number): void {
    this.slow = took > SLOW_MS ? this.slow + 1 : 0;
    if (this.slow < 6 || this.pixels <= 0.75) return;
    this.slow = 0;
    this.pixels = Math.max(0.75, this.pixels * 0.75);
    this.resize(this.width, this.height);
  }
}

/** Whether this browser draws with WebGL 2. */
export function hasWebGl(): boolean {
  try {
    return document.createElement("canvas").getContext("webgl2") !== null;
  } catch {
    return false;
  }
}
