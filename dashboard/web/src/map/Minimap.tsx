/** The small map: the whole town, who is where, and what the picture shows. A click flies there. */

import { useEffect, useRef } from "react";
import type { TownMap } from "../api/types.ts";
import type { Hand } from "../picture/hand.ts";
import { CLOTHES, GROUND } from "../scene/palette.ts";
import { useParts, useText } from "../store/context.ts";
import { hash } from "../world/motion.ts";
import { ground, houses, paint } from "./drawing.ts";

const HEIGHT = 150;
const EVERY_MS = 250;
const SHARP = 2;

export function Minimap({ town, hand }: { town: TownMap; hand: Hand }) {
  const { store, director } = useParts();
  const t = useText();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [x0, y0, x1, y1] = town.bounds;
  const scale = HEIGHT / (y1 - y0);
  const width = Math.round((x1 - x0) * scale);

  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (context == null) return undefined;
    const base = document.createElement("canvas");
    base.width = width * SHARP;
    base.height = HEIGHT * SHARP;
    const below = base.getContext("2d");
    if (below === null) return undefined;
    below.fillStyle = GROUND;
    below.fillRect(0, 0, base.width, base.height);
    below.setTransform(scale * SHARP, 0, 0, -scale * SHARP, -x0 * scale * SHARP, y1 * scale * SHARP);
    paint(below, [...ground(town).filter((layer) => layer.width === null || layer.width > 6), ...houses(town, () => "#cbb79a")]);
    const draw = (): void => {
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.drawImage(base, 0, 0);
      context.setTransform(scale * SHARP, 0, 0, -scale * SHARP, -x0 * scale * SHARP, y1 * scale * SHARP);
      const { chosen } = store.get();
      for (const id of store.world.residents.keys()) {
        const at = store.world.position(id);
        if (at === null) continue;
        context.fillStyle = CLOTHES[hash(id) % CLOTHES.length]!;
        context.beginPath();
        context.arc(at[0], at[1], (chosen?.id === id ? 5 : 2.6) / scale / SHARP, 0, 2 * Math.PI);
        context.fill();
      }
      context.strokeStyle = "#a8461f";
      context.lineWidth = 1.4 / scale;
      context.beginPath();
      hand.outline().forEach(([x, y], i) => (i === 0 ? context.moveTo(x, y) : context.lineTo(x, y)));
      context.closePath();
      context.stroke();
    };
    draw();
    const timer = setInterval(draw, EVERY_MS);
    return () => clearInterval(timer);
  }, [town, store, hand, scale, width, x0, y1]);

  return (
    <canvas
      ref={canvas} className="minimap" width={width * SHARP} height={HEIGHT * SHARP} style={{ width, height: HEIGHT }} role="img" aria-label={t("view.minimap")} title={t("view.minimap")}
      onClick={(event) => {
        const box = event.currentTarget.getBoundingClientRect();
        director.rest();
        hand.flyTo([x0 + (event.clientX - box.left) / scale, y1 - (event.clientY - box.top) / scale]);
      }}
    />
  );
}
