/** The page: picture, header, tools, time, panel. */

import { Suspense, useEffect } from "react";
import { Minimap } from "./map/Minimap.tsx";
import { Legend } from "./overlays/Legend.tsx";
import { City } from "./picture/City.tsx";
import type { Hand } from "./picture/hand.ts";
import type { Pose } from "./picture/view.ts";
import { Header } from "./Header.tsx";
import { Panel } from "./Panel.tsx";
import { ListView } from "./people/ListView.tsx";
import { Search } from "./search/Search.tsx";
import { PartsContext, useParts, useShown, useText, type Parts } from "./store/context.ts";
import { TimeBar } from "./time/TimeBar.tsx";
import { Tools } from "./Tools.tsx";

export function App({ parts, hand, pose }: { parts: Parts; hand: Hand; pose: Pose | null }) {
  return (
    <PartsContext value={parts}>
      <Page hand={hand} pose={pose} />
    </PartsContext>
  );
}

function Page({ hand, pose }: { hand: Hand; pose: Pose | null }) {
  const t = useText();
  const town = useShown((shown) => shown.town);
  const problem = useShown((shown) => shown.problem);
  const view = useShown((shown) => shown.view);
  const overlay = useShown((shown) => shown.overlay);
  const language = useShown((shown) => shown.language);
  const route = useShown((shown) => shown.route);
  const { rooms } = useParts();
  useKeys();
  useEffect(() => void (document.documentElement.lang = language === "pseudo" ? "en" : language), [language]);
  if (route !== null && rooms !== null) return <Suspense fallback={<p className="loading">{t("loading")}</p>}><rooms.Portal /></Suspense>;
  return (
    <>
      <a className="skip" href="#panel">{t("skip")}</a>
      <main className={view === "list" ? "city words" : "city"}>
        {town === null ? <p className="loading"><span className="unfolding" aria-hidden="true" />{problem ?? t("loading")}</p> : view === "list" ? <ListView /> : <City town={town} hand={hand} pose={pose} />}
        {town !== null && problem !== null && <p className="problem" role="alert">{problem}</p>}
      </main>
      <div className="corner">
        <Header />
        <Search />
        {overlay !== null && <section className="laid" aria-label={t("overlay.label")}><Legend /></section>}
      </div>
      <Tools hand={hand} />
      {town !== null && view !== "list" && <section aria-label={t("view.minimap")}><Minimap town={town} hand={hand} /></section>}
      <Help />
      <TimeBar />
      <Panel />
      <footer className="attribution">
        {town?.attribution.includes("OpenStreetMap") === true ? <a href="https://www.openstreetmap.org/copyright" rel="noreferrer">{town.attribution}</a> : town?.attribution}
      </footer>
    </>
  );
}

const HELP_MS = 14_000;

/** One line for who is new here; it goes by itself, or when the picture is taken in hand. */
function Help() {
  const { store } = useParts();
  const t = useText();
  const shown = useShown(({ greeting, director, town, view }) => greeting && director && town !== null && view !== "list");
  useEffect(() => {
    if (!shown) return undefined;
    const timer = setTimeout(() => store.set({ greeting: false }), HELP_MS);
    return () => clearTimeout(timer);
  }, [shown, store]);
  return shown ? <p className="help" role="status">{t("view.help")}</p> : null;
}

/** Keys that work wherever no field has them: space, 1 2 3, slash, d. */
function useKeys(): void {
  const { store, player } = useParts();
  useEffect(() => {
    const rates: Record<string, number> = { 1: 1, 2: 60, 3: 1440 };
    const pressed = (event: KeyboardEvent): void => {
      const target = event.target as HTMLElement;
      if (store.get().route !== null || event.ctrlKey || event.metaKey || event.altKey || target.closest("input, select, textarea, button, summary, [role=button]") !== null) return;
      const { replay } = store.get();
      if (event.key === "/") store.set({ searching: true });
      else if (event.key === "d") store.set({ director: !store.get().director });
      else if (event.key === " " && replay !== null) {
        if (replay.playing) player.pause();
        else player.play();
      } else if (replay !== null && rates[event.key] !== undefined) player.play(rates[event.key]);
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, [store, player]);
}
