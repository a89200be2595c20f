/** About one district: population, mood, prices, and how they went over the last day. */

import { useParts, useShown, useText } from "../store/context.ts";
import { Card } from "./Card.tsx";
import { Curve, Dot, Fact, Link, useAnswer } from "./parts.tsx";

const PEOPLE = 12;

export function DistrictCard({ id }: { id: string }) {
  const { store, source } = useParts();
  const t = useText();
  const name = useShown((shown) => shown.town?.districts.find((one) => one.id === id)?.name ?? id);
  const here = useShown((shown) => shown.residents.filter((one) => one.district === id).map((one) => one.id).join(" "));
  const moment = useShown((shown) => `${shown.replay === null} ${Math.floor((shown.clock?.tick ?? 0) / 30)}`);
  const district = useAnswer(async () => (await source.districts()).find((one) => one.id === id) ?? null, [id, moment]);
  const trend = useAnswer(() => source.trend(id, Math.floor(store.world.tick())), [id, moment]);
  const mood = store.world.past === null ? (district?.mood ?? null) : store.world.districtMood(id);
  const people = here === "" ? [] : here.split(" ");
  const prices = Object.entries(district?.prices ?? {});
  return (
    <Card title={name} label={t("district.about", { name })}>
      <dl>
        <Fact name={t("district.population")}>{people.length}</Fact>
        {mood !== null && <Fact name={t("district.mood")}><meter min={0} max={1} low={0.4} high={0.6} optimum={1} value={mood} aria-label={t("district.mood")} /> {Math.round(mood * 100)} %</Fact>}
      </dl>
      <ul className="friends">{people.slice(0, PEOPLE).map((one) => <li key={one}><Link agent={one}><Dot id={one} /> {store.world.agent(one)}</Link></li>)}</ul>
      {trend !== null && (
        <>
          <h3>{t("district.trend")}</h3>
          <Curve values={trend.map((hour) => hour.people)} label={t("district.trend")} />
          <h3>{t("district.talks")}</h3>
          <Curve values={trend.map((hour) => hour.talks)} label={t("district.talks")} />
          <h3>{t("district.mood.trend")}</h3>
          <Curve values={trend.map((hour) => hour.needs)} label={t("district.mood.trend")} />
        </>
      )}
      {prices.length > 0 && (
        <>
          <h3>{t("district.prices")}</h3>
          <details className="more">
            <summary>{t("district.prices.all", { count: prices.length })}</summary>
            <table className="stock"><tbody>{prices.map(([item, cents]) => <tr key={item}><th scope="row">{item.replaceAll("-", " ")}</th><td>{t.euros(cents)}</td></tr>)}</tbody></table>
          </details>
        </>
      )}
    </Card>
  );
}
