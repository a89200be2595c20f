/** The feed: who did and said what, in paragraphs, filtered, and drawn only as far as it is seen. */

import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef, useState } from "react";
import type { TownEvent } from "../api/types.ts";
import { Name } from "../cards/parts.tsx";
import { Icon } from "../Icon.tsx";
import { goTo, useParts, useShown, useText } from "../store/context.ts";
import { FEED_LENGTH, type Filter } from "../store/store.ts";
import { timeOf } from "../store/time.ts";
import { spread } from "../world/spread.ts";
import { fits, paragraphs, type Paragraph } from "./group.ts";
import { clause, row, tell, TOLD } from "./prose.ts";

const KINDS: readonly Filter["kind"][] = ["all", "talk", "trade", "work", "moves"];
const GUESS_PX = 62;
/** So many older entries come at a time. */
const MORE = 300;

export function Feed() {
  const t = useText();
  const feed = useShown((shown) => shown.feed);
  const filter = useShown((shown) => shown.filter);
  const found = useMemo(() => paragraphs(feed.filter((event) => fits(event, filter))), [feed, filter]);
  const scroll = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({ count: found.length, getScrollElement: () => scroll.current, estimateSize: () => GUESS_PX, overscan: 6, getItemKey: (index) => found[index]?.id ?? index });
  return (
    <>
      <Filters filter={filter} />
      {found.length === 0 && <p className="empty">{t(feed.length === 0 ? "feed.empty" : "feed.nothing")}</p>}
      <div className="feed" ref={scroll} tabIndex={0} role="region" aria-label={t("tab.feed")}>
        <ol style={{ height: rows.getTotalSize(), paddingTop: rows.getVirtualItems()[0]?.start ?? 0 }}>
          {rows.getVirtualItems().map((item) => (
            <li key={item.key} ref={rows.measureElement} data-index={item.index} aria-posinset={item.index + 1} aria-setsize={found.length}>
              <Entry paragraph={found[item.index]!} />
            </li>
          ))}
        </ol>
        <Older />
      </div>
      <Announcer />
    </>
  );
}

/** Asks for what happened before the oldest entry. */
function Older() {
  const { store, source } = useParts();
  const t = useText();
  const oldest = useShown((shown) => shown.feed.at(-1)?.tick);
  const full = useShown((shown) => shown.feed.length >= FEED_LENGTH);
  const [none, setNone] = useState(false);
  if (oldest === undefined || none || full) return null;
  const ask = async (): Promise<void> => {
    const found = await source.events({ kind: TOLD, until: oldest, limit: MORE });
    setNone(found.length < MORE);
    store.remember(found);
  };
  return <button type="button" className="older" onClick={() => void ask()}>{t("feed.older")}</button>;
}

function Filters({ filter }: { filter: Filter }) {
  const { store } = useParts();
  const t = useText();
  const town = useShown((shown) => shown.town);
  const names = useShown((shown) => shown.names);
  const set = (changes: Partial<Filter>): void => store.set({ filter: { ...filter, ...changes } });
  return (
    <div className="filters">
      <select aria-label={t("feed.kind")} value={filter.kind} onChange={(event) => set({ kind: event.target.value as Filter["kind"] })}>
        {KINDS.map((kind) => <option key={kind} value={kind}>{t(`feed.kind.${kind}`)}</option>)}
      </select>
      <select aria-label={t("feed.district")} value={filter.district ?? ""} onChange={(event) => set({ district: event.target.value || null })}>
        <option value="">{t("feed.district.all")}</option>
        {town?.districts.map(({ id, name }) => <option key={id} value={id}>{name}</option>)}
      </select>
      <select aria-label={t("feed.person")} value={filter.person ?? ""} onChange={(event) => set({ person: event.target.value || null })}>
        <option value="">{t("feed.person.all")}</option>
        {names.map(({ id, name }) => <option key={id} value={id}>{name}</option>)}
      </select>
    </div>
  );
}

function Entry({ paragraph }: { paragraph: Paragraph }) {
  const { store } = useParts();
  const newest = paragraph.events[paragraph.events.length - 1]!;
  const t = useText();
  const time = <time>{timeOf(store.start, newest.tick)}</time>;
  if (paragraph.kind === "talk") return <Talk paragraph={paragraph} time={time} />;
  const first = paragraph.events[0]!;
  const told = tell(first, store.world, t);
  if (told === null) return null;
  if (paragraph.kind === "note") return <p className="entry note">{time}<span>{told.text}</span></p>;
  let here: string | null = null;
  const clauses = paragraph.events.map((event) => {
    const said = clause(event, store.world, t, here);
    here = event.building ?? here;
    return said ?? "";
  });
  return (
    <Go event={newest} className="entry">
      {time}
      <span><Name id={first.agent} /> {row([...new Set(clauses)].filter((one) => one !== ""), t)}.</span>
    </Go>
  );
}

function Talk({ paragraph, time }: { paragraph: Paragraph; time: React.ReactNode }) {
  const parts = useParts();
  const { world } = parts.store;
  const t = useText();
  const newest = paragraph.events[paragraph.events.length - 1]!;
  const speakers = [...new Set(paragraph.events.flatMap((event) => [event.agent, ...((event.data["to"] as string[] | null | undefined) ?? [])]))].filter((id) => id !== null);
  const place = paragraph.building === null ? "" : t("at", { place: world.building(paragraph.building) });
  const alone = paragraph.events.length === 1;
  return (
    <div className="entry talk">
      <Go event={newest} className="head">
        {time}
        {alone ? <span><Name id={newest.agent} /> {clause(newest, world, t)}</span> : <span>{t("feed.talk", { who: row(speakers.slice(0, 4).map((id) => world.agent(id)), t), at: place })}</span>}
      </Go>
      {paragraph.events.map((event) => (
        <p key={event.id} className="line">
          {!alone && <Name id={event.agent} />} <q>{String(event.data["text"] ?? "")}</q>
          {event.about.length > 0 && <span className="passed-on" title={t("feed.passed.why")}>{t("feed.passed")}</span>}
          <SpreadButton event={event} />
        </p>
      ))}
    </div>
  );
}

function SpreadButton({ event }: { event: TownEvent }) {
  const { store, source } = useParts();
  const t = useText();
  const ask = async (): Promise<void> => {
    const news = spread(await source.news(event.id, Math.max(event.tick, Math.floor(store.world.tick()))));
    if (news !== null) store.set({ news, overlay: "news" });
  };
  return <button type="button" className="spread" aria-label={t("feed.spread")} title={t("feed.spread")} onClick={() => void ask()}><Icon name="spread" /></button>;
}

/** Flies the camera to where an event was. */
function Go({ event, className, children }: { event: TownEvent; className: string; children: React.ReactNode }) {
  const parts = useParts();
  return <button type="button" className={className} onClick={() => goTo(parts, event.agent, event.building)}>{children}</button>;
}

/** Reads the newest entry aloud to a screen reader, if asked to. */
function Announcer() {
  const { store } = useParts();
  const t = useText();
  const [on, setOn] = useState(false);
  const newest = useShown((shown) => (on ? shown.feed[0] : undefined));
  const told = newest === undefined ? null : tell(newest, store.world, t);
  return (
    <div className="announcer">
      <label><input type="checkbox" checked={on} onChange={(event) => setOn(event.target.checked)} /> {t("feed.announce")}</label>
      <p className="visually-hidden" aria-live="polite">{told === null ? "" : `${told.who ?? ""} ${told.text} ${told.words ?? ""}`}</p>
    </div>
  );
}
