/** The town in three dimensions. */

import { Frustum, Matrix4, Mesh, Raycaster, Scene, Vector2, Vector3, WebGLRenderer } from "three";
import type { MapBuilding, Point, TownMap } from "../api/types.ts";
import { buildingColour, personColour } from "../overlays/colours.ts";
import type { Facts, Nudge, Pose, Screen, View } from "../picture/view.ts";
import type { Store } from "../store/store.ts";
import { minuteOf } from "../store/time.ts";
import { hash } from "../world/motion.ts";
import { Buildings } from "./buildings.ts";
import { Eye } from "./camera.ts";
import { FIGURE_HEIGHT, Figures } from "./figures.ts";
import { groundMeshes, shadows, ways } from "./ground.ts";
import { lamps } from "./lamps.ts";
import { airAt, light, lightAt } from "./light.ts";
import { tierOf, type Quality, type Tier } from "./quality.ts";
import type { Patches } from "./patches.ts";
import { Trees } from "./trees.ts";
import { Weather } from "./weather.ts";

const NOON = 750;
/** So many slow pictures lower the resolution. */
const PATIENCE = 8;

export class TownScene implements View {
  readonly kind = "3d";
  onMoved: (byHand: boolean) => void = () => undefined;
  private readonly renderer: WebGLRenderer;
  private readonly scene = new Scene();
  private readonly eye: Eye;
  private readonly figures: Figures;
  private readonly buildings: Buildings;
  private lamps: Mesh | null = null;
  /** of which only what is in sight is drawn */
  private readonly parts: (Patches | Trees)[] = [];
  private readonly sight = new Frustum();
  private readonly matrix = new Matrix4();
  /** what the first picture can do without; a part comes with each picture after it */
  private readonly later: (() => void)[];
  private readonly weather: Weather;
  private readonly store: Store;
  private readonly tier: Tier;
  private readonly probe = new Vector3();
  private whole = false;
  private person: string | null = null;
  private place: string | null = null;
  private width = 1;
  private height = 1;
  private pixels: number;
  private slow = 0;
  private last = 0;
  private stale = true;
  private litFor = -1;

  constructor(canvas: HTMLCanvasElement, town: TownMap, store: Store, quality: Quality, renderer: string) {
    this.tier = tierOf(quality, renderer);
    this.renderer = new WebGLRenderer({ canvas, antialias: this.tier.antialias, stencil: true, powerPreference: "high-performance" });
    this.pixels = Math.min(window.devicePixelRatio, this.tier.most) * (this.tier.most < 1 ? this.tier.most : 1);
    this.store = store;
    this.eye = new Eye(canvas, town.bounds);
    this.eye.onMoved = (byHand) => this.onMoved(byHand);
    this.buildings = new Buildings(town, this.tier.fine);
    this.figures = new Figures(store.world, this.tier.fine);
    this.weather = new Weather(this.eye.controls.target);
    this.scene.add(...groundMeshes(town), this.figures.group, this.weather.lines);
    const part = (patches: Patches | Trees): void => {
      this.parts.push(patches);
      this.scene.add(patches.mesh);
    };
    part(this.buildings.patches);
    part(ways(town));
    this.later = [
      () => part(shadows(town)),
      () => part(new Trees(town, this.tier.fine)),
      () => {
        this.lamps = lamps(town);
        this.scene.add(this.lamps);
      },
    ];
  }

  resize(width: number, height: number): void {
    this.width = width;
    this.height = height;
    this.eye.camera.aspect = width / Math.max(1, height);
    this.eye.camera.updateProjectionMatrix();
    this.renderer.setPixelRatio(this.pixels);
    this.renderer.setSize(width, height, false);
  }

  draw(tick: number, now: number): boolean {
    const moving = this.eye.update(now);
    const clock = this.store.world.clock;
    const weather = clock?.weather ?? "clear";
    const minute = clock === null ? NOON : minuteOf(this.store.start, tick);
    // What an overlay tells is told in colours, so it is told by daylight.
    const laid = this.store.get().overlay !== null;
    lightAt(laid ? NOON : minute, laid ? "clear" : weather);
    airAt(this.eye.pose().distance, laid ? "none" : weather);
    light.uTime.value = (tick * 6) % 4096;
    if (this.lamps !== null) this.lamps.visible = light.uNight.value > 0.25;
    this.weather.show(this.tier.weather ? weather : "clear", this.eye.pose().distance);
    if (this.stale || Math.abs(minute - this.litFor) >= 5) this.tell(minute);
    this.look();
    this.figures.update(this.sight, tick, this.figureScale(), this.person, personColour(this.store));
    this.renderer.render(this.scene, this.eye.camera);
    this.adapt(now, moving);
    this.whole = this.later.length === 0;
    if (clock !== null) this.later.shift()?.();
    return moving || !this.whole;
  }

  project([x, y]: Point, height: number, figure = false): Screen {
    const tall = figure ? height * FIGURE_HEIGHT * this.figureScale() : height;
    this.probe.set(x, tall, -y).project(this.eye.camera);
    const seen = this.probe.z < 1 && Math.abs(this.probe.x) < 1.1 && Math.abs(this.probe.y) < 1.1;
    return { x: ((this.probe.x + 1) / 2) * this.width, y: ((1 - this.probe.y) / 2) * this.height, depth: seen ? this.probe.z : null };
  }

  flyTo([x, y]: Point, { distance, follow }: { distance?: number; follow?: () => Point | null } = {}): void {
    const pose = this.pose();
    this.eye.fly({ ...pose, x, y, distance: distance ?? Math.min(pose.distance, 260), tilt: Math.max(pose.tilt, 50) }, follow ?? null, performance.now());
  }

  pose(): Pose {
    return this.eye.pose();
  }

  setPose(pose: Pose): void {
    this.eye.release();
    this.eye.set(pose);
    this.onMoved(false);
  }

  nudge(move: Nudge): void {
    this.eye.nudge(move, performance.now());
  }

  buildingAt(x: number, y: number): string | null {
    const ray = new Raycaster();
    ray.setFromCamera(new Vector2((x / this.width) * 2 - 1, 1 - (y / this.height) * 2), this.eye.camera);
    const hit = ray.intersectObject(this.buildings.patches.mesh, false)[0];
    const corner = hit?.face?.a;
    return hit === undefined || corner === undefined ? null : (this.buildings.at(corner)?.id ?? null);
  }

  select(person: string | null, place: string | null): void {
    this.stale ||= place !== this.place;
    [this.person, this.place] = [person, place];
  }

  refresh(): void {
    this.stale = true;
  }

  outline(): Point[] {
    const ray = new Raycaster();
    const { y: eyeHeight } = this.eye.camera.position;
    return ([[-1, -1], [1, -1], [1, 1], [-1, 1]] as const).map(([x, y]) => {
      ray.setFromCamera(new Vector2(x, y), this.eye.camera);
      const { origin, direction } = ray.ray;
      const away = direction.y < -0.05 ? -eyeHeight / direction.y : 4000;
      return [origin.x + direction.x * away, -(origin.z + direction.z * away)];
    });
  }

  facts(): Facts {
    return { figures: this.figures.count, drawCalls: this.renderer.info.render.calls, triangles: this.renderer.info.render.triangles, sharpness: this.pixels, whole: this.whole };
  }

  dispose(): void {
    this.eye.dispose();
    this.buildings.dispose();
    this.scene.traverse((thing) => {
      if (thing instanceof Mesh) thing.geometry.dispose();
    });
    this.renderer.dispose();
  }

  /** Windows are bright where somebody is in and awake, and some for those who are not residents of ours, as many as the hour has. */
  private tell(minute: number): void {
    this.stale = false;
    this.litFor = minute;
    const { world } = this.store;
    const paint = buildingColour(this.store);
    const hour = (minute / 60) % 24;
    const late = hour >= 17 && hour < 23 ? 0.42 : hour >= 23 || hour < 0.5 ? 0.2 : hour < 5.5 ? 0.07 : 0.3;
    this.buildings.tell((house: MapBuilding) => {
      const home = house.kind === "home";
      const open = world.buildings.get(house.id)?.open ?? false;
      const awake = (world.inside.get(house.id) ?? []).some((id) => world.residents.get(id)?.doing !== "sleeping");
      const share = home ? late : open ? 0.6 : 0.06;
      return {
        lit: Math.min(0.95, share * (0.6 + (hash(house.id) % 80) / 100) + (awake ? 0.45 : 0)), open: open || awake, selected: house.id === this.place, colour: paint?.(house.id) ?? null,
      };
    });
  }

  /** See what is in sight, and leave out the rest. */
  private look(): void {
    const { camera } = this.eye;
    camera.updateMatrixWorld();
    this.sight.setFromProjectionMatrix(this.matrix.multiplyMatrices(camera.projectionMatrix, camera.matrixWorldInverse));
    for (const part of this.parts) part.show(this.sight);
  }

  /** People grow with the distance, so that a figure is never smaller than a fingertip's tenth. */
  private figureScale(): number {
    return Math.min(13, Math.max(1.25, this.eye.pose().distance / 72));
  }

  private adapt(now: number, moving: boolean): void {
    const took = now - this.last;
    this.last = now;
    if (!this.tier.adapts || !moving || took > 400) return;
    this.slow = took > this.tier.slow ? this.slow + 1 : Math.max(0, this.slow - 1);
    if (this.slow < PATIENCE || this.pixels <= this.tier.least) return;
    this.slow = 0;
    this.pixels = Math.max(this.tier.least, this.pixels * 0.8);
    this.resize(this.width, this.height);
  }
}

