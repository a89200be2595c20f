/** The page: picture, header, panel. */

import { useCallback, useRef, useSyncExternalStore } from "react";
import { City, type CityHandle } from "./City.tsx";
import { Header } from "./Header.tsx";
import { Panel } from "./Panel.tsx";
import type { Store } from "./store.ts";

export function App({ store }: { store: Store }) {
  const shown = useSyncExternalStore(store.subscribe, store.get);
  const city = useRef<CityHandle>(null);
  const goTo = useCallback(
    (agent: string | null, building: string | null) => {
      if (agent !== null) store.select(agent);
      const body = agent === null ? null : store.position(agent);
      const point = body ?? store.house(building)?.door ?? null;
      if (point !== null) city.current?.flyTo(point, body === null || agent === null ? undefined : () => store.position(agent));
    },
    [store],
  );
  return (
    <>
      <a className="skip" href="#panel">Skip to what happens</a>
      <main className="city">
        {shown.town === null ? <p className="loading">{shown.problem ?? "Unfolding the map…"}</p> : <City ref={city} store={store} town={shown.town} onPick={goTo} />}
      </main>
      <Header shown={shown} />
      <Panel shown={shown} store={store} onGo={goTo} />
      <footer className="attribution">
        {shown.town?.attribution.includes("OpenStreetMap") ? (
          <a href="https://www.openstreetmap.org/copyright" rel="noreferrer">{shown.town.attribution}</a>
        ) : (
          shown.town?.attribution
        )}
      </footer>
    </>
  );
}
