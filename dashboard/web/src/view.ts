/** What a drawing of the town can do; the 3D scene and the flat map both do it. */

import type { Point } from "./types.ts";

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
}

export interface View {
  readonly kind: "3d" | "2d";
  resize(width: number, height: number): void;
  /** Draw the present. Returns whether the camera is still moving. */
  draw(tick: number, now: number): boolean;
  /** Where a point of the town is on the screen, in CSS pixels; `height` in figures' heights. */
  project(point: Point, height: number): Screen;
  /** Bring a point to the middle; with `follow`, stay on it as it moves, until the watcher takes the camera. */
  flyTo(point: Point, follow?: () => Point | null): void;
  select(id: string | null): void;
  /** Called when the watcher moved the camera. */
  onMoved: () => void;
  facts(): Facts;
  dispose(): void;
}
