/** Town time out of ticks: a tick is one minute after the town's start. */

const MINUTE_MS = 60_000;
export const DAY_TICKS = 1440;

/** Local time in the town at a tick, kept as if it were UTC so that no time zone of the watcher's comes in. */
export function dateAt(start: string, tick: number): Date {
  return new Date(Date.parse(`${start.slice(0, 19)}Z`) + tick * MINUTE_MS);
}

/** Minute of the day at a tick, 0 to 1440, with fractions. */
export function minuteOf(start: string, tick: number): number {
  const minutes = (Date.parse(`${start.slice(0, 19)}Z`) / MINUTE_MS + tick) % DAY_TICKS;
  return minutes < 0 ? minutes + DAY_TICKS : minutes;
}

/** The tick at which the day of `tick` began; never before the town's own beginning. */
export function dayOf(start: string, tick: number): number {
  return Math.max(0, Math.floor(tick - minuteOf(start, tick)));
}

/** HH:MM at a tick. */
export function timeOf(start: string, tick: number): string {
  return dateAt(start, Math.floor(tick)).toISOString().slice(11, 16);
}

/** The town time of tick 0, reckoned from a clock. */
export function startOf(clock: { town_time: string; tick: number }): string {
  return new Date(Date.parse(`${clock.town_time.slice(0, 19)}Z`) - clock.tick * MINUTE_MS).toISOString().slice(0, 19);
}
