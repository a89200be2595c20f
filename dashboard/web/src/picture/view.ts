/** What a drawing of the town can do; the 3D scene and the flat map both do it. */

import type { Point } from "../api/types.ts";

export interface Screen {
  x: number;
  y: number;
  /** smaller is nearer to the watcher; null where it can't be seen */
  depth: number | null;
}

export interface Facts {
  figures: number;
  drawCalls: number;
  triangles: number;
  /** pixels drawn per CSS pixel */
  sharpness: number;
  /** whether all that there is to see is drawn; what is least missed comes after the first picture */
  whole: boolean;
}

/** From where one looks: at a point of the ground (metres), from so many metres away, turned from north and tilted from straight down (degrees). */
export interface Pose {
  x: number;
  y: number;
  distance: number;
  turn: number;
  tilt: number;
}

/** Smooth moves are asked for by name, so that keys, buttons and tests do the same. */
export type Nudge = "left" | "right" | "up" | "down" | "nearer" | "farther" | "turn-left" | "turn-right" | "tilt-up" | "tilt-down" | "tilt-to-plan";

export interface View {
  readonly kind: "3d" | "2d";
  resize(width: number, height: number): void;
  /** Draw the moment `tick`. Returns whether the camera is still moving. */
  draw(tick: number, now: number): boolean;
  /** Where a point of the town is on the screen, in CSS pixels; `height` in metres above the ground, or of a figure's height where `figure`. */
  project(point: Point, height: number, figure?: boolean): Screen;
  /** Bring a point to the middle; with `follow`, stay on it as it moves, until the watcher takes the camera. */
  flyTo(point: Point, options?: { distance?: number; follow?: () => Point | null }): void;
  pose(): Pose;
  setPose(pose: Pose): void;
  nudge(move: Nudge): void;
  /** The building under a point of the screen, by id. */
  buildingAt(x: number, y: number): string | null;
  /** Who is chosen, and which building. */
  select(person: string | null, place: string | null): void;
  /** Draw anew whatever depends on the state of buildings. */
  refresh(): void;
  /** Called when the picture changed by the watcher's hand (`true`) or by a flight. */
  onMoved: (byHand: boolean) => void;
  /** Corners of what is seen of the ground, for the small map. */
  outline(): Point[];
  facts(): Facts;
  dispose(): void;
}
