/** Health at a glance: what is there, how long ticks take, queues, verdicts, and what models cost. */

import { useEffect, useState, type ReactNode } from "react";
import type { components } from "../api/schema.ts";
import { Curve } from "../cards/parts.tsx";
import { units } from "../portal/parts.tsx";
import { Sheet } from "../portal/Sheet.tsx";
import { amount, useWords, type Say } from "./text.ts";

type Seen = components["schemas"]["Overview"];
type Figures = Seen["orchestrator"];

const PHASES = [
  ["tick_ms", "tick.whole"], ["step_ms", "tick.step"], ["journal_ms", "tick.journal"], ["verdicts_ms", "tick.verdicts"],
  ["observations_ms", "tick.observations"], ["public_ms", "tick.public"], ["publish_ms", "tick.publish"],
] as const;
const RANKS = ["p50", "p95", "p99"] as const;
const TICK_TOWN_SECONDS = 60;
const REMEMBERED = 60;

export function Glance({ seen }: { seen: Seen }) {
  const t = useWords();
  const { clock, orchestrator: told } = seen;
  const messages = told.messages ?? {};
  return (
    <Sheet title={t("glance.title")}>
      <dl className="tiles">
        <Tile name={t("glance.town")} state={clock.status === "online" ? "good" : "bad"}>{t(`glance.town.${clock.status}`)}</Tile>
        <Tile name={t("glance.time")} state={clock.state === "running" ? "good" : "wait"}>{t(`glance.time.${clock.state}`)} <small>{clock.town_time.replace("T", " ").slice(0, 16)}</small></Tile>
        <Tile name={t("glance.broker")} state={seen.broker ? "good" : "bad"}>{t(seen.broker ? "glance.up" : "glance.down")}</Tile>
        <Tile name={t("glance.database")} state={seen.database ? "good" : "bad"}>{t(seen.database ? "glance.up" : "glance.down")}</Tile>
        <Tile name={t("glance.tick")}>{amount(clock.tick, t)}</Tile>
        <Tile name={t("glance.agents")}>{told.agents == null ? t("glance.unknown") : t("glance.agents.of", { online: amount(told.online ?? 0, t), agents: amount(told.agents, t) })}</Tile>
        <Tile name={t("glance.watchers")}>{amount(seen.watchers, t)}</Tile>
        <Tile name={t("glance.lag")} state={(told.journal_lag_ticks ?? 0) > 2 ? "wait" : undefined}>{told.journal_lag_ticks == null ? t("glance.unknown") : amount(told.journal_lag_ticks, t)}</Tile>
        <Tile name={t("glance.messages")}>{messages["received_per_second"] === undefined ? t("glance.unknown") : t("glance.messages.both", { received: amount(messages["received_per_second"], t, 1), sent: amount(messages["sent_per_second"] ?? 0, t, 1) })}</Tile>
        <Tile name={t("glance.money")}>{seen.model_money_today === null ? t("glance.money.none") : t("glance.money.both", { money: units(seen.model_money_today, t), tokens: amount(seen.model_tokens_today ?? 0, t) })}</Tile>
      </dl>
    </Sheet>
  );
}

/** The same in more detail: phases of a tick, verdicts, queues. */
export function Details({ seen: { clock, orchestrator: told } }: { seen: Seen }) {
  const t = useWords();
  return (
    <div className="columns">
      <Ticks told={told} speed={clock.speed} />
      <Verdicts verdicts={told.verdicts ?? {}} />
      <Counts title={t("queue.title")} name={t("queue.name")} count={t("queue.length")} of={told.queues ?? {}} none={t("glance.unknown")} />
      <Counts title={t("dropped.title")} name={t("dropped.reason")} count={t("dropped.count")} of={told.dropped ?? {}} none={t("dropped.none")} />
    </div>
  );
}

function Tile({ name, state, children }: { name: string; state?: "good" | "wait" | "bad" | undefined; children: ReactNode }) {
  return <div className={`tile ${state ?? ""}`}><dt>{name}</dt><dd>{children}</dd></div>;
}

function Ticks({ told, speed }: { told: Figures; speed: number }) {
  const t = useWords();
  const [lately, setLately] = useState<readonly number[]>([]);
  useEffect(() => {
    const newest = told.tick_ms?.p95;
    if (newest !== undefined) setLately((known) => [...known, Math.round(newest * 10) / 10].slice(-REMEMBERED));
  }, [told]);
  return (
    <Sheet title={t("tick.title")}>
      <Curve values={lately} label={t("tick.curve")} />
      <p className="soft">{speed > 0 ? t("tick.budget", { milliseconds: amount((TICK_TOWN_SECONDS / speed) * 1000, t, 1) }) : t("tick.free")}</p>
      <table className="figures">
        <thead><tr><th scope="col">{t("tick.phase")}</th>{RANKS.map((rank) => <th key={rank} scope="col">{t("tick.ms", { rank })}</th>)}</tr></thead>
        <tbody>{PHASES.map(([key, name]) => <tr key={key}><th scope="row">{t(name)}</th>{RANKS.map((rank) => <td key={rank}>{said(told[key]?.[rank], t)}</td>)}</tr>)}</tbody>
      </table>
    </Sheet>
  );
}

function Verdicts({ verdicts }: { verdicts: Record<string, number> }) {
  const t = useWords();
  const sorted = Object.entries(verdicts).sort(([, a], [, b]) => b - a);
  const all = sorted.reduce((sum, [, count]) => sum + count, 0);
  return (
    <Sheet title={t("verdict.title")} none={all === 0 && t("verdict.none")}>
      {all > 0 && (
        <table className="figures">
          <thead><tr><th scope="col">{t("verdict.code")}</th><th scope="col">{t("verdict.count")}</th><th scope="col">{t("verdict.share")}</th></tr></thead>
          <tbody>
            {sorted.map(([code, count]) => (
              <tr key={code}>
                <th scope="row"><code>{code}</code></th>
                <td>{amount(count, t)}</td>
                <td><meter min={0} max={all} value={count} aria-label={code} /> {amount((count / all) * 100, t, 1)} %</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Sheet>
  );
}

function Counts({ title, name, count, of, none }: { title: string; name: string; count: string; of: Record<string, number>; none: string }) {
  const t = useWords();
  const rows = Object.entries(of);
  return (
    <Sheet title={title} none={rows.length === 0 && none}>
      {rows.length > 0 && (
        <table className="figures">
          <thead><tr><th scope="col">{name}</th><th scope="col">{count}</th></tr></thead>
          <tbody>{rows.map(([key, number]) => <tr key={key}><th scope="row"><code>{key}</code></th><td>{amount(number, t)}</td></tr>)}</tbody>
        </table>
      )}
    </Sheet>
  );
}

function said(milliseconds: number | undefined, t: Say): string {
  return milliseconds === undefined ? "–" : amount(milliseconds, t, 1);
}
