/** A moment as a link: run, time, camera, selection, language and what else is seen. */

import { OVERLAYS, type OverlayName } from "../overlays/names.ts";
import type { Pose } from "../picture/view.ts";
import { QUALITIES, type Quality } from "../scene/quality.ts";
import { chosenLanguage, type Language } from "../text/text.ts";
import type { Chosen, ViewKind } from "./store.ts";

export interface Moment {
  run: string | null;
  /** null for the present */
  tick: number | null;
  pose: Pose | null;
  chosen: Chosen | null;
  following: boolean;
  overlay: OverlayName | null;
  view: ViewKind | null;
  quality: Quality;
  language: Language;
}

const KINDS = ["person", "place", "district"] as const;
const VIEWS: readonly ViewKind[] = ["3d", "2d", "list"];

export function readMoment(search: string, languages: readonly string[]): Moment {
  const query = new URLSearchParams(search);
  const among = <T extends string>(name: string, allowed: readonly T[]): T | null => allowed.find((one) => one === query.get(name)) ?? null;
  const kind = KINDS.find((one) => query.has(one));
  return {
    run: query.get("run"),
    tick: number(query.get("t")),
    pose: readPose(query.get("c")),
    chosen: kind === undefined ? null : { kind, id: query.get(kind) ?? "" },
    following: query.get("follow") === "1",
    overlay: among("overlay", OVERLAYS),
    view: among("view", VIEWS),
    quality: among("q", QUALITIES) ?? "auto",
    language: chosenLanguage(query.get("lang"), languages),
  };
}

export function writeMoment(moment: Moment): string {
  const query = new URLSearchParams();
  if (moment.run !== null) query.set("run", moment.run);
  if (moment.tick !== null) query.set("t", short(moment.tick));
  if (moment.pose !== null) query.set("c", [moment.pose.x, moment.pose.y, moment.pose.distance, moment.pose.turn, moment.pose.tilt].map(short).join("_"));
  if (moment.chosen !== null) query.set(moment.chosen.kind, moment.chosen.id);
  if (moment.following) query.set("follow", "1");
  if (moment.overlay !== null) query.set("overlay", moment.overlay);
  if (moment.view !== null && moment.view !== "3d") query.set("view", moment.view);
  if (moment.quality !== "auto") query.set("q", moment.quality);
  query.set("lang", moment.language);
  return query.toString();
}

function readPose(text: string | null): Pose | null {
  const numbers = (text ?? "").split("_").map(number);
  const [x, y, distance, turn, tilt] = numbers;
  if (numbers.length !== 5 || x == null || y == null || distance == null || turn == null || tilt == null) return null;
  return { x, y, distance, turn, tilt };
}

function number(text: string | null): number | null {
  return text !== null && /^-?\d{1,9}(\.\d{1,6})?$/.test(text) ? Number(text) : null;
}

function short(value: number): string {
  return String(Math.round(value * 10) / 10);
}
