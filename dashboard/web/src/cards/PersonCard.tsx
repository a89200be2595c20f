/** About one resident: mood, doing, goal, last words and conversation, relations, home, work, owner, reflections. */

import { Suspense, useMemo } from "react";
import type { Resident, TownEvent } from "../api/types.ts";
import { MOOD_COLOURS } from "../overlays/colours.ts";
import { goTo, useParts, useShown, useText } from "../store/context.ts";
import { timeOf } from "../store/time.ts";
import type { Speak } from "../text/text.ts";
import type { Store } from "../store/store.ts";
import { clause } from "../feed/prose.ts";
import { Graph } from "./Graph.tsx";
import { Card } from "./Card.tsx";
import { Dot, Fact, Link, Name, useAnswer } from "./parts.tsx";

const FRIENDS = 6;
const LINES = 6;

export function PersonCard({ id }: { id: string }) {
  const parts = useParts();
  const { store, source, rooms } = parts;
  const t = useText();
  const person = useShown((shown) => shown.residents.find((one) => one.id === id));
  const me = useShown((shown) => shown.me);
  const following = useShown((shown) => shown.following);
  // A new half hour, new words: enough to ask again.
  const moment = useShown((shown) => `${shown.replay === null} ${Math.floor((shown.clock?.tick ?? 0) / 30)}`);
  const until = Math.floor(store.world.tick());
  const talks = useAnswer(() => source.events({ agent: id, kind: ["said"], until, limit: 12 }), [id, moment, person?.said?.event]);
  const deeds = useAnswer(() => source.events({ agent: id, kind: ["arrived", "bought", "ate", "started_work", "finished_work", "woke", "fell_asleep", "claimed", "gave"], until, limit: 12 }), [id, moment, person?.doing]);
  const bonds = useAnswer(() => source.bonds(id, until), [id, moment]);
  const thoughts = useAnswer(() => source.reflections(id), [id, moment]);
  if (person === undefined) return null;
  return (
    <Card title={person.name} label={t("card.person", { name: person.name })} mark={<Dot id={id} />}>
      <p className="tagline">{[person.age === null ? null : t("card.years", { count: person.age }), person.kind === "external" ? t("card.visitor") : null, person.tagline].filter((part) => part !== null).join(" · ")}</p>
      <p className="now"><span className="mood" style={{ background: MOOD_COLOURS[store.world.mood(id)] }} aria-hidden="true" /> {["asleep", "away"].includes(store.world.mood(id)) ? "" : `${t(`mood.${store.world.mood(id)}`)}, `}{doing(person, store, t)}</p>
      <div className="actions">
        <button type="button" aria-pressed={following} onClick={() => (following ? store.set({ following: false }) : goTo(parts, id, null))}>{t(following ? "card.unfollow" : "card.follow")}</button>
        <button type="button" onClick={() => goTo(parts, id, null)}>{t("card.show")}</button>
      </div>
      <h3>{t("card.talks")}</h3>
      {talks?.length === 0 ? <p className="soft">{t("card.said.none")}</p> : <Lines events={conversation(talks ?? [])} />}
      <dl>
        {person.goal !== null && <Fact name={t("card.goal")}>{person.goal}</Fact>}
        {person.home !== null && <Fact name={t("card.home")}><Link building={person.home}>{store.world.building(person.home)}</Link></Fact>}
        {person.job !== null && <Fact name={t("card.job")}>{person.job}</Fact>}
        <Fact name={t("card.owner")}>{person.owner ?? t("card.owner.town")}</Fact>
      </dl>
      <h3>{t("card.friends")}</h3>
      {bonds !== null && bonds.length === 0 && <p className="soft">{t("card.friends.none")}</p>}
      <ul className="friends">
        {(bonds ?? []).slice(0, FRIENDS).map((bond) => {
          const other = bond.a === id ? bond.b : bond.a;
          return <li key={other}><Link agent={other}><Dot id={other} /> {store.world.agent(other)}</Link> <span className="soft">{t("card.times", { count: bond.talks })}</span></li>;
        })}
      </ul>
      {bonds !== null && bonds.length > 0 && <Graph around={id} />}
      <h3>{t("card.day")}</h3>
      <ul className="deeds">{(deeds ?? []).map((event) => <Deed key={event.id} event={event} />)}</ul>
      <h3>{t("card.reflections")}</h3>
      {thoughts !== null && thoughts.length > 0 ? <ul className="thoughts">{thoughts.map((text) => <li key={text}><q>{text}</q></li>)}</ul>
        : rooms !== null && me !== null && me === person.owner ? <Suspense fallback={null}><rooms.Reflections id={id} name={person.name} /></Suspense>
        : <p className="soft">{t("card.reflections.hidden", { name: person.name })}</p>}
    </Card>
  );
}

/** The last conversation, oldest line first: words that are not far apart. */
function conversation(newestFirst: readonly TownEvent[]): TownEvent[] {
  const last = newestFirst[0];
  return last === undefined ? [] : newestFirst.filter((event) => last.tick - event.tick <= 20).slice(0, LINES).reverse();
}

function Lines({ events }: { events: readonly TownEvent[] }) {
  const { store } = useParts();
  return (
    <ul className="lines">
      {events.map((event) => (
        <li key={event.id}><time>{timeOf(store.start, event.tick)}</time> <Link agent={event.agent}><Name id={event.agent} /></Link> <q>{String(event.data["text"] ?? "")}</q></li>
      ))}
    </ul>
  );
}

export function Deed({ event, named = false }: { event: TownEvent; named?: boolean }) {
  const { store } = useParts();
  const t = useText();
  const told = useMemo(() => clause(event, store.world, t), [event, store, t]);
  return told === null ? null : <li><time>{timeOf(store.start, event.tick)}</time> {named && <Link agent={event.agent}><Name id={event.agent} /></Link>} {told}{event.kind === "said" && <> <q>{String(event.data["text"] ?? "")}</q></>}</li>;
}

/** What somebody does, in words. */
export function doing(person: Resident, store: Store, t: Speak): string {
  if (person.presence === "offline") return t("doing.away");
  const at = person.building === null ? "" : t("at", { place: store.world.building(person.building) });
  if (person.doing === "idle") return person.building === null ? t("doing.idle.out") : `${t("doing.idle")}${at}`;
  const key = `doing.${person.doing}`;
  return `${t.has(key) ? t(key) : t("doing.other", { doing: person.doing })}${at}`;
}
