/** Small drawings on buttons, so that no font has to have them. */

const DRAWN = {
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  turn: "M19 12a7 7 0 1 1-2.2-5.1M17 3v4.2h-4.2",
  tilt: "M4 17l8 3.5 8-3.5-8-3.5zM12 10V3M8.5 6.2 12 3l3.5 3.2",
  menu: "M4 7h9M17 7h3M4 17h3M11 17h9M15 4.7v4.6M9 14.7v4.6",
  director: "M4 8h11v9H4zM15 11.5l5-3v8l-5-3z",
  play: "M8 5.5v13l10.5-6.5z",
  pause: "M8 5.5v13M16 5.5v13",
  spread: "M5 12h0M9 8.5a5 5 0 0 1 0 7M13 6a9 9 0 0 1 0 12M17 3.5a13 13 0 0 1 0 17",
  close: "M6 6l12 12M18 6L6 18",
} as const;
const FILLED: ReadonlySet<string> = new Set(["play"]);

export function Icon({ name }: { name: keyof typeof DRAWN }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={DRAWN[name]} fill={FILLED.has(name) ? "currentColor" : "none"} stroke="currentColor" strokeWidth={name === "pause" ? 3.6 : 2} strokeLinecap="round" strokeLinejoin="round" />
    </svg>
  );
}
