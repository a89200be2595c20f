/** Which room beside the town is open, by the address after `#/`: the owners' portal, the operators' pages. */

export interface Route {
  /** the levels of the path, `["residents", "mira"]` */
  path: readonly string[];
  query: URLSearchParams;
}

/** The room that an address names; null for the town itself. */
export function readRoute(hash: string): Route | null {
  if (!hash.startsWith("#/")) return null;
  const [path = "", query = ""] = hash.slice(2).split("?");
  return { path: path.split("/").filter((level) => level !== "").map(decoded), query: new URLSearchParams(query) };
}

/** Go there; null leads back to the town. */
export function go(path: string | null): void {
  if (path !== null) location.hash = `#/${path}`;
  else {
    history.pushState(null, "", location.pathname + location.search);
    dispatchEvent(new HashChangeEvent("hashchange"));
  }
}

function decoded(level: string): string {
  try {
    return decodeURIComponent(level);
  } catch {
    return level;
  }
}
