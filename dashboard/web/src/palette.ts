/** Colours of the town: a light, warm day. */

export const PAPER = "#f1e7d6";
export const GROUND = "#eadfcb";
export const WATER = "#a9cdd6";
export const GREEN = "#b9c98f";
export const SHADOW = "#5b4a3c";
export const SELECTED = "#b4532a";

/** Roof and wall of a kind of building. */
const BUILDINGS: Record<string, [roof: string, wall: string]> = {
  home: ["#c9846a", "#f0dfc4"],
  cafe: ["#d9a066", "#f6e3c2"],
  restaurant: ["#cf7f5c", "#f3d9bf"],
  bar: ["#a8695c", "#ead0be"],
  shop: ["#d8b27a", "#f4e6cb"],
  office: ["#a9b3b4", "#e4e2da"],
  school: ["#cdb06f", "#f2e6c8"],
  hotel: ["#b98a9a", "#eedcdd"],
  church: ["#7fa394", "#f5f0e4"],
  museum: ["#8f9c86", "#ece6d4"],
  theatre: ["#a3707c", "#ecd9d4"],
  station: ["#8c8f96", "#dcd9d2"],
  hospital: ["#9fb8b5", "#eef0ea"],
  civic: ["#9aa78c", "#efe9d8"],
};
const OTHER: [string, string] = ["#bfae97", "#ece1cf"];

export function buildingColours(kind: string): [roof: string, wall: string] {
  return BUILDINGS[kind] ?? OTHER;
}

/** Width in metres and colour of a kind of way, in drawing order. */
export const WAYS: readonly [kind: string, width: number, colour: string][] = [
  ["footway", 2.2, "#e0d2ba"],
  ["steps", 2.2, "#d8c9b0"],
  ["cycleway", 2.6, "#e3cfae"],
  ["service", 4, "#f3ecdf"],
  ["pedestrian", 7, "#f7efe0"],
  ["residential", 8, "#fbf6ec"],
  ["tertiary", 10, "#fbf6ec"],
  ["secondary", 12, "#fdf8ee"],
  ["primary", 14, "#fffaf0"],
  ["rail", 1.6, "#b9aea0"],
  ["tram", 0.8, "#c9bca8"],
];

/** Clothes; which one is worn follows from the id. */
export const CLOTHES = ["#c0392b", "#2e6f95", "#3d7a4e", "#8e5ea2", "#d1882a", "#27737a", "#a23e6b", "#5a6b2f", "#4a5a9a", "#b5562e"] as const;
