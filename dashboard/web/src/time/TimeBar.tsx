/** Time: the whole history under one thumb, how fast it plays, and a link to every moment. */

import { useEffect, useMemo, useState } from "react";
import { Icon } from "../Icon.tsx";
import { useParts, useShown, useText } from "../store/context.ts";
import { dateAt, dayOf, DAY_TICKS, timeOf } from "../store/time.ts";
import { RATES } from "./player.ts";
import { Share } from "./Share.tsx";

const HOUR = 60;
const OVERVIEW_MS = 60_000;

export function TimeBar() {
  const { store, player, source } = useParts();
  const t = useText();
  const overview = useShown((shown) => shown.overview);
  const replay = useShown((shown) => shown.replay);
  const tick = useShown((shown) => shown.clock?.tick ?? 0);
  const [dragged, setDragged] = useState<number | null>(null);
  const first = overview?.first_tick ?? 0;
  const last = Math.max(overview?.last_tick ?? 0, replay === null ? tick : 0);
  const at = dragged ?? Math.min(tick, last);

  useEffect(() => {
    if (source.recorded) return undefined;
    const timer = setInterval(() => {
      if (document.hidden) return;
      source.overview().then((found) => store.set({ overview: found }), (error: unknown) => console.warn("the history can't be had:", error));
    }, OVERVIEW_MS);
    return () => clearInterval(timer);
  }, [source, store]);

  const go = (to: number): void => void player.seek(Math.max(first, Math.min(last, to)), { playing: replay?.playing ?? false });
  const toggle = (): void => {
    if (replay === null) void player.seek(last, { playing: false });
    else if (replay.playing) player.pause();
    else player.play();
  };
  return (
    <section className="timebar" aria-label={t("time.label")}>
      <div className="time-row">
        <button type="button" className="round" aria-label={t(replay?.playing === false ? "time.play" : "time.pause")} onClick={toggle}><Icon name={replay?.playing === false ? "play" : "pause"} /></button>
        <button type="button" className="hour" aria-label={t("time.back")} title={t("time.back")} onClick={() => go(at - HOUR)}>−1 h</button>
        <div className="scrubber">
          <Hours first={first} last={last} />
          <input
            type="range" min={first} max={Math.max(first + 1, last)} step={1} value={at} aria-label={t("time.scrub")}
            aria-valuetext={`${t.day(dateAt(store.start, at))} ${timeOf(store.start, at)}`}
            onChange={(event) => setDragged(Number(event.target.value))}
            onPointerUp={() => dragged !== null && (go(dragged), setDragged(null))}
            onKeyUp={() => dragged !== null && (go(dragged), setDragged(null))}
            onBlur={() => dragged !== null && (go(dragged), setDragged(null))}
          />
          {dragged !== null && <output className="hint">{t.weekday(dateAt(store.start, dragged))} {timeOf(store.start, dragged)}</output>}
        </div>
        <button type="button" className="hour" aria-label={t("time.forward")} title={t("time.forward")} onClick={() => go(at + HOUR)}>+1 h</button>
        <button type="button" className="live" disabled={replay === null || source.recorded} onClick={() => player.now()}>{t("time.live")}</button>
      </div>
      <div className="time-row">
        <select aria-label={t("time.rate")} value={replay?.rate ?? 60} onChange={(event) => {
          const rate = Number(event.target.value);
          if (replay === null) void player.seek(dayOf(store.start, last), { playing: true, rate });
          else player.play(rate);
        }}>
          {[...new Set([...RATES, replay?.rate ?? 60])].sort((a, b) => a - b).map((rate) => <option key={rate} value={rate}>{Math.round(rate)}×</option>)}
        </select>
        <button type="button" onClick={() => void player.day(Math.max(first, Math.min(dayOf(store.start, at), last - 1)), Math.min(last, dayOf(store.start, at) + DAY_TICKS))}>{t("time.day")}</button>
        <span className="soft grow" role="status">{replay?.loading === true ? t("time.loading") : replay === null ? "" : t("time.past")}</span>
        <Share />
      </div>
    </section>
  );
}

/** How much was said in each hour of the history. */
function Hours({ first, last }: { first: number; last: number }) {
  const hours = useShown((shown) => shown.overview?.hours);
  const bars = useMemo(() => {
    const span = Math.max(1, last - first);
    const most = Math.max(1, ...(hours ?? []).map((hour) => hour.talks + hour.deeds));
    return (hours ?? []).map((hour) => ({ x: ((hour.tick - first) / span) * 100, width: (HOUR / span) * 100, height: ((hour.talks + hour.deeds) / most) * 100 }));
  }, [hours, first, last]);
  return (
    <svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">
      {bars.map(({ x, width, height }) => <rect key={x} x={x} y={100 - height} width={Math.max(0.1, width * 0.86)} height={height} />)}
    </svg>
  );
}
