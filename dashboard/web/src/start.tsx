/** Puts the parts together and starts the page; for a running town and for a recorded one. */

import { createRoot } from "react-dom/client";
import { App } from "./App.tsx";
import { Director } from "./picture/director.ts";
import { Hand } from "./picture/hand.ts";
import { readMoment } from "./store/moment.ts";
import type { Source } from "./store/source.ts";
import { renderer } from "./scene/quality.ts";
import { Store } from "./store/store.ts";
import { speak } from "./text/text.ts";
import { Player, type Live } from "./time/player.ts";
import type { TownMap } from "./api/types.ts";
import type { Rooms } from "./store/context.ts";
import { isFirstVisit, readKept } from "./store/kept.ts";
import { readRoute } from "./store/route.ts";

const RETRY_MS = 1_500;

interface Beginning {
  source: Source;
  live: (store: Store) => Live | null;
  map: () => Promise<TownMap>;
  /** the moment of the address */
  address: string;
  rooms?: Rooms;
}

export function start({ source, live, map, address, rooms }: Beginning): void {
  const moment = readMoment(address, navigator.languages);
  const hand = new Hand();
  const store = new Store(() => performance.now(), {
    language: moment.language, quality: moment.quality, overlay: moment.overlay, view: moment.view ?? "3d", connection: source.recorded ? "recorded" : "connecting",
  });
  const stream = live(store);
  const player = new Player(store, source, stream);
  const director = new Director(store, hand);
  window.__show = async (tick, pose) => {
    await player.seek(tick, { playing: false });
    hand.setPose(pose);
  };
  if (rooms !== undefined) {
    store.set({ me: readKept()?.name ?? null });
    const enter = (): void => store.set({ route: readRoute(location.hash) });
    addEventListener("hashchange", enter);
    enter();
    const anywhere = moment.tick === null && moment.pose === null && moment.chosen === null && moment.view === null && store.get().route === null;
    // Who wants no motion is not taken round.
    if (anywhere && isFirstVisit()) store.set({ greeting: true, director: !matchMedia("(prefers-reduced-motion: reduce)").matches });
  }
  const root = document.getElementById("root");
  if (root === null) throw new Error("the page has no root");
  // The present needs nothing but the stream; it may come before the map.
  if (moment.tick === null) stream?.start();
  void begin();
  createRoot(root).render(<App parts={{ store, player, source, camera: hand, director, rooms: rooms ?? null }} hand={hand} pose={moment.pose} />);
  // Asking what draws here costs some time; it passes while the map is on its way.
  if (store.get().view === "3d") setTimeout(renderer);

  async function begin(): Promise<void> {
    const t = speak(moment.language);
    for (;;) {
      try {
        // A long history takes a while to be looked over; the picture does not wait for it.
        const [, overview] = await Promise.all([map().then((town) => store.setTown(town)), source.overview()]);
        store.start = overview.start;
        store.set({ overview, problem: null });
        const ours = moment.run === null || moment.run === overview.run;
        if (!ours) store.set({ problem: t("time.other") });
        if (stream === null) await player.seek(moment.tick ?? overview.first_tick, { playing: moment.tick === null, rate: 300 });
        else if (ours && moment.tick !== null) await player.seek(moment.tick, { playing: false });
        else if (moment.tick !== null) stream.start();
        if (ours && moment.chosen !== null) choose();
        return;
      } catch (error) {
        store.set({ problem: t("loading.failed", { why: error instanceof Error ? error.message : String(error) }) });
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  /** Choose what the link names, as soon as it is there. */
  function choose(): void {
    const { chosen, following } = moment;
    if (chosen === null) return;
    const there = (): boolean => chosen.kind !== "person" || store.world.residents.has(chosen.id);
    const take = (): void => {
      store.choose(chosen, following);
      const at = (): ReturnType<typeof store.world.position> => (store.get().following ? store.world.position(chosen.id) : null);
      const first = at();
      if (first !== null) hand.flyTo(first, { ...(moment.pose !== null && { distance: moment.pose.distance }), follow: at });
    };
    if (there()) return take();
    const stop = store.subscribe(() => {
      if (!there()) return;
      stop();
      take();
    });
  }
}
