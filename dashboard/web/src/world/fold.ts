/** The present after an event, out of the one before: what the town's public topics tell, worked out from its journal. */

import type { BuildingState, Frame, Point, Resident, TownEvent } from "../api/types.ts";

const DOING: Readonly<Record<string, string>> = {
  departed: "walking", arrived: "idle", stopped: "idle", started_work: "working", finished_work: "idle", ate: "eating", finished_meal: "idle",
  fell_asleep: "sleeping", woke: "idle",
};

/** Somebody after an event of its own. */
function after(resident: Resident, event: TownEvent): Resident {
  const { data, kind, tick } = event;
  const still = { path: [], starts_tick: null, arrives_tick: null };
  const doing = DOING[kind] ?? resident.doing;
  switch (kind) {
    case "departed": {
      const path = (data["path"] ?? []) as Point[];
      const [x, y] = path[0] ?? [resident.x, resident.y];
      return { ...resident, doing, district: event.district, building: null, path, x, y, starts_tick: tick, arrives_tick: Number(data["arrives_tick"]) };
    }
    case "arrived":
    case "stopped":
      return { ...resident, ...still, doing, district: event.district, x: Number(data["x"]), y: Number(data["y"]), building: (data["building"] as string | null | undefined) ?? null };
    case "said":
      return { ...resident, said: { event: event.id, tick, text: String(data["text"] ?? ""), to: (data["to"] as string[] | null | undefined) ?? null } };
    case "came":
      return { ...resident, presence: "online" };
    case "left":
      return { ...resident, presence: "offline" };
    default:
      return doing === resident.doing ? resident : { ...resident, doing };
  }
}

function newcomer(event: TownEvent): Resident {
  const { data } = event;
  return {
    id: event.agent ?? "", name: String(data["name"] ?? event.agent), kind: "external", tagline: null, owner: null, home_district: event.district ?? "", home: null, age: null, goal: null,
    job: null, presence: "online", since_tick: event.tick, district: event.district, building: (data["home"] as string | null | undefined) ?? null, x: Number(data["x"]), y: Number(data["y"]),
    path: [], starts_tick: null, arrives_tick: null, doing: "idle", said: null,
  };
}

export interface Present {
  residents: Map<string, Resident>;
  buildings: Map<string, BuildingState>;
  /** pieces on sale, by building and item */
  stock: Map<string, Record<string, number>>;
}

function sell(stock: Present["stock"], building: string, item: string, pieces: number): void {
  const shelf = stock.get(building);
  if (shelf !== undefined) stock.set(building, { ...shelf, [item]: Math.max(0, (shelf[item] ?? 0) - pieces) });
}

/** Let events happen to a present. Returns what changed; `weather` is told apart. */
export function happen(present: Present, events: readonly TownEvent[]): { frame: Omit<Frame, "clock">; weather: string | null } {
  const changed = new Set<string>();
  const gone = new Set<string>();
  const houses = new Set<string>();
  let weather: string | null = null;
  for (const event of events) {
    const { agent, kind, data } = event;
    if (kind === "weather") weather = String(data["weather"]);
    if (kind === "opened" || kind === "closed" || kind === "claimed") {
      const id = String(data["building"]);
      const before = present.buildings.get(id) ?? { id, open: null, owner: null, inside: [] };
      present.buildings.set(id, kind === "claimed" ? { ...before, owner: agent } : { ...before, open: kind === "opened" });
      houses.add(id);
    }
    if (kind === "restocked") present.stock.set(String(data["building"]), data["stock"] as Record<string, number>);
    if (kind === "bought" && event.building !== null) sell(present.stock, event.building, String(data["item"]), Number(data["quantity"]));
    if (agent === null) continue;
    if (kind === "revoked") {
      present.residents.delete(agent);
      changed.delete(agent);
      gone.add(agent);
      continue;
    }
    const before = present.residents.get(agent);
    if (before === undefined && kind !== "registered") continue;
    const now = before === undefined ? newcomer(event) : after(before, event);
    if (now === before) continue;
    present.residents.set(agent, now);
    gone.delete(agent);
    changed.add(agent);
  }
  const known = <T>(map: Map<string, T>, ids: Set<string>): T[] => [...ids].flatMap((id) => map.get(id) ?? []);
  return { frame: { residents: known(present.residents, changed), gone: [...gone], events: [...events], buildings: known(present.buildings, houses) }, weather };
}
