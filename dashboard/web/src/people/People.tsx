/** The lists beside the picture: residents, places, and the town as a whole. */

import { useMemo, useState } from "react";
import { doing } from "../cards/PersonCard.tsx";
import { Graph } from "../cards/Graph.tsx";
import { Dot } from "../cards/parts.tsx";
import { goTo, useParts, useShown, useText } from "../store/context.ts";

const MOST = 200;

export function People() {
  const parts = useParts();
  const t = useText();
  const residents = useShown((shown) => shown.residents);
  const chosen = useShown((shown) => shown.chosen);
  return (
    <ul className="rows" tabIndex={0} aria-label={t("tab.people")}>
      {residents.slice(0, MOST * 3).map((person) => (
        <li key={person.id}>
          <button type="button" aria-pressed={chosen?.id === person.id} onClick={() => goTo(parts, person.id, null)}>
            <Dot id={person.id} />
            <span><b>{person.name}</b> {doing(person, parts.store, t)}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}

export function Places() {
  const parts = useParts();
  const { world } = parts.store;
  const t = useText();
  const town = useShown((shown) => shown.town);
  useShown((shown) => shown.residents);
  const [wanted, setWanted] = useState("");
  const named = useMemo(() => (town?.buildings ?? []).filter((one) => one.height > 0 && one.kind !== "other").sort((a, b) => a.name.localeCompare(b.name)), [town]);
  const found = named
    .filter((one) => one.name.toLowerCase().includes(wanted.toLowerCase()))
    .sort((a, b) => (world.inside.get(b.id)?.length ?? 0) - (world.inside.get(a.id)?.length ?? 0))
    .slice(0, MOST);
  return (
    <>
      <input type="search" className="find" placeholder={t("place.search")} aria-label={t("place.search")} value={wanted} onChange={(event) => setWanted(event.target.value)} />
      <ul className="rows" tabIndex={0} aria-label={t("tab.places")}>
        {found.map(({ id, name, kind }) => {
          const key = `kind.${kind}`;
          const count = world.inside.get(id)?.length ?? 0;
          return (
            <li key={id}>
              <button type="button" onClick={() => goTo(parts, null, id)}>
                <span><b>{name}</b> {t.has(key) ? t(key) : kind}{count > 0 && `, ${t("residents", { count })}`}</span>
              </button>
            </li>
          );
        })}
      </ul>
    </>
  );
}

export function Town() {
  const { store, camera } = useParts();
  const t = useText();
  const town = useShown((shown) => shown.town);
  const residents = useShown((shown) => shown.residents);
  const counts = useMemo(() => {
    const found = new Map<string, number>();
    for (const { district } of residents) if (district !== null) found.set(district, (found.get(district) ?? 0) + 1);
    return found;
  }, [residents]);
  return (
    <div className="town" tabIndex={0} role="region" aria-label={t("tab.town")}>
      <ul className="rows">
        {town?.districts.map(({ id, name, centre }) => (
          <li key={id}>
            <button type="button" onClick={() => {
              store.choose({ kind: "district", id });
              camera.flyTo(centre as [number, number], { distance: 520 });
            }}><span><b>{name}</b> {counts.has(id) ? t("residents", { count: counts.get(id) ?? 0 }) : t("district.none")}</span></button>
          </li>
        ))}
      </ul>
      <h3>{t("card.graph")}</h3>
      <Graph around={null} />
    </div>
  );
}
