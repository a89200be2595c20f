/** The picture of the town: chooses how to draw it, and draws when there is something new to see. */

import { useEffect, useRef } from "react";
import { FlatMap } from "../map/flat.ts";
import { gather } from "../overlays/facts.ts";
import { renderer } from "../scene/quality.ts";
import { TownScene } from "../scene/scene.ts";
import { goTo, useParts, useShown, useText, type Parts } from "../store/context.ts";
import type { Point, TownMap } from "../api/types.ts";
import { walking } from "../world/motion.ts";
import { tell } from "./facts.ts";
import { Labels } from "./labels.ts";
import type { Hand } from "./hand.ts";
import type { Nudge, Pose, View } from "./view.ts";

/** Walkers need no more than this many pictures a second; a camera that moves gets all there are. */
const FRAME_MS = 1000 / 31;
/** Bubbles fade and figures turn up even while nobody walks. */
const IDLE_MS = 400;
/** A figure this near to what points is meant, CSS pixels. */
const POINTER = 18;
const FINGER = 26;
const STEPS: Readonly<Record<string, Nudge>> = {
  ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down", "+": "nearer", "=": "nearer", "-": "farther", q: "turn-left", e: "turn-right", r: "tilt-up", f: "tilt-down",
};

export function City({ town, hand, pose }: { town: TownMap; hand: Hand; pose: Pose | null }) {
  const parts = useParts();
  const t = useText();
  const canvas = useRef<HTMLCanvasElement>(null);
  const labels = useRef<HTMLDivElement>(null);
  const kind = useShown((shown) => (shown.view === "2d" ? "2d" : "3d"));
  const quality = useShown((shown) => shown.quality);
  const began = useRef(pose);

  useEffect(() => {
    const element = canvas.current;
    if (element === null || labels.current === null) return undefined;
    const { store } = parts;
    const flat = (why: unknown): void => {
      console.warn("no 3D here, drawing a flat map:", why);
      store.set({ view: "2d" });
    };
    const drawnBy = kind === "2d" ? null : renderer();
    if (kind === "3d" && drawnBy === null) {
      flat("this browser has no WebGL 2");
      return undefined;
    }
    let view: View;
    try {
      view = drawnBy === null ? new FlatMap(element, town, store) : new TownScene(element, town, store, quality, drawnBy);
    } catch (error) {
      if (kind === "2d") throw error;
      flat(error);
      return undefined;
    }
    if (began.current !== null) view.setPose(began.current);
    hand.take(view);
    const stop = show(view, new Labels(labels.current, store), element, parts, began.current === null && drawnBy !== null);
    const lost = (event: Event): void => {
      event.preventDefault();
      flat("the context was lost");
    };
    element.addEventListener("webglcontextlost", lost);
    return () => {
      began.current = view.pose();
      element.removeEventListener("webglcontextlost", lost);
      stop();
      hand.take(null);
      view.dispose();
      labels.current?.replaceChildren();
    };
  }, [parts, town, kind, quality, hand]);

  return (
    <>
      <canvas key={`${kind} ${quality}`} ref={canvas} tabIndex={0} role="application" aria-roledescription={t("view.label")} aria-label={t(kind === "2d" ? "map.2d" : "map.3d", { town: town.name })} />
      <div ref={labels} className="labels" aria-hidden="true" />
    </>
  );
}

/** Draw for as long as the page is seen; `lost` cameras begin where the people are. Returns how to stop. */
function show(view: View, labels: Labels, canvas: HTMLCanvasElement, parts: Parts, lost: boolean): () => void {
  const { store, player, director } = parts;
  const stopped = new AbortController();
  let frame = 0;
  let last = -Infinity;
  let dirty = true;
  let moving = false;
  const touch = (): void => void (dirty = true);
  const draw = (): void => {
    frame = requestAnimationFrame(draw);
    const now = performance.now();
    const playing = player.step(now);
    director.step(now);
    const tick = store.world.tick();
    const walks = playing || [...store.world.residents.values()].some((resident) => walking(resident, tick));
    if (now - last < (moving ? 0 : dirty || walks ? FRAME_MS : IDLE_MS)) return;
    last = now;
    dirty = false;
    const { chosen } = store.get();
    const crowd = lost && chosen === null ? store.world.middle() : null;
    if (crowd !== null) {
      lost = false;
      view.setPose({ ...view.pose(), x: crowd[0], y: crowd[1] });
    }
    view.select(chosen?.kind === "person" ? chosen.id : null, chosen?.kind === "place" ? chosen.id : null);
    moving = view.draw(tick, now);
    labels.draw(view, tick, now);
    tell(view, store, canvas);
  };
  const resize = new ResizeObserver(() => {
    view.resize(canvas.clientWidth, canvas.clientHeight);
    touch();
  });
  resize.observe(canvas);
  view.resize(canvas.clientWidth, canvas.clientHeight);
  view.onMoved = (byHand) => {
    touch();
    if (!byHand) return;
    lost = false;
    director.rest();
    if (store.get().following) store.set({ following: false });
  };
  const unsubscribe = watch(view, parts, touch);
  pointer(view, labels, canvas, parts, touch, { signal: stopped.signal });
  draw();
  return () => {
    stopped.abort();
    cancelAnimationFrame(frame);
    resize.disconnect();
    unsubscribe();
  };
}

/** Draw houses anew when what is known of them changes; ask for what an overlay needs. */
function watch(view: View, { store, source }: Parts, touch: () => void): () => void {
  const refresh = (): void => {
    view.refresh();
    touch();
  };
  let overlay = store.get().overlay;
  let stop = overlay === null ? null : gather(store, source, refresh);
  const unsubscribe = store.api.subscribe((shown, before) => {
    if (shown.residents !== before.residents || shown.overlay !== before.overlay || shown.news !== before.news) view.refresh();
    touch();
    if (shown.overlay === overlay) return;
    overlay = shown.overlay;
    stop?.();
    stop = overlay === null ? null : gather(store, source, refresh);
  });
  return () => {
    unsubscribe();
    stop?.();
  };
}

function pointer(view: View, labels: Labels, canvas: HTMLCanvasElement, parts: Parts, touch: () => void, options: { signal: AbortSignal }): void {
  let down: Point | null = null;
  const at = (event: PointerEvent): Point => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  // A second finger makes it a gesture, which chooses nobody.
  canvas.addEventListener("pointerdown", (event) => (down = event.isPrimary ? [event.clientX, event.clientY] : null), options);
  canvas.addEventListener("pointercancel", () => (down = null), options);
  canvas.addEventListener("pointermove", (event) => {
    if (event.buttons !== 0) return;
    labels.hovered = labels.at(view, ...at(event), POINTER);
    canvas.style.cursor = labels.hovered === null ? "grab" : "pointer";
    touch();
  }, options);
  canvas.addEventListener("pointerleave", () => (labels.hovered = null), options);
  canvas.addEventListener("pointerup", (event) => {
    const [steady, reach] = event.pointerType === "touch" ? [12, FINGER] : [6, POINTER];
    const still = down !== null && Math.hypot(event.clientX - down[0], event.clientY - down[1]) < steady;
    down = null;
    if (!still) return;
    const id = labels.at(view, ...at(event), reach);
    const house = id === null ? view.buildingAt(...at(event)) : null;
    if (id !== null) goTo(parts, id, null);
    else parts.store.choose(house === null ? null : { kind: "place", id: house });
  }, options);
  canvas.addEventListener("keydown", (event) => {
    const move = event.ctrlKey || event.metaKey || event.altKey ? undefined : STEPS[event.key];
    if (move === undefined) return;
    event.preventDefault();
    view.nudge(move);
    touch();
  }, options);
}
