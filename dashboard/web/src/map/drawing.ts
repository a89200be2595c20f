/** The map as paths with colours, in metres, for a flat canvas: the large one and the small one. */

import type { MapBuilding, Point, TownMap } from "../api/types.ts";
import { buildingColours, GREEN, WATER, WAYS } from "../scene/palette.ts";

export interface Layer {
  path: Path2D;
  colour: string;
  /** line width in metres; null to fill */
  width: number | null;
}

type Outline = readonly (readonly [number, number])[];

/** What lies on the ground. */
export function ground(town: TownMap): Layer[] {
  const found: Layer[] = [
    { path: outlines(town.green), colour: GREEN, width: null },
    { path: outlines(town.water), colour: WATER, width: null },
  ];
  for (const [kind, width, colour] of WAYS) {
    const path = new Path2D();
    for (const way of town.ways) if (way.kind === kind) trace(path, way.points);
    found.push({ path, colour, width });
  }
  return found;
}

export function houseShadows(town: TownMap): Layer {
  const path = new Path2D();
  for (const { footprint, height } of town.buildings) if (height > 0) trace(path, footprint.map(([x, y]): Point => [x + 2.5, y - 2.5]), true);
  return { path, colour: "rgb(91 74 60 / 18%)", width: null };
}

/** Houses by the colour that `colour` gives them. */
export function houses(town: TownMap, colour: (building: MapBuilding) => string): Layer[] {
  const byColour = new Map<string, Path2D>();
  for (const building of town.buildings) {
    if (building.height <= 0) continue;
    const name = colour(building);
    let path = byColour.get(name);
    if (path === undefined) byColour.set(name, (path = new Path2D()));
    trace(path, building.footprint, true);
  }
  return [...byColour].map(([name, path]) => ({ path, colour: name, width: null }));
}

export const roofOf = (building: MapBuilding): string => buildingColours(building.kind)[0];

export function paint(context: CanvasRenderingContext2D, layers: readonly Layer[]): void {
  context.lineCap = context.lineJoin = "round";
  for (const { path, colour, width } of layers) {
    if (width === null) {
      context.fillStyle = colour;
      context.fill(path);
    } else {
      context.strokeStyle = colour;
      context.lineWidth = width;
      context.stroke(path);
    }
  }
}

function outlines(polygons: readonly Outline[]): Path2D {
  const path = new Path2D();
  for (const polygon of polygons) trace(path, polygon, true);
  return path;
}

function trace(path: Path2D, points: Outline, close = false): void {
  points.forEach(([x, y], index) => (index === 0 ? path.moveTo(x, y) : path.lineTo(x, y)));
  if (close) path.closePath();
}
