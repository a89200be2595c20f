/** Beside the picture: who or what is chosen, what happens, who lives here. A sheet from below on a phone. */

import { useState } from "react";
import { DistrictCard } from "./cards/DistrictCard.tsx";
import { PersonCard } from "./cards/PersonCard.tsx";
import { PlaceCard } from "./cards/PlaceCard.tsx";
import { Feed } from "./feed/Feed.tsx";
import { People, Places, Town } from "./people/People.tsx";
import { useParts, useShown, useText } from "./store/context.ts";
import type { Tab } from "./store/store.ts";

const TABS: readonly Tab[] = ["feed", "people", "places", "town"];
const CARDS = { person: PersonCard, place: PlaceCard, district: DistrictCard };

export function Panel() {
  const { store } = useParts();
  const t = useText();
  const tab = useShown((shown) => shown.tab);
  const chosen = useShown((shown) => shown.chosen);
  const [high, setHigh] = useState(false);
  const Chosen = chosen === null ? null : CARDS[chosen.kind];
  return (
    <aside id="panel" className={high ? "panel high" : "panel"} aria-label={t("panel.label")} tabIndex={-1}>
      <button type="button" className="handle" aria-expanded={high} aria-label={t(high ? "panel.smaller" : "panel.larger")} onClick={() => setHigh(!high)} />
      {Chosen !== null && chosen !== null && <Chosen key={chosen.id} id={chosen.id} />}
      <div className="tabs">
        {TABS.map((name) => <button type="button" key={name} aria-pressed={tab === name} onClick={() => store.set({ tab: name })}>{t(`tab.${name}`)}</button>)}
      </div>
      {tab === "feed" && <Feed />}
      {tab === "people" && <People />}
      {tab === "places" && <Places />}
      {tab === "town" && <Town />}
    </aside>
  );
}
