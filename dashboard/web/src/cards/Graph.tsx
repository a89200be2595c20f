/** Who talks with whom, as a drawing; around one resident, or of everybody. The lists beside it say the same. */

import { forceCenter, forceLink, forceManyBody, forceSimulation, forceCollide, type SimulationNodeDatum } from "d3-force";
import { useMemo } from "react";
import { CLOTHES } from "../scene/palette.ts";
import { goTo, useParts, useShown, useText } from "../store/context.ts";
import type { Bond } from "../store/source.ts";
import { hash } from "../world/motion.ts";
import { useAnswer } from "./parts.tsx";

const WIDTH = 330;
const HEIGHT = 230;
const ROUNDS = 160;
/** The drawing holds no more bonds; the strongest are drawn. */
const MOST = 140;

interface Node extends SimulationNodeDatum {
  id: string;
}

export function Graph({ around }: { around: string | null }) {
  const parts = useParts();
  const { store, source } = parts;
  const t = useText();
  const moment = useShown((shown) => `${shown.replay === null} ${Math.floor((shown.clock?.tick ?? 0) / 60)}`);
  const bonds = useAnswer(() => source.bonds(null, Math.floor(store.world.tick())), [moment]);
  const drawn = useMemo(() => layout(near(bonds ?? [], around), around), [bonds, around]);
  if (drawn.nodes.length === 0) return null;
  return (
    <svg className="graph" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="group" aria-label={t("card.graph")}>
      {drawn.links.map(({ bond, a, b }) => <line key={`${bond.a} ${bond.b}`} x1={a.x} y1={a.y} x2={b.x} y2={b.y} strokeWidth={Math.min(5, 0.6 + Math.log2(1 + bond.talks) * 0.7)} />)}
      {drawn.nodes.map((node) => (
        <g key={node.id} role="button" tabIndex={0} aria-label={store.world.agent(node.id)} onClick={() => goTo(parts, node.id, null)} onKeyDown={(event) => event.key === "Enter" && goTo(parts, node.id, null)}>
          <circle cx={node.x} cy={node.y} r={node.id === around ? 9 : 6} fill={CLOTHES[hash(node.id) % CLOTHES.length]} />
          {drawn.nodes.length <= 40 && <text x={node.x} y={(node.y ?? 0) + 17} textAnchor="middle">{store.world.agent(node.id).split(" ")[0]}</text>}
        </g>
      ))}
    </svg>
  );
}

/** Bonds of one resident and among those it talks with; all if there is no such one. */
function near(bonds: readonly Bond[], around: string | null): Bond[] {
  const strongest = [...bonds].sort((x, y) => y.talks - x.talks);
  if (around === null) return strongest.slice(0, MOST);
  const circle = new Set([around, ...strongest.filter(({ a, b }) => a === around || b === around).slice(0, 12).map(({ a, b }) => (a === around ? b : a))]);
  return strongest.filter(({ a, b }) => circle.has(a) && circle.has(b));
}

function layout(bonds: readonly Bond[], around: string | null): { nodes: Node[]; links: { bond: Bond; a: Node; b: Node }[] } {
  const ids = [...new Set(bonds.flatMap(({ a, b }) => [a, b]))].sort();
  const nodes: Node[] = ids.map((id) => (id === around ? { id, fx: WIDTH / 2, fy: HEIGHT / 2 } : { id }));
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const simulation = forceSimulation(nodes)
    .force("links", forceLink<Node, { source: string; target: string }>(bonds.map(({ a, b }) => ({ source: a, target: b }))).id((node) => node.id).distance(52))
    .force("apart", forceManyBody().strength(-150))
    .force("room", forceCollide(15))
    .force("middle", forceCenter(WIDTH / 2, HEIGHT / 2))
    .stop();
  simulation.tick(ROUNDS);
  const [xs, ys] = [nodes.map((node) => node.x ?? 0), nodes.map((node) => node.y ?? 0)];
  const fit = (value: number, all: number[], size: number): number => {
    const [low, high] = [Math.min(...all), Math.max(...all)];
    return 22 + ((value - low) / Math.max(1, high - low)) * (size - 50);
  };
  for (const node of nodes) [node.x, node.y] = [fit(node.x ?? 0, xs, WIDTH), fit(node.y ?? 0, ys, HEIGHT)];
  return { nodes, links: bonds.map((bond) => ({ bond, a: byId.get(bond.a)!, b: byId.get(bond.b)! })) };
}
