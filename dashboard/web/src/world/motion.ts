/** Where everybody is between two updates. */

import type { Clock, Point, Resident } from "../api/types.ts";

/** How far the drawn time may run ahead of the last tick that was told, in ticks. */
const AHEAD = 1.5;

/** Town time now, in ticks with fractions. `since` is the real time since the clock was told, in milliseconds. */
export function tickNow(clock: Clock, since: number): number {
  if (clock.state !== "running" || clock.status === "offline" || clock.speed <= 0) return clock.tick;
  return clock.tick + Math.min(AHEAD, ((Math.max(0, since) / 1000) * clock.speed) / 60);
}

/** The point at `share` (0 to 1) of the length of a path, and the way it goes there (x east, y north; not of length 1). */
export function along(path: readonly Point[], share: number): { at: Point; way: Point } {
  const first = path[0];
  const last = path[path.length - 1];
  if (first === undefined || last === undefined) throw new RangeError("an empty path leads nowhere");
  const total = lengthOf(path);
  let left = total * Math.min(1, Math.max(0, share));
  let way: Point = [0, -1];
  for (let i = 1; i < path.length; i++) {
    const from = path[i - 1]!;
    const to = path[i]!;
    const length = distance(from, to);
    if (length === 0) continue;
    way = [to[0] - from[0], to[1] - from[1]];
    if (left <= length) {
      const part = left / length;
      return { at: [from[0] + way[0] * part, from[1] + way[1] * part], way };
    }
    left -= length;
  }
  return { at: last, way };
}

/** How much of its walk somebody has behind it, 0 to 1; null for who doesn't walk. */
export function progress(resident: Resident, tick: number): number | null {
  const { path, starts_tick: starts, arrives_tick: arrives } = resident;
  if (path.length === 0 || starts === null || arrives === null) return null;
  return arrives > starts ? Math.min(1, Math.max(0, (tick - starts) / (arrives - starts))) : 1;
}

/** Where a resident is drawn at `tick`, metres; null while nobody knows. Those in a building stand a little behind its door, towards `middle`. */
export function place(resident: Resident, tick: number, middle: Point | null = null): Point | null {
  const share = progress(resident, tick);
  if (share !== null) return along(resident.path as Point[], share).at;
  const { x, y } = resident;
  if (x === null || y === null) return null;
  if (resident.building === null) return [x, y];
  const luck = hash(resident.id);
  const angle = (luck % 360) * (Math.PI / 180);
  const away = 0.8 + ((luck >>> 9) % 20) / 10;
  const [ix, iy] = middle === null ? [0, 0] : inward([x, y], middle);
  return [x + ix + Math.cos(angle) * away, y + iy + Math.sin(angle) * away];
}

/** Five metres from a door towards the middle of its house, or half the way if that is less. */
function inward([x, y]: Point, middle: Point): Point {
  const length = distance([x, y], middle);
  const step = length === 0 ? 0 : Math.min(5, length / 2) / length;
  return [(middle[0] - x) * step, (middle[1] - y) * step];
}

export function walking(resident: Resident, tick: number): boolean {
  return resident.path.length > 0 && resident.arrives_tick !== null && tick < resident.arrives_tick;
}

/** Metres of a line. */
export function lengthOf(path: readonly (readonly [number, number])[]): number {
  let total = 0;
  for (let i = 1; i < path.length; i++) total += distance(path[i - 1]!, path[i]!);
  return total;
}

/** The same number for the same text, everywhere (FNV-1a). */
export function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value >>> 0;
}

function distance(a: readonly [number, number], b: readonly [number, number]): number {
  return Math.hypot(b[0] - a[0], b[1] - a[1]);
}
