/** The picture of the town: chooses how to draw it, and draws when there is something new to see. */

import { useEffect, useImperativeHandle, useRef, useState, type Ref } from "react";
import { FlatMap } from "./flat.ts";
import { walking } from "./motion.ts";
import { Overlay } from "./overlay.ts";
import { hasWebGl, TownScene } from "./scene/scene.ts";
import type { Store } from "./store.ts";
import type { Point, TownMap } from "./types.ts";
import type { View } from "./view.ts";

export interface CityHandle {
  flyTo(point: Point, follow?: () => Point | null): void;
}

interface Properties {
  store: Store;
  town: TownMap;
  onPick(agent: string | null, building: string | null): void;
  ref: Ref<CityHandle>;
}

/** Walkers need no more than this many pictures a second. */
const FRAME_MS = 1000 / 31;
/** Bubbles fade and figures turn up even while nobody walks. */
const IDLE_MS = 400;

export function City({ store, town, onPick, ref }: Properties) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const labels = useRef<HTMLDivElement>(null);
  const view = useRef<View | null>(null);
  const [flat, setFlat] = useState(() => new URLSearchParams(location.search).get("view") === "2d" || !hasWebGl());
  const pick = useRef(onPick);
  pick.current = onPick;

  useImperativeHandle(ref, () => ({ flyTo: (point, follow) => view.current?.flyTo(point, follow) }), []);

  useEffect(() => {
    const element = canvas.current;
    if (element === null || labels.current === null) return undefined;
    let drawing: View;
    try {
      drawing = flat ? new FlatMap(element, town, store) : new TownScene(element, town, store);
    } catch (error) {
      if (flat) throw error;
      console.warn("no 3D here, drawing a flat map:", error);
      setFlat(true);
      return undefined;
    }
    view.current = drawing;
    const overlay = new Overlay(labels.current, store);
    const stop = show(drawing, overlay, element, store, (id) => pick.current(id, null));
    const lost = (event: Event): void => {
      event.preventDefault();
      setFlat(true);
    };
    element.addEventListener("webglcontextlost", lost);
    return () => {
      element.removeEventListener("webglcontextlost", lost);
      stop();
      drawing.dispose();
      view.current = null;
      labels.current?.replaceChildren();
    };
  }, [store, town, flat]);

  return (
    <>
      <canvas
        key={flat ? "2d" : "3d"} ref={canvas} tabIndex={0} role="img"
        aria-label={`Map of ${town.name} with its residents. Arrow keys move it. The list of residents is in the panel.`}
      />
      <div ref={labels} className="labels" aria-hidden="true" />
    </>
  );
}

/** Draw for as long as the page is seen. Returns how to stop. */
function show(view: View, overlay: Overlay, canvas: HTMLCanvasElement, store: Store, pick: (id: string) => void): () => void {
  const stopped = new AbortController();
  const options = { signal: stopped.signal };
  let frame = 0;
  let last = -Infinity;
  let dirty = true;
  const touch = (): void => void (dirty = true);
  const draw = (): void => {
    frame = requestAnimationFrame(draw);
    const now = performance.now();
    const tick = store.tick();
    const lively = dirty || [...store.residents.values()].some((resident) => walking(resident, tick));
    if (now - last < (lively ? FRAME_MS : IDLE_MS)) return;
    last = now;
    dirty = false;
    view.select(store.get().selected);
    if (view.draw(tick, now)) dirty = true;
    overlay.draw(view, now);
    tell(view, store);
  };
  const resize = new ResizeObserver(() => {
    view.resize(canvas.clientWidth, canvas.clientHeight);
    touch();
  });
  resize.observe(canvas);
  view.resize(canvas.clientWidth, canvas.clientHeight);
  view.onMoved = touch;
  const unsubscribe = store.subscribe(touch);
  pointer(view, overlay, canvas, pick, touch, options);
  draw();
  return () => {
    stopped.abort();
    cancelAnimationFrame(frame);
    resize.disconnect();
    unsubscribe();
  };
}

function pointer(view: View, overlay: Overlay, canvas: HTMLCanvasElement, pick: (id: string) => void, touch: () => void, options: { signal: AbortSignal }): void {
  let down: Point | null = null;
  const at = (event: PointerEvent): string | null => {
    const box = canvas.getBoundingClientRect();
    return overlay.at(view, event.clientX - box.left, event.clientY - box.top);
  };
  canvas.addEventListener("pointerdown", (event) => (down = [event.clientX, event.clientY]), options);
  canvas.addEventListener("pointermove", (event) => {
    if (event.buttons !== 0) return;
    overlay.hovered = at(event);
    canvas.style.cursor = overlay.hovered === null ? "grab" : "pointer";
    touch();
  }, options);
  canvas.addEventListener("pointerleave", () => (overlay.hovered = null), options);
  canvas.addEventListener("pointerup", (event) => {
    const still = down !== null && Math.hypot(event.clientX - down[0], event.clientY - down[1]) < 6;
    down = null;
    const id = still ? at(event) : null;
    if (id !== null) pick(id);
  }, options);
}

export interface CityFacts {
  ready: boolean;
  view: "3d" | "2d";
  figures: number;
  drawCalls: number;
  triangles: number;
  tick: number;
  connection: string;
  positions(): Record<string, Point>;
}

declare global {
  interface Window {
    /** What is on the screen, for tests. */
    __city?: CityFacts;
  }
}

function tell(view: View, store: Store): void {
  const { connection, clock } = store.get();
  window.__city = {
    ready: clock !== null && connection === "live",
    view: view.kind,
    ...view.facts(),
    tick: store.tick(),
    connection,
    positions: () => {
      const found: Record<string, Point> = {};
      for (const id of store.residents.keys()) {
        const point = store.position(id);
        if (point !== null) found[id] = point;
      }
      return found;
    },
  };
}
