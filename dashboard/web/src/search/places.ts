/** Places by name, by what they sell, and by what kind of place they are. */

import type { Building, MapBuilding } from "../api/types.ts";

export interface Found {
  house: MapBuilding;
  /** what it sells that was asked for */
  ware: string | null;
}

/** How well a place fits: what is called so comes before what sells it, and that before what is of the kind. */
const NAME = 0;
const WARE = 1;
const KIND = 2;

/** Text as it is compared: small letters without accents. */
export function plain(text: string): string {
  return text.toLowerCase().normalize("NFD").replace(/\p{Diacritic}/gu, "");
}

/** What each place sells, by id. */
export function waresOf(buildings: readonly Building[]): Map<string, readonly string[]> {
  return new Map(buildings.filter(({ stock }) => stock.length > 0).map(({ id, stock }) => [id, stock.map(({ name }) => name)]));
}

/** Places that fit a text, the best first; `kindWords` are all words for a kind. */
export function findPlaces(text: string, houses: readonly MapBuilding[], wares: ReadonlyMap<string, readonly string[]>, kindWords: (kind: string) => string, most: number): Found[] {
  const wanted = plain(text);
  if (wanted === "") return [];
  const kinds = new Map<string, boolean>();
  const ofKind = (kind: string): boolean => {
    const known = kinds.get(kind) ?? plain(kindWords(kind)).includes(wanted);
    kinds.set(kind, known);
    return known;
  };
  const found: (Found & { rank: number })[] = [];
  for (const house of houses) {
    if (house.height === 0 && house.kind === "other") continue;
    const ware = wares.get(house.id)?.find((name) => plain(name).includes(wanted)) ?? null;
    if (plain(house.name).includes(wanted)) found.push({ house, ware: null, rank: NAME });
    else if (ware !== null) found.push({ house, ware, rank: WARE });
    else if (wanted.length > 2 && ofKind(house.kind)) found.push({ house, ware: null, rank: KIND });
  }
  return found.sort((a, b) => a.rank - b.rank).slice(0, most).map(({ house, ware }) => ({ house, ware }));
}
