/** Beside the picture: what happens and is said, and who lives here. A sheet from below on a phone. */

import { useState } from "react";
import { CLOTHES } from "./palette.ts";
import { hash } from "./motion.ts";
import { timeOf, type Entry, type Shown, type Store } from "./store.ts";
import type { Resident } from "./types.ts";

type Go = (agent: string | null, building: string | null) => void;

export function Panel({ shown, store, onGo }: { shown: Shown; store: Store; onGo: Go }) {
  const [tab, setTab] = useState<"feed" | "people">("feed");
  const [talkOnly, setTalkOnly] = useState(false);
  const [high, setHigh] = useState(false);
  const selected = shown.selected === null ? null : (store.residents.get(shown.selected) ?? null);
  return (
    <aside id="panel" className={high ? "panel high" : "panel"} aria-label="What happens" tabIndex={-1}>
      <button type="button" className="handle" aria-expanded={high} onClick={() => setHigh(!high)}>
        <span className="visually-hidden">{high ? "Make the panel smaller" : "Make the panel larger"}</span>
      </button>
      {selected !== null && <Person person={selected} store={store} onGo={onGo} />}
      <div className="tabs">
        <button type="button" aria-pressed={tab === "feed"} onClick={() => setTab("feed")}>Happening</button>
        <button type="button" aria-pressed={tab === "people"} onClick={() => setTab("people")}>Residents</button>
        {tab === "feed" && (
          <label>
            <input type="checkbox" checked={talkOnly} onChange={(event) => setTalkOnly(event.target.checked)} /> talk only
          </label>
        )}
      </div>
      {tab === "feed" ? <Feed shown={shown} talkOnly={talkOnly} onGo={onGo} /> : <People shown={shown} store={store} onGo={onGo} />}
    </aside>
  );
}

function Feed({ shown, talkOnly, onGo }: { shown: Shown; talkOnly: boolean; onGo: Go }) {
  const entries = talkOnly ? shown.feed.filter((entry) => entry.sentence.words !== null) : shown.feed;
  if (entries.length === 0) return <p className="empty">Nothing yet. The town is waking up.</p>;
  return (
    <ol className="feed" aria-live="off">
      {entries.map((entry) => (
        <li key={entry.id} className={entry.sentence.words === null ? "" : "speech"}>
          <button type="button" onClick={() => onGo(entry.agent, entry.building)}>
            {shown.clock !== null && <time>{timeOf(entry.tick, shown.clock)}</time>}
            <Told entry={entry} />
          </button>
        </li>
      ))}
    </ol>
  );
}

function Told({ entry }: { entry: Entry }) {
  const { who, text, words, passedOn } = entry.sentence;
  return (
    <span>
      {who !== null && <b style={{ color: darker(entry.agent) }}>{who}</b>} {text}
      {words === null ? (who === null || /[.!?]$/.test(text) ? "" : ".") : <q>{words}</q>}
      {passedOn && <span className="passed-on" title="heard from somebody else">passed on</span>}
    </span>
  );
}

function People({ shown, store, onGo }: { shown: Shown; store: Store; onGo: Go }) {
  return (
    <ul className="people">
      {shown.residents.map((person) => (
        <li key={person.id}>
          <button type="button" aria-pressed={person.id === shown.selected} onClick={() => onGo(person.id, null)}>
            <Dot id={person.id} />
            <span>
              <b>{person.name}</b> {doing(person, store)}
            </span>
          </button>
        </li>
      ))}
    </ul>
  );
}

function Person({ person, store, onGo }: { person: Resident; store: Store; onGo: Go }) {
  const facts = [person.age === null ? null : `${person.age}`, person.job, person.kind === "external" ? "a visitor" : null];
  return (
    <section className="person" aria-label={person.name}>
      <h2>
        <Dot id={person.id} />
        {person.name}
      </h2>
      <button type="button" className="close" onClick={() => store.select(null)}>
        <span aria-hidden="true">×</span>
        <span className="visually-hidden">Close {person.name}</span>
      </button>
      <p className="facts">{facts.filter((fact) => fact !== null).join(", ")}</p>
      {person.tagline !== null && <p>{person.tagline}</p>}
      <p className="doing">{doing(person, store)}</p>
      {person.said !== null && <q>{person.said.text}</q>}
      <button type="button" className="find" onClick={() => onGo(person.id, person.building)}>Show on the map</button>
    </section>
  );
}

function Dot({ id }: { id: string }) {
  return <span className="dot" aria-hidden="true" style={{ background: CLOTHES[hash(id) % CLOTHES.length] }} />;
}

function doing(person: Resident, store: Store): string {
  const place = person.building === null ? "" : ` at ${store.building(person.building)}`;
  if (person.presence === "offline") return `is away${place}`;
  return person.doing === "idle" ? `is${place === "" ? " outdoors" : place}` : `is ${person.doing}${place}`;
}

/** A resident's colour, dark enough to read on paper. */
function darker(id: string | null): string {
  return id === null ? "inherit" : `color-mix(in oklab, ${CLOTHES[hash(id) % CLOTHES.length]} 72%, #2a1f17)`;
}
