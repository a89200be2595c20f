/** Where we are, what time it is there, and whether we are still connected. */

import type { Shown } from "./store.ts";

const SKY: Record<string, string> = { clear: "☀", cloudy: "☁", rain: "🌧", snow: "❄", fog: "🌫" };

export function Header({ shown }: { shown: Shown }) {
  const { town, clock, residents, connection } = shown;
  const about = residents.filter((resident) => resident.presence === "online").length;
  return (
    <header className="header">
      <h1>{town?.name ?? "mqttown"}</h1>
      {clock !== null && (
        <p>
          <time dateTime={clock.town_time}>{said(clock.town_time)}</time>
          <span className="weather">
            <span aria-hidden="true">{SKY[clock.weather] ?? ""}</span> {clock.weather}
          </span>
          <span>{residents.length === 1 ? "1 resident" : `${residents.length} residents`}{about < residents.length ? `, ${about} awake to the world` : ""}</span>
        </p>
      )}
      <p className={`connection ${state(shown)}`} role="status">
        {{ live: "live", lost: "connection lost, coming back…", connecting: "connecting…", paused: "paused", offline: "the town is asleep (offline)" }[state(shown)]}
      </p>
      <span hidden>{connection}</span>
    </header>
  );
}

function state({ connection, clock }: Shown): "live" | "lost" | "connecting" | "paused" | "offline" {
  if (connection !== "live" || clock === null) return connection;
  if (clock.status === "offline") return "offline";
  return clock.state === "paused" ? "paused" : "live";
}

function said(time: string): string {
  const at = new Date(`${time.slice(0, 19)}Z`);
  const day = at.toLocaleDateString("en", { weekday: "long", timeZone: "UTC" });
  return `${day} ${time.slice(11, 16)}`;
}
