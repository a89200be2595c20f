/** Moves whatever picture is drawn now; what is asked before there is one is done as soon as there is. */

import type { Point } from "../api/types.ts";
import type { Camera } from "../store/context.ts";
import type { Nudge, Pose, View } from "./view.ts";

export class Hand implements Camera {
  private view: View | null = null;
  private waiting: ((view: View) => void) | null = null;

  take(view: View | null): void {
    this.view = view;
    if (view === null) return;
    this.waiting?.(view);
    this.waiting = null;
  }

  flyTo(point: Point, options?: { distance?: number; follow?: () => Point | null }): void {
    this.then((view) => view.flyTo(point, options));
  }

  pose(): Pose | null {
    return this.view?.pose() ?? null;
  }

  setPose(pose: Pose): void {
    this.then((view) => view.setPose(pose));
  }

  nudge(move: Nudge): void {
    this.then((view) => view.nudge(move));
  }

  outline(): Point[] {
    return this.view?.outline() ?? [];
  }

  private then(act: (view: View) => void): void {
    if (this.view === null) this.waiting = act;
    else act(this.view);
  }
}
