/** Where everybody is between two updates. */

import type { Clock, Point, Resident } from "./types.ts";

/** How far the drawn time may run ahead of the last tick that was told, in ticks. */
const AHEAD = 1.5;

/** Town time now, in ticks with fractions. `since` is the real time since the clock was told, in milliseconds. */
export function tickNow(clock: Clock, since: number): number {
  if (clock.state !== "running" || clock.status === "offline" || clock.speed <= 0) return clock.tick;
  return clock.tick + Math.min(AHEAD, ((Math.max(0, since) / 1000) * clock.speed) / 60);
}

/** The point at `share` (0 to 1) of the length of a path. */
export function along(path: readonly Point[], share: number): Point {
  const first = path[0];
  const last = path[path.length - 1];
  if (first === undefined || last === undefined) throw new RangeError("an empty path leads nowhere");
  if (share <= 0) return first;
  if (share >= 1) return last;
  let total = 0;
  for (let i = 1; i < path.length; i++) total += distance(path[i - 1]!, path[i]!);
  let left = total * share;
  for (let i = 1; i < path.length; i++) {
    const from = path[i - 1]!;
    const to = path[i]!;
    const length = distance(from, to);
    if (left <= length && length > 0) {
      const part = left / length;
      return [from[0] + (to[0] - from[0]) * part, from[1] + (to[1] - from[1]) * part];
    }
    left -= length;
  }
  return last;
}

/** Where a resident is drawn at `tick`, metres; null while nobody knows. Those in a building stand about its door. */
export function place(resident: Resident, tick: number): Point | null {
  const { path, starts_tick: starts, arrives_tick: arrives } = resident;
  if (path.length > 0 && starts !== null && arrives !== null) {
    return along(path, arrives > starts ? (tick - starts) / (arrives - starts) : 1);
  }
  if (resident.x === null || resident.y === null) return null;
  if (resident.building === null) return [resident.x, resident.y];
  const angle = (hash(resident.id) % 360) * (Math.PI / 180);
  const away = 2 + (hash(resident.id + "r") % 30) / 10;
  return [resident.x + Math.cos(angle) * away, resident.y + Math.sin(angle) * away];
}

export function walking(resident: Resident, tick: number): boolean {
  return resident.path.length > 0 && resident.arrives_tick !== null && tick < resident.arrives_tick;
}

/** The same number for the same text, everywhere (FNV-1a). */
export function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value >>> 0;
}

function distance(a: Point, b: Point): number {
  return Math.hypot(b[0] - a[0], b[1] - a[1]);
}
