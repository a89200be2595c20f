/** Buttons over the picture: how it is seen, who steers it, in which language. */

import { Legend } from "./overlays/Legend.tsx";
import type { Hand } from "./picture/hand.ts";
import { QUALITIES, type Quality } from "./scene/quality.ts";
import { useParts, useShown, useText } from "./store/context.ts";
import type { ViewKind } from "./store/store.ts";
import { LANGUAGES, type Language } from "./text/text.ts";

const VIEWS: readonly ViewKind[] = ["3d", "2d", "list"];

export function Tools({ hand }: { hand: Hand }) {
  const { store } = useParts();
  const t = useText();
  const view = useShown((shown) => shown.view);
  const director = useShown((shown) => shown.director);
  const quality = useShown((shown) => shown.quality);
  const language = useShown((shown) => shown.language);
  const languages = { ...LANGUAGES, ...(language === "pseudo" && { pseudo: "Pseudo" }) };
  return (
    <section className="tools" aria-label={t("view.menu")}>
      <div className="segments" role="group" aria-label={t("view.label")}>
        {VIEWS.map((kind) => <button type="button" key={kind} aria-pressed={view === kind} onClick={() => store.set({ view: kind })}>{t(`view.${kind}`)}</button>)}
      </div>
      {view !== "list" && (
        <div className="segments">
          <button type="button" aria-pressed={director} title={t("view.director.why")} onClick={() => store.set({ director: !director, following: false })}>{t("view.director")}</button>
          <button type="button" aria-label={t("view.nearer")} title={t("view.nearer")} onClick={() => hand.nudge("nearer")}>+</button>
          <button type="button" aria-label={t("view.farther")} title={t("view.farther")} onClick={() => hand.nudge("farther")}>−</button>
          {view === "3d" && <button type="button" aria-label={t("view.turn")} title={t("view.turn")} onClick={() => hand.nudge("turn-right")}>⟳</button>}
          {view === "3d" && <button type="button" aria-label={t("view.tilt")} title={t("view.tilt")} onClick={() => hand.nudge((hand.pose()?.tilt ?? 0) > 60 ? "tilt-to-plan" : "tilt-up")}>⤒</button>}
        </div>
      )}
      <details className="menu">
        <summary aria-label={t("view.menu")} title={t("view.menu")}>⚙</summary>
        <div>
          <Legend />
          <label>{t("view.quality")} <select value={quality} onChange={(event) => store.set({ quality: event.target.value as Quality })}>{QUALITIES.map((one) => <option key={one} value={one}>{t(`quality.${one}`)}</option>)}</select></label>
          <label>{t("view.language")} <select value={language} onChange={(event) => store.set({ language: event.target.value as Language })}>{Object.entries(languages).map(([code, name]) => <option key={code} value={code}>{name}</option>)}</select></label>
        </div>
      </details>
    </section>
  );
}
