/** Buttons over the picture: how it is seen, who steers it, in which language. */

import { Icon } from "./Icon.tsx";
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
    <>
      <section className="tools" aria-label={t("view.menu")}>
        <div className="tool-row">
          <div className="segments" role="group" aria-label={t("view.label")}>
            {VIEWS.map((kind) => <button type="button" key={kind} aria-pressed={view === kind} onClick={() => store.set({ view: kind })}>{t(`view.${kind}`)}</button>)}
          </div>
          <details className="menu">
            <summary aria-label={t("view.menu")} title={t("view.menu")}><Icon name="menu" /></summary>
            <div>
              <Legend />
              <label>{t("view.quality")} <select value={quality} onChange={(event) => store.set({ quality: event.target.value as Quality })}>{QUALITIES.map((one) => <option key={one} value={one}>{t(`quality.${one}`)}</option>)}</select></label>
              <label>{t("view.language")} <select value={language} onChange={(event) => store.set({ language: event.target.value as Language })}>{Object.entries(languages).map(([code, name]) => <option key={code} value={code}>{name}</option>)}</select></label>
            </div>
          </details>
        </div>
        {view !== "list" && (
          <div className="segments">
            <button type="button" aria-pressed={director} title={t("view.director.why")} onClick={() => store.set({ director: !director, following: false })}><Icon name="director" /> {t("view.director")}</button>
          </div>
        )}
      </section>
      {view !== "list" && <Steering hand={hand} flat={view === "2d"} />}
    </>
  );
}

/** The camera by buttons, for who has neither wheel nor keys. */
function Steering({ hand, flat }: { hand: Hand; flat: boolean }) {
  const t = useText();
  const button = (name: "nearer" | "farther" | "turn" | "tilt", icon: "plus" | "minus" | "turn" | "tilt", act: () => void): React.ReactElement => (
    <button type="button" className={name} aria-label={t(`view.${name}`)} title={t(`view.${name}`)} onClick={act}><Icon name={icon} /></button>
  );
  return (
    <section className="steering" aria-label={t("view.steering")}>
      {button("nearer", "plus", () => hand.nudge("nearer"))}
      {button("farther", "minus", () => hand.nudge("farther"))}
      {!flat && button("turn", "turn", () => hand.nudge("turn-right"))}
      {!flat && button("tilt", "tilt", () => hand.nudge((hand.pose()?.tilt ?? 0) > 60 ? "tilt-to-plan" : "tilt-up"))}
    </section>
  );
}
