/** Search for people, places and words said; what is found is flown to. */

import { useEffect, useMemo, useRef, useState } from "react";
import type { TownEvent } from "../api/types.ts";
import { Dot, Name } from "../cards/parts.tsx";
import { goTo, useParts, useShown, useText } from "../store/context.ts";
import { timeOf } from "../store/time.ts";
import { findPlaces, plain, waresOf } from "./places.ts";

const EACH = 6;
const WAIT_MS = 250;
const NO_WARES: ReadonlyMap<string, readonly string[]> = new Map();

export function Search() {
  const parts = useParts();
  const { store, source } = parts;
  const t = useText();
  const open = useShown((shown) => shown.searching);
  const residents = useShown((shown) => shown.residents);
  const town = useShown((shown) => shown.town);
  const [text, setText] = useState("");
  const [said, setSaid] = useState<TownEvent[]>([]);
  const field = useRef<HTMLInputElement>(null);
  const [wares, setWares] = useState(NO_WARES);
  const wanted = text.trim().toLowerCase();
  const people = useMemo(() => (wanted === "" ? [] : residents.filter(({ name }) => plain(name).includes(plain(wanted))).slice(0, EACH)), [residents, wanted]);
  const places = useMemo(() => {
    const words = (kind: string): string => [`kind.${kind}`, `kind.${kind}.also`].map((key) => (t.has(key) ? t(key) : "")).join(", ");
    return findPlaces(wanted, town?.buildings ?? [], wares, words, EACH);
  }, [town, wanted, wares, t]);

  useEffect(() => {
    setSaid([]);
    if (wanted.length < 3) return undefined;
    let asked = true;
    const timer = setTimeout(() => {
      source.words(wanted).then((found) => asked && setSaid(found.slice(0, EACH)), (error: unknown) => console.warn("words can't be searched:", error));
    }, WAIT_MS);
    return () => {
      asked = false;
      clearTimeout(timer);
    };
  }, [wanted, source]);
  const selling = wanted.length > 2;
  useEffect(() => {
    if (selling) source.buildings().then((found) => setWares(waresOf(found)), (error: unknown) => console.warn("what is sold can't be searched:", error));
  }, [selling, source]);
  useEffect(() => {
    if (open) field.current?.focus();
  }, [open]);

  const close = (): void => store.set({ searching: false });
  const go = (agent: string | null, building: string | null): void => {
    goTo(parts, agent, building);
    setText("");
    close();
  };
  const count = people.length + places.length + said.length;
  return (
    <div className="search" role="search" onKeyDown={(event) => event.key === "Escape" && close()}>
      <input
        ref={field} type="search" value={text} placeholder={t("search.hint")} aria-label={t("search.label")} onFocus={() => store.set({ searching: true })}
        onChange={(event) => {
          setText(event.target.value);
          store.set({ searching: true });
        }}
        onKeyDown={(event) => {
          if (event.key !== "Enter") return;
          if (people[0] !== undefined) go(people[0].id, null);
          else if (places[0] !== undefined) go(null, places[0].house.id);
          else if (said[0] !== undefined) go(said[0].agent, said[0].building);
        }}
      />
      {open && wanted !== "" && (
        <div className="results">
          <p className="visually-hidden" role="status">{t("search.count", { count })}</p>
          {count === 0 && wanted.length >= 3 && <p className="soft">{t("search.none")}</p>}
          {people.length > 0 && <h3>{t("search.people")}</h3>}
          {people.map(({ id, name }) => <button type="button" key={id} onClick={() => go(id, null)}><Dot id={id} /> {name}</button>)}
          {places.length > 0 && <h3>{t("search.places")}</h3>}
          {places.map(({ house: { id, name, kind }, ware }) => {
            const key = `kind.${kind}`;
            return <button type="button" key={id} onClick={() => go(null, id)}>{name} <span className="soft">{ware ?? (t.has(key) ? t(key) : kind)}</span></button>;
          })}
          {said.length > 0 && <h3>{t("search.words")}</h3>}
          {said.map((event) => (
            <button type="button" key={event.id} onClick={() => go(event.agent, event.building)}>
              <time>{timeOf(store.start, event.tick)}</time> <Name id={event.agent} /> <q>{String(event.data["text"] ?? "")}</q>
            </button>
          ))}
        </div>
      )}
    </div>
  );
}
