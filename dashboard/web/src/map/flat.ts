/** The town as a flat map on a plain canvas, for browsers without WebGL and for who prefers it. */

import type { Point, TownMap } from "../api/types.ts";
import { buildingColour, personColour } from "../overlays/colours.ts";
import type { Facts, Nudge, Pose, Screen, View } from "../picture/view.ts";
import { inside } from "../scene/geometry.ts";
import { CLOTHES, GROUND, SELECTED } from "../scene/palette.ts";
import type { Store } from "../store/store.ts";
import { minuteOf } from "../store/time.ts";
import { hash } from "../world/motion.ts";
import { ground, houses, houseShadows, paint, roofOf, type Layer } from "./drawing.ts";
import { streetNames, type StreetName } from "./streets.ts";

const STREET_FONT = '11px system-ui, "DejaVu Sans", sans-serif';
const NEAREST = 12;
const FARTHEST = 0.15;
/** A flat map that shows as much as a 3D picture from `distance` metres has this many pixels a metre times the distance. */
const PIXELS_FROM = 520;

export class FlatMap implements View {
  readonly kind = "2d";
  onMoved: (byHand: boolean) => void = () => undefined;
  private readonly context: CanvasRenderingContext2D;
  private readonly canvas: HTMLCanvasElement;
  private readonly town: TownMap;
  private readonly store: Store;
  private readonly ground: Layer[];
  private readonly shadows: Layer;
  private readonly streets: StreetName[];
  /** widths of names, CSS pixels */
  private readonly widths = new Map<string, number>();
  private houses: Layer[] | null = null;
  private readonly fingers = new Map<number, Point>();
  private readonly stop = new AbortController();
  private centre: Point;
  /** CSS pixels a metre */
  private zoom = 1;
  private fitted = false;
  private width = 1;
  private height = 1;
  private follow: (() => Point | null) | null = null;
  private person: string | null = null;
  private place: string | null = null;
  private count = 0;

  constructor(canvas: HTMLCanvasElement, town: TownMap, store: Store) {
    const context = canvas.getContext("2d");
    if (context === null) throw new Error("this browser draws no canvas");
    this.context = context;
    this.canvas = canvas;
    this.town = town;
    this.store = store;
    const [x0, y0, x1, y1] = town.bounds;
    this.centre = [(x0 + x1) / 2, (y0 + y1) / 2];
    this.ground = ground(town);
    this.shadows = houseShadows(town);
    this.streets = streetNames(town);
    this.listen();
  }

  resize(width: number, height: number): void {
    this.width = width;
    this.height = height;
    const pixels = Math.min(window.devicePixelRatio, 2);
    this.canvas.width = Math.round(width * pixels);
    this.canvas.height = Math.round(height * pixels);
    if (!this.fitted && width > 1) {
      const [x0, y0, x1, y1] = this.town.bounds;
      this.zoom = Math.max(width / (x1 - x0), height / (y1 - y0));
      this.fitted = true;
    }
  }

  draw(tick: number, _now: number): boolean {
    this.centre = this.follow?.() ?? this.centre;
    const pixels = this.canvas.width / Math.max(1, this.width);
    const c = this.context;
    c.setTransform(1, 0, 0, 1, 0, 0);
    c.fillStyle = GROUND;
    c.fillRect(0, 0, this.canvas.width, this.canvas.height);
    c.setTransform(pixels * this.zoom, 0, 0, -pixels * this.zoom, pixels * (this.width / 2 - this.centre[0] * this.zoom),
      pixels * (this.height / 2 + this.centre[1] * this.zoom));
    this.houses ??= this.painted();
    paint(c, [...this.ground, this.shadows, ...this.houses]);
    this.chosenHouse(c);
    if (this.store.get().overlay === null) {
      c.setTransform(1, 0, 0, 1, 0, 0);
      c.fillStyle = `rgb(24 30 62 / ${(darkness(minuteOf(this.store.start, tick)) * 46).toFixed(0)}%)`;
      c.fillRect(0, 0, this.canvas.width, this.canvas.height);
    }
    this.names(c, pixels);
    c.setTransform(pixels, 0, 0, pixels, 0, 0);
    this.people(c, tick);
    return false;
  }

  project([x, y]: Point, height: number, figure = false): Screen {
    const sx = this.width / 2 + (x - this.centre[0]) * this.zoom;
    const sy = this.height / 2 - (y - this.centre[1]) * this.zoom - (figure ? (height - 0.5) * 16 : 0);
    return { x: sx, y: sy, depth: sx > -20 && sy > -20 && sx < this.width + 20 && sy < this.height + 20 ? 0.5 : null };
  }

  flyTo(point: Point, { distance, follow }: { distance?: number; follow?: () => Point | null } = {}): void {
    this.follow = follow ?? null;
    this.centre = point;
    this.zoom = Math.min(NEAREST, distance === undefined ? Math.max(this.zoom, 2.2) : PIXELS_FROM / distance);
    this.fitted = true;
    this.onMoved(false);
  }

  pose(): Pose {
    return { x: this.centre[0], y: this.centre[1], distance: PIXELS_FROM / this.zoom, turn: 0, tilt: 0 };
  }

  setPose({ x, y, distance }: Pose): void {
    this.follow = null;
    this.fitted = true;
    this.centre = [x, y];
    this.zoom = Math.min(NEAREST, Math.max(FARTHEST, PIXELS_FROM / distance));
    this.onMoved(false);
  }

  nudge(move: Nudge): void {
    const step = 60 / this.zoom;
    const moves: Partial<Record<Nudge, Point>> = { left: [-step, 0], right: [step, 0], up: [0, step], down: [0, -step] };
    const by = moves[move];
    if (by !== undefined) {
      this.follow = null;
      this.centre = [this.centre[0] + by[0], this.centre[1] + by[1]];
    } else if (move === "nearer" || move === "farther") this.zoomBy(move === "nearer" ? 1.28 : 0.78, this.width / 2, this.height / 2);
    this.onMoved(true);
  }

  buildingAt(x: number, y: number): string | null {
    const [px, py] = [this.centre[0] + (x - this.width / 2) / this.zoom, this.centre[1] - (y - this.height / 2) / this.zoom];
    return this.town.buildings.findLast((building) => building.height > 0 && inside(px, py, building.footprint))?.id ?? null;
  }

  select(person: string | null, place: string | null): void {
    [this.person, this.place] = [person, place];
  }

  refresh(): void {
    this.houses = null;
  }

  outline(): Point[] {
    const [w, h] = [this.width / 2 / this.zoom, this.height / 2 / this.zoom];
    const [x, y] = this.centre;
    return [[x - w, y - h], [x + w, y - h], [x + w, y + h], [x - w, y + h]];
  }

  facts(): Facts {
    return { figures: this.count, drawCalls: this.ground.length + (this.houses?.length ?? 0) + 1, triangles: 0, sharpness: this.canvas.width / Math.max(1, this.width), whole: true };
  }

  dispose(): void {
    this.stop.abort();
  }

  private painted(): Layer[] {
    const overlay = buildingColour(this.store);
    return houses(this.town, (building) => {
      const colour = overlay?.(building.id) ?? null;
      return colour === null ? roofOf(building) : `#${colour.getHexString()}`;
    });
  }

  private chosenHouse(c: CanvasRenderingContext2D): void {
    const house = this.store.world.house(this.place);
    if (house === null) return;
    c.beginPath();
    house.footprint.forEach(([x, y], i) => (i === 0 ? c.moveTo(x, y) : c.lineTo(x, y)));
    c.closePath();
    c.lineWidth = 3 / this.zoom;
    c.strokeStyle = SELECTED;
    c.stroke();
  }

  /** Streets' names where they fit. */
  private names(c: CanvasRenderingContext2D, pixels: number): void {
    c.font = STREET_FONT;
    c.textAlign = "center";
    c.textBaseline = "middle";
    c.lineJoin = "round";
    for (const { name, at, angle, metres } of this.streets) {
      let width = this.widths.get(name);
      if (width === undefined) this.widths.set(name, (width = c.measureText(name).width));
      if (metres * this.zoom < width) continue;
      const { x, y, depth } = this.project(at, 0.5, true);
      if (depth === null) continue;
      const [cos, sin] = [Math.cos(angle) * pixels, -Math.sin(angle) * pixels];
      c.setTransform(cos, sin, -sin, cos, x * pixels, y * pixels);
      c.lineWidth = 3;
      c.strokeStyle = "rgb(251 246 236 / 75%)";
      c.strokeText(name, 0, 0);
      c.fillStyle = "#7a6a58";
      c.fillText(name, 0, 0);
    }
  }

  private people(c: CanvasRenderingContext2D, tick: number): void {
    const tint = personColour(this.store);
    this.count = 0;
    for (const resident of this.store.world.residents.values()) {
      const at = this.store.world.position(resident.id, tick);
      if (at === null) continue;
      this.count++;
      const { x, y, depth } = this.project(at, 0.5, true);
      if (depth === null) continue;
      const chosen = resident.id === this.person;
      const colour = tint?.(resident.id) ?? null;
      c.beginPath();
      c.arc(x, y, chosen ? 8 : 5.5, 0, 2 * Math.PI);
      c.fillStyle = colour === null ? CLOTHES[hash(resident.id) % CLOTHES.length]! : `#${colour.getHexString()}`;
      c.fill();
      c.lineWidth = chosen ? 3 : 1.5;
      c.strokeStyle = chosen ? SELECTED : "#fffaf0";
      c.stroke();
    }
  }

  private listen(): void {
    const { canvas, fingers } = this;
    const options = { signal: this.stop.signal };
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      fingers.set(event.pointerId, [event.clientX, event.clientY]);
    }, options);
    canvas.addEventListener("pointermove", (event) => this.drag(event), options);
    for (const end of ["pointerup", "pointercancel"] as const) canvas.addEventListener(end, (event) => fingers.delete(event.pointerId), options);
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      const box = canvas.getBoundingClientRect();
      this.zoomBy(Math.exp(-event.deltaY * 0.0015), event.clientX - box.left, event.clientY - box.top);
    }, { ...options, passive: false });
  }

  private drag(event: PointerEvent): void {
    const before = this.fingers.get(event.pointerId);
    if (before === undefined) return;
    const others = [...this.fingers].filter(([id]) => id !== event.pointerId).map(([, point]) => point);
    const other = others[0];
    this.fingers.set(event.pointerId, [event.clientX, event.clientY]);
    if (other !== undefined) {
      const apart = (point: Point): number => Math.hypot(point[0] - other[0], point[1] - other[1]) || 1;
      const box = this.canvas.getBoundingClientRect();
      this.zoomBy(apart([event.clientX, event.clientY]) / apart(before), other[0] - box.left, other[1] - box.top);
      return;
    }
    const [dx, dy] = [event.clientX - before[0], event.clientY - before[1]];
    if (dx === 0 && dy === 0) return;
    this.follow = null;
    this.centre = [this.centre[0] - dx / this.zoom, this.centre[1] + dy / this.zoom];
    this.onMoved(true);
  }

  /** Zoom, keeping the point under (x, y) where it is. */
  private zoomBy(factor: number, x: number, y: number): void {
    const zoom = Math.min(NEAREST, Math.max(FARTHEST, this.zoom * factor));
    const shift = 1 / this.zoom - 1 / zoom;
    this.centre = [this.centre[0] + (x - this.width / 2) * shift, this.centre[1] - (y - this.height / 2) * shift];
    this.zoom = zoom;
    this.onMoved(true);
  }
}

/** 0 by day, 1 by night. */
function darkness(minute: number): number {
  const hour = minute / 60;
  if (hour >= 8 && hour <= 17) return 0;
  if (hour <= 5.5 || hour >= 20.5) return 1;
  return hour < 8 ? (8 - hour) / 2.5 : (hour - 17) / 3.5;
}
