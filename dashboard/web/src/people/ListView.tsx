/** The town in words: everything that the picture shows, for who can't or won't look at it. */

import { doing } from "../cards/PersonCard.tsx";
import { Link } from "../cards/parts.tsx";
import { useParts, useShown, useText } from "../store/context.ts";
import { useTelling } from "./telling.ts";

export function ListView() {
  const { store } = useParts();
  const t = useText();
  const town = useShown((shown) => shown.town);
  const residents = useShown((shown) => shown.residents);
  useTelling(store);
  if (town === null) return null;
  return (
    <div className="list-view" tabIndex={0} role="region" aria-label={t("list.title", { town: town.name })}>
      <h2>{t("list.title", { town: town.name })}</h2>
      {town.districts.map((district) => {
        const here = residents.filter((one) => one.district === district.id);
        if (here.length === 0) return null;
        return (
          <section key={district.id}>
            <h3>{district.name}, {t("residents", { count: here.length })}</h3>
            <table>
              <caption className="visually-hidden">{t("list.caption")}</caption>
              <thead><tr><th scope="col">{t("list.name")}</th><th scope="col">{t("list.where")}</th><th scope="col">{t("list.now")}</th><th scope="col">{t("list.mood")}</th><th scope="col">{t("list.words")}</th></tr></thead>
              <tbody>
                {here.map((person) => (
                  <tr key={person.id}>
                    <th scope="row"><Link agent={person.id}>{person.name}</Link></th>
                    <td>{person.building === null ? t("list.outdoors") : <Link building={person.building}>{store.world.building(person.building)}</Link>}</td>
                    <td>{doing(person, store, t)}</td>
                    <td>{t(`mood.${store.world.mood(person.id)}`)}</td>
                    <td>{person.said === null ? "" : <q>{person.said.text}</q>}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </section>
        );
      })}
    </div>
  );
}
