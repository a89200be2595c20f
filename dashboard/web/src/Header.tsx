/** Where we are, what time it is there, and whether we are still connected. */

import { useParts, useShown, useText } from "./store/context.ts";
import { wayIn } from "./store/kept.ts";
import { dateAt } from "./store/time.ts";
import type { Shown } from "./store/store.ts";

const SKY: Record<string, string> = { clear: "☀", cloudy: "☁", rain: "☂", snow: "❄", fog: "≋" };

export function Header() {
  const t = useText();
  const { rooms } = useParts();
  const name = useShown((shown) => shown.town?.name ?? "mqttown");
  const me = useShown((shown) => shown.me);
  const clock = useShown((shown) => shown.clock);
  const count = useShown((shown) => shown.residents.length);
  const state = useShown(stateOf);
  const weather = `weather.${clock?.weather ?? ""}`;
  return (
    <header className="header">
      <div className="title"><h1>{name}</h1>{rooms !== null && <a className="enter" href={me === null ? wayIn() : "#/residents"}>{t("portal.enter")}</a>}</div>
      {clock !== null && (
        <p>
          <time dateTime={clock.town_time}>{t.weekday(dateAt(clock.town_time, 0))} {clock.town_time.slice(11, 16)}</time>
          <span className="weather"><span aria-hidden="true">{SKY[clock.weather] ?? ""}</span> {t.has(weather) ? t(weather) : clock.weather}</span>
          <span>{t("residents", { count })}</span>
        </p>
      )}
      <p className={`connection ${state}`} role="status">{t(`state.${state}`)}</p>
    </header>
  );
}

function stateOf({ connection, clock, replay }: Shown): "live" | "lost" | "connecting" | "paused" | "offline" | "past" | "recorded" {
  if (connection === "recorded") return "recorded";
  if (replay !== null) return "past";
  if (connection !== "live" || clock === null) return connection === "live" ? "connecting" : connection;
  if (clock.status === "offline") return "offline";
  return clock.state === "paused" ? "paused" : "live";
}
