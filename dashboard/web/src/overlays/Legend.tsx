/** Which overlay is laid, and what its colours mean. */

import { useParts, useShown, useText } from "../store/context.ts";
import { Curve, Name } from "../cards/parts.tsx";
import { timeOf } from "../store/time.ts";
import { knownAt, reach } from "../world/spread.ts";
import { LEGEND, MOOD_COLOURS, OWNED_COLOUR } from "./colours.ts";
import { OVERLAYS, type OverlayName } from "./names.ts";

export function Legend() {
  const { store } = useParts();
  const t = useText();
  const overlay = useShown((shown) => shown.overlay);
  return (
    <div className="legend">
      <label>
        {t("overlay.label")}{" "}
        <select value={overlay ?? ""} onChange={(event) => store.set({ overlay: (event.target.value || null) as OverlayName | null })}>
          <option value="">{t("overlay.none")}</option>
          {OVERLAYS.map((name) => <option key={name} value={name}>{t(`overlay.${name}`)}</option>)}
        </select>
      </label>
      {(overlay === "crowding" || overlay === "wealth" || overlay === "price") && (
        <p className="steps">
          <span>{t(overlay === "crowding" ? "overlay.few" : overlay === "wealth" ? "overlay.little" : "overlay.low")}</span>
          <i style={{ background: LEGEND }} />
          <span>{t(overlay === "crowding" ? "overlay.many" : overlay === "wealth" ? "overlay.much" : "overlay.high")}</span>
          {overlay === "price" && <span><i className="spot" style={{ background: OWNED_COLOUR }} /> {t("overlay.owned")}</span>}
        </p>
      )}
      {overlay === "mood" && (
        <p className="steps">{(["content", "hungry", "tired", "lonely", "asleep"] as const).map((mood) => <span key={mood}><i className="spot" style={{ background: MOOD_COLOURS[mood] }} /> {t(`mood.${mood}`)}</span>)}</p>
      )}
      {overlay === "news" && <News />}
    </div>
  );
}

function News() {
  const { store } = useParts();
  const t = useText();
  const news = useShown((shown) => shown.news);
  const all = useShown((shown) => shown.residents.length);
  useShown((shown) => shown.clock?.tick);
  if (news === null) return <p className="soft">{t("overlay.news.pick")}</p>;
  const now = store.world.tick();
  const { size } = knownAt(news, now);
  return (
    <>
      <p>{t("overlay.news.heard", { count: size, all, text: news.text })}</p>
      <p className="steps">
        <span><i className="spot" style={{ background: "#7a1f4d" }} /> {t("overlay.news.first")}</span>
        <span><i className="spot" style={{ background: "#d4472a" }} /> {t("overlay.news.knows")}</span>
        <span><i className="spot" style={{ background: "#b9b1a5" }} /> {t("overlay.news.not")}</span>
      </p>
      <Curve values={reach(news, now)} label={t("overlay.news.curve")} />
      <ol className="heard" tabIndex={0} aria-label={t("overlay.news.knows")}>
        {news.hearings.filter(({ tick }) => tick <= now).map(({ agent, tick, from }) => (
          <li key={agent}><time>{timeOf(store.start, tick)}</time> <Name id={agent} /> <span className="soft">{from === null ? t("overlay.news.first") : t("overlay.news.from", { whom: store.world.agent(from) })}</span></li>
        ))}
      </ol>
    </>
  );
}
