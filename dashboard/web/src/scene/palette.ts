/** Colours of the town by day; the light of the hour changes them. */

export const GROUND = "#e8dbc2";
export const EDGE = "#b79b78";
export const WATER = "#9cc9d6";
export const GREEN = "#b3c987";
export const SHADOW = "#4a3d46";
export const SELECTED = "#d4572a";

/** Roof and wall of a kind of building. */
const BUILDINGS: Record<string, [roof: string, wall: string]> = {
  home: ["#c9876a", "#f4e2c6"],
  cafe: ["#dd9f58", "#f9e4bd"],
  restaurant: ["#cf7f60", "#f6dcc0"],
  bar: ["#a9727a", "#ecd0c4"],
  shop: ["#dcb36c", "#f7e7c6"],
  office: ["#9db0b8", "#e2e3de"],
  school: ["#d3b25f", "#f5e8c2"],
  hotel: ["#b98d9a", "#f1dfe0"],
  church: ["#7aa793", "#f8f3e5"],
  museum: ["#8aa07f", "#efe8d2"],
  theatre: ["#a37887", "#eedad8"],
  station: ["#848a98", "#dedad3"],
  hospital: ["#8fb9bb", "#f0f2ec"],
  civic: ["#94a886", "#f1ead6"],
};
const OTHER: [string, string] = ["#bda98e", "#ede1cc"];

export function buildingColours(kind: string): [roof: string, wall: string] {
  return BUILDINGS[kind] ?? OTHER;
}

/** Kinds with shop windows and an awning on the ground floor. */
export const SHOPFRONTS: ReadonlySet<string> = new Set(["cafe", "restaurant", "bar", "shop"]);

/** Width in metres and colour of a kind of way, in drawing order. */
export const WAYS: readonly [kind: string, width: number, colour: string][] = [
  ["footway", 2.2, "#dccdb2"],
  ["steps", 2.2, "#cfbfa4"],
  ["cycleway", 2.6, "#dfc6a0"],
  ["service", 4, "#efe6d6"],
  ["pedestrian", 7, "#f4e8d2"],
  ["residential", 8, "#f8f2e6"],
  ["tertiary", 10, "#f8f2e6"],
  ["secondary", 12, "#faf5ea"],
  ["primary", 14, "#fcf7ec"],
  ["rail", 1.6, "#ab9e8e"],
  ["tram", 0.8, "#c3b49e"],
];
/** Wider than this a way has a kerb, metres. */
export const KERB_FROM = 7;
export const KERB = "#d6c5a8";

/** Clothes; which one is worn follows from the id. */
export const CLOTHES = ["#c0392b", "#2e6f95", "#3d7a4e", "#8e5ea2", "#d1882a", "#27737a", "#a23e6b", "#5a6b2f", "#4a5a9a", "#b5562e"] as const;
export const SKIN = ["#f0c8a4", "#e3ab80", "#c68a5e", "#8d5a3b", "#f5d5b8"] as const;
export const HAIR = ["#3a2a20", "#6b4a2b", "#c49a55", "#8c8580", "#1f1b1c", "#a8552e"] as const;
