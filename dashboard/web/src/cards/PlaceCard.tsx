/** About one building: what it is, owner, who is in, what is on sale at what price, what happened here. */

import { Suspense, useEffect, useState } from "react";
import { useParts, useShown, useText } from "../store/context.ts";
import { Card } from "./Card.tsx";
import { Deed } from "./PersonCard.tsx";
import { Dot, Fact, Link, useAnswer } from "./parts.tsx";

export function PlaceCard({ id }: { id: string }) {
  const { store, source, rooms } = useParts();
  const t = useText();
  const moment = useShown((shown) => `${shown.replay === null} ${Math.floor((shown.clock?.tick ?? 0) / 10)}`);
  const inside = useShown(() => (store.world.inside.get(id) ?? []).join(" "));
  const owner = useShown(() => store.world.buildings.get(id)?.owner ?? null);
  const house = store.world.house(id);
  const building = useAnswer(() => source.building(id), [id, moment, owner]);
  const present = useShown((shown) => shown.replay === null);
  const [offer, setOffer] = useState<number | null>(null);
  useEffect(() => setOffer((known) => building?.price ?? known), [building]);
  const history = useAnswer(() => source.events({ building: id, kind: ["said", "bought", "claimed", "started_work", "finished_work", "arrived"], until: Math.floor(store.world.tick()), limit: 14 }), [id, moment]);
  if (house === null) return null;
  const state = store.world.buildings.get(id);
  const kind = `kind.${house.kind}`;
  const onShelf = store.world.past?.stock.get(id);
  return (
    <Card title={house.name} label={t("place.about", { name: house.name })}>
      <p className="tagline">{[t.has(kind) ? t(kind) : house.kind, state?.open == null ? null : t(state.open ? "place.open" : "place.closed"), building?.address].filter(Boolean).join(" · ")}</p>
      <dl>
        <Fact name={t("place.owner")}>{owner === null ? t("place.owner.none") : <Link agent={owner}>{store.world.agent(owner)}</Link>}</Fact>
        {building?.land_price != null && <Fact name={t(owner === null ? "place.price" : "place.land")}>{t.euros(building.land_price)}</Fact>}
      </dl>
      {rooms !== null && present && offer !== null && <Suspense fallback={null}><rooms.Claim id={id} price={offer} owner={owner} /></Suspense>}
      <h3>{t("place.inside")}</h3>
      {inside === "" ? <p className="soft">{t("place.inside.none")}</p> : <ul className="friends">{inside.split(" ").map((one) => <li key={one}><Link agent={one}><Dot id={one} /> {store.world.agent(one)}</Link></li>)}</ul>}
      {building !== null && building.stock.length > 0 && (
        <>
          <h3>{t("place.stock")}</h3>
          <table className="stock"><tbody>{building.stock.map(({ item, name, price, stock }) => <tr key={item}><th scope="row">{name}</th><td>{t.euros(price)}</td><td className="soft">{t("place.stock.left", { count: onShelf?.[item] ?? stock })}</td></tr>)}</tbody></table>
        </>
      )}
      <h3>{t("place.history")}</h3>
      {history?.length === 0 ? <p className="soft">{t("place.history.none")}</p> : <ul className="deeds">{(history ?? []).map((event) => <Deed key={event.id} event={event} named />)}</ul>}
    </Card>
  );
}
