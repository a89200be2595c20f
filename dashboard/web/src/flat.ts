/** The town as a flat map on a plain canvas, for browsers without WebGL. */

import { hash } from "./motion.ts";
import { buildingColours, CLOTHES, GREEN, GROUND, SELECTED, WATER, WAYS } from "./palette.ts";
import type { Store } from "./store.ts";
import type { Point, TownMap } from "./types.ts";
import type { Facts, Screen, View } from "./view.ts";

const NEAREST = 12;

export class FlatMap implements View {
  readonly kind = "2d";
  onMoved: () => void = () => undefined;
  private readonly context: CanvasRenderingContext2D;
  private readonly canvas: HTMLCanvasElement;
  private readonly town: TownMap;
  private readonly store: Store;
  private readonly paths: [Path2D, string, number | null][];
  private readonly fingers = new Map<number, Point>();
  private readonly stop = new AbortController();
  private centre: Point;
  /** CSS pixels a metre */
  private zoom = 1;
  private fitted = false;
  private width = 1;
  private height = 1;
  private follow: (() => Point | null) | null = null;
  private selected: string | null = null;
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
    this.paths = layers(town);
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

  draw(_tick: number, _now: number): boolean {
    this.centre = this.follow?.() ?? this.centre;
    const pixels = this.canvas.width / Math.max(1, this.width);
    const c = this.context;
    c.setTransform(1, 0, 0, 1, 0, 0);
    c.fillStyle = GROUND;
    c.fillRect(0, 0, this.canvas.width, this.canvas.height);
    c.setTransform(pixels * this.zoom, 0, 0, -pixels * this.zoom, pixels * (this.width / 2 - this.centre[0] * this.zoom),
      pixels * (this.height / 2 + this.centre[1] * this.zoom));
    c.lineCap = c.lineJoin = "round";
    for (const [path, colour, width] of this.paths) {
      if (width === null) {
        c.fillStyle = colour;
        c.fill(path);
      } else {
        c.strokeStyle = colour;
        c.lineWidth = width;
        c.stroke(path);
      }
    }
    c.setTransform(pixels, 0, 0, pixels, 0, 0);
    this.people(c);
    return false;
  }

  project([x, y]: Point, height: number): Screen {
    const sx = this.width / 2 + (x - this.centre[0]) * this.zoom;
    const sy = this.height / 2 - (y - this.centre[1]) * this.zoom - height * 12;
    return { x: sx, y: sy, depth: sx > -20 && sy > -20 && sx < this.width + 20 && sy < this.height + 20 ? 0.5 : null };
  }

  flyTo(point: Point, follow?: () => Point | null): void {
    this.follow = follow ?? null;
    this.centre = point;
    this.zoom = Math.max(this.zoom, 2.2);
    this.onMoved();
  }

  select(id: string | null): void {
    this.selected = id;
  }

  facts(): Facts {
    return { figures: this.count, drawCalls: this.paths.length, triangles: 0 };
  }

  dispose(): void {
    this.stop.abort();
  }

  private people(c: CanvasRenderingContext2D): void {
    this.count = 0;
    for (const resident of this.store.residents.values()) {
      const at = this.store.position(resident.id);
      if (at === null) continue;
      this.count++;
      const { x, y, depth } = this.project(at, 0);
      if (depth === null) continue;
      c.beginPath();
      c.arc(x, y, resident.id === this.selected ? 8 : 5.5, 0, 2 * Math.PI);
      c.fillStyle = CLOTHES[hash(resident.id) % CLOTHES.length]!;
      c.fill();
      c.lineWidth = resident.id === this.selected ? 3 : 1.5;
      c.strokeStyle = resident.id === this.selected ? SELECTED : "#fffaf0";
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
    canvas.addEventListener("keydown", (event) => this.key(event), options);
  }

  private drag(event: PointerEvent): void {
    const before = this.fingers.get(event.pointerId);
    if (before === undefined) return;
    this.follow = null;
    const others = [...this.fingers].filter(([id]) => id !== event.pointerId).map(([, point]) => point);
    const other = others[0];
    this.fingers.set(event.pointerId, [event.clientX, event.clientY]);
    if (other !== undefined) {
      const apart = (point: Point): number => Math.hypot(point[0] - other[0], point[1] - other[1]) || 1;
      const box = this.canvas.getBoundingClientRect();
      this.zoomBy(apart([event.clientX, event.clientY]) / apart(before), other[0] - box.left, other[1] - box.top);
      return;
    }
    this.centre = [this.centre[0] - (event.clientX - before[0]) / this.zoom, this.centre[1] + (event.clientY - before[1]) / this.zoom];
    this.onMoved();
  }

  private key(event: KeyboardEvent): void {
    const step = 60 / this.zoom;
    const moves: Record<string, Point> = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
    const move = moves[event.key];
    if (move !== undefined) this.follow = null;
    if (move !== undefined) this.centre = [this.centre[0] + move[0], this.centre[1] + move[1]];
    else if (event.key === "+" || event.key === "-") this.zoomBy(event.key === "+" ? 1.25 : 0.8, this.width / 2, this.height / 2);
    else return;
    event.preventDefault();
    this.onMoved();
  }

  /** Zoom, keeping the point under (x, y) where it is. */
  private zoomBy(factor: number, x: number, y: number): void {
    const zoom = Math.min(NEAREST, Math.max(0.15, this.zoom * factor));
    const shift = 1 / this.zoom - 1 / zoom;
    this.centre = [this.centre[0] + (x - this.width / 2) * shift, this.centre[1] - (y - this.height / 2) * shift];
    this.zoom = zoom;
    this.onMoved();
  }
}

function layers(town: TownMap): [Path2D, string, number | null][] {
  const found: [Path2D, string, number | null][] = [
    [outline(town.green), GREEN, null],
    [outline(town.water), WATER, null],
  ];
  for (const [kind, width, colour] of WAYS) {
    const path = new Path2D();
    for (const way of town.ways) if (way.kind === kind) trace(path, way.points);
    found.push([path, colour, width]);
  }
  const standing = town.buildings.filter((building) => building.height > 0);
  const shadow = new Path2D();
  for (const { footprint } of standing) trace(shadow, footprint.map(([x, y]): Point => [x + 2.5, y - 2.5]), true);
  found.push([shadow, "rgb(91 74 60 / 18%)", null]);
  for (const kind of [...new Set(standing.map((building) => building.kind))].sort()) {
    found.push([outline(standing.filter((building) => building.kind === kind).map((building) => building.footprint)), buildingColours(kind)[0], null]);
  }
  return found;
}

function outline(polygons: readonly Point[][]): Path2D {
  const path = new Path2D();
  for (const polygon of polygons) trace(path, polygon, true);
  return path;
}

function trace(path: Path2D, points: readonly Point[], close = false): void {
  points.forEach(([x, y], index) => (index === 0 ? path.moveTo(x, y) : path.lineTo(x, y)));
  if (close) path.closePath();
}
