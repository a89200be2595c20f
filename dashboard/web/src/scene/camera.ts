/** The watcher's eye: moved by hand, by keys, by flights, or along with somebody. */

import { MOUSE, PerspectiveCamera, Plane, Raycaster, Spherical, TOUCH, Vector2, Vector3 } from "three";
import { MapControls } from "three/addons/controls/MapControls.js";
import type { Point } from "../api/types.ts";
import type { Nudge, Pose } from "../picture/view.ts";
import { Fingers, type Grip } from "./touch.ts";

const FLIGHT_MS = 1100;
const NEAR = 34;
const DEGREE = Math.PI / 180;
const LOWEST_TILT = 76;
/** Degrees for a pixel that two fingers go up. */
const TILT_PER_PIXEL = 0.22;
const GROUND = new Plane(new Vector3(0, 1, 0));

export class Eye {
  readonly camera = new PerspectiveCamera(34, 1, 4, 7000);
  readonly controls: MapControls;
  onMoved: (byHand: boolean) => void = () => undefined;
  private readonly calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  private flight: { from: Pose; to: Pose; began: number; lift: number } | null = null;
  private follow: (() => Point | null) | null = null;
  private readonly farthest: number;
  private readonly spherical = new Spherical();
  private readonly offset = new Vector3();
  private readonly fingers = new Fingers();
  private readonly ray = new Raycaster();
  private readonly canvas: HTMLCanvasElement;

  constructor(canvas: HTMLCanvasElement, bounds: readonly [number, number, number, number]) {
    const [x0, y0, x1, y1] = bounds;
    const span = Math.max(x1 - x0, y1 - y0);
    this.farthest = span * 1.7;
    this.canvas = canvas;
    this.controls = new MapControls(this.camera, canvas);
    this.controls.enableDamping = !this.calm.matches;
    this.controls.dampingFactor = 0.12;
    this.controls.minDistance = NEAR;
    this.controls.maxDistance = this.farthest;
    this.controls.maxPolarAngle = LOWEST_TILT * DEGREE;
    this.controls.zoomToCursor = true;
    this.controls.mouseButtons = { LEFT: MOUSE.PAN, MIDDLE: MOUSE.DOLLY, RIGHT: MOUSE.ROTATE };
    this.controls.touches = { ONE: TOUCH.PAN, TWO: null };
    this.controls.addEventListener("start", () => {
      this.flight = this.follow = null;
      this.onMoved(true);
    });
    this.controls.addEventListener("change", () => this.onMoved(false));
    for (const kind of ["pointerdown", "pointermove", "pointerup", "pointercancel"] as const) canvas.addEventListener(kind, this.feel);
    this.set({ x: (x0 + x1) / 2, y: (y0 + y1) / 2, distance: span * 0.42, turn: -24, tilt: 56 });
  }

  dispose(): void {
    for (const kind of ["pointerdown", "pointermove", "pointerup", "pointercancel"] as const) this.canvas.removeEventListener(kind, this.feel);
    this.controls.dispose();
  }

  pose(): Pose {
    const { target } = this.controls;
    this.spherical.setFromVector3(this.offset.copy(this.camera.position).sub(target));
    const { radius, theta, phi } = this.spherical;
    return { x: target.x, y: -target.z, distance: radius, turn: theta / DEGREE, tilt: phi / DEGREE };
  }

  set({ x, y, distance, turn, tilt }: Pose): void {
    this.spherical.set(Math.min(this.farthest, Math.max(NEAR, distance)), Math.min(LOWEST_TILT, Math.max(0.5, tilt)) * DEGREE, turn * DEGREE);
    this.controls.target.set(x, 0, -y);
    this.camera.position.setFromSpherical(this.spherical).add(this.controls.target);
    this.controls.update();
  }

  /** Fly to a pose, at once where the watcher wants no motion. */
  fly(to: Pose, follow: (() => Point | null) | null, now: number): void {
    this.follow = follow;
    if (this.calm.matches) {
      this.flight = null;
      this.set(to);
    } else {
      const from = this.pose();
      const away = Math.hypot(to.x - from.x, to.y - from.y);
      // A long way is flown in an arc, so that one sees where it leads.
      this.flight = { from, to, began: now, lift: Math.min(1, away / 900) * 0.55 };
    }
    this.onMoved(false);
  }

  release(): void {
    this.follow = this.flight = null;
  }

  nudge(move: Nudge, now: number): void {
    const pose = this.flight?.to ?? this.pose();
    const step = pose.distance * 0.14;
    const [sin, cos] = [Math.sin(pose.turn * DEGREE), Math.cos(pose.turn * DEGREE)];
    const go = (right: number, ahead: number): Partial<Pose> => ({ x: pose.x + right * cos - ahead * sin, y: pose.y + right * sin + ahead * cos });
    const changes: Record<Nudge, Partial<Pose>> = {
      left: go(-step, 0), right: go(step, 0), up: go(0, step), down: go(0, -step),
      nearer: { distance: pose.distance * 0.78 }, farther: { distance: pose.distance / 0.78 },
      "turn-left": { turn: pose.turn - 20 }, "turn-right": { turn: pose.turn + 20 },
      "tilt-up": { tilt: Math.min(LOWEST_TILT, pose.tilt + 8) }, "tilt-down": { tilt: Math.max(1, pose.tilt - 8) }, "tilt-to-plan": { tilt: 12 },
    };
    const moved = { ...pose, ...changes[move] };
    const stays = this.follow !== null && !["left", "right", "up", "down"].includes(move);
    this.fly(moved, stays ? this.follow : null, now);
    this.onMoved(true);
  }

  /** Go on moving. Returns whether there is more to come. */
  update(now: number): boolean {
    const grip = this.fingers.take();
    if (grip !== null) {
      this.hold(grip);
      return true;
    }
    const at = this.follow?.() ?? null;
    if (this.flight !== null) {
      const { from, to, began, lift } = this.flight;
      if (at !== null) [to.x, to.y] = at;
      const share = Math.min(1, Math.max(0, (now - began) / FLIGHT_MS));
      const s = share * share * (3 - 2 * share);
      const turned = ((((to.turn - from.turn) % 360) + 540) % 360) - 180;
      this.set({
        x: from.x + (to.x - from.x) * s, y: from.y + (to.y - from.y) * s, turn: from.turn + turned * s, tilt: from.tilt + (to.tilt - from.tilt) * s,
        distance: from.distance * (to.distance / from.distance) ** s * (1 + lift * Math.sin(Math.PI * s)),
      });
      if (share === 1) this.flight = null;
      return true;
    }
    if (at !== null) {
      const by = this.offset.set(at[0], 0, -at[1]).sub(this.controls.target);
      this.controls.target.add(by);
      this.camera.position.add(by);
    }
    return this.controls.update() || at !== null;
  }

  /** Two fingers: the controls know one. */
  private readonly feel = (event: PointerEvent): void => {
    if (event.pointerType !== "touch") return;
    const box = this.canvas.getBoundingClientRect();
    this.fingers.put(event.pointerId, event.type === "pointerdown" || event.type === "pointermove" ? [event.clientX - box.left, event.clientY - box.top] : null);
    this.onMoved(false);
  };

  /** What was under the fingers stays under them. */
  private hold({ from, to, scale, twist, rise }: Grip): void {
    const pose = this.pose();
    const before = this.ground(from);
    this.set({ ...pose, distance: pose.distance / scale, turn: pose.turn + twist / DEGREE, tilt: pose.tilt + rise * TILT_PER_PIXEL });
    const after = this.ground(to);
    if (before === null || after === null) return;
    const by = before.sub(after);
    this.controls.target.add(by);
    this.camera.position.add(by);
  }

  /** The ground at a point of the picture, if it is near enough to be held. */
  private ground([x, y]: Point): Vector3 | null {
    this.camera.updateMatrixWorld();
    this.ray.setFromCamera(new Vector2((x / this.canvas.clientWidth) * 2 - 1, 1 - (y / this.canvas.clientHeight) * 2), this.camera);
    const found = this.ray.ray.intersectPlane(GROUND, new Vector3());
    return found !== null && found.distanceTo(this.camera.position) < this.farthest * 2 ? found : null;
  }
}
