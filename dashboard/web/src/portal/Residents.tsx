/** An owner's residents: how they do, what they spend; import of a file. */

import { useRef } from "react";
import type { HostedResident } from "../api/types.ts";
import { go } from "../store/route.ts";
import { Problem, units, useAsked, useDeed } from "./parts.tsx";
import { Portrait } from "./Portrait.tsx";
import { useSession } from "./session.ts";
import { useWords } from "./text.ts";

const EVERY_MS = 4_000;

export function Residents() {
  const t = useWords();
  const session = useSession();
  const { answer, problem } = useAsked(() => session.ask("get", "/api/v1/me/residents"), [], EVERY_MS);
  const { problem: refused, run } = useDeed();
  const file = useRef<HTMLInputElement>(null);
  const take = (chosen: File | undefined): void => {
    if (chosen === undefined) return;
    void run(async () => {
      const made = await session.ask("post", "/api/v1/me/residents/import", { body: await chosen.text() });
      go(`residents/${made.id}`);
    });
  };
  return (
    <>
      <h1>{t("portal.residents")}</h1>
      <p className="begin">
        <a className="primary" href="#/new?surprise">{t("make.surprise")}</a>
        <a className="quiet" href="#/new">{t("make.title")}</a>
        <button type="button" className="quiet" onClick={() => file.current?.click()}>{t("mine.import")}</button>
        <input ref={file} className="visually-hidden" tabIndex={-1} type="file" accept=".yaml,.yml" aria-label={t("mine.import")} onChange={(event) => { take(event.target.files?.[0]); event.target.value = ""; }} />
      </p>
      <Problem of={problem ?? refused} />
      {answer?.length === 0 && <p className="sheet">{t("mine.none")}</p>}
      <ul className="columns">{(answer ?? []).map((one) => <li key={one.id} className="sheet"><Brief one={one} /></li>)}</ul>
    </>
  );
}

function Brief({ one }: { one: HostedResident }) {
  const t = useWords();
  return (
    <>
      <h2 className="named"><Portrait id={one.id} /> <a href={`#/residents/${one.id}`}>{one.name}</a></h2>
      <p><Pill one={one} /> <span className="soft">{t(`mind.short.${one.resident.mind.kind}`)}</span></p>
      <Spent one={one} />
    </>
  );
}

/** Its status as one word, and the reason beside it. */
export function Pill({ one }: { one: HostedResident }) {
  const t = useWords();
  return <><span className={`pill ${one.status}`}>{t(`status.${one.status}`)}</span>{one.reason !== null && <span className="soft"> {one.reason}</span>}</>;
}

/** What its thinking has cost, beside its cap: that of a day, else the one for ever. */
export function Spent({ one }: { one: HostedResident }) {
  const t = useWords();
  const { budget, mind } = one.resident;
  const daily = budget?.day_money != null;
  const cap = daily ? budget.day_money : budget?.total_money;
  const gone = daily ? one.spent.money_today : one.spent.money_total;
  if (mind.kind !== "model") return <p className="soft">{t(mind.kind === "code" ? "spent.code" : "spent.free")}</p>;
  if (cap == null) return <p>{budget == null ? t("spent.today", { today: units(one.spent.money_today, t) }) : t("spent.ever", { money: units(one.spent.money_total, t), tokens: one.spent.tokens_total })}</p>;
  const words = t(daily ? "spent.of" : "spent.of.all", { today: units(gone, t), cap: units(cap, t) });
  return <p><meter min={0} max={Math.max(1, cap)} high={cap * 0.8} optimum={0} value={Math.min(cap, gone)} aria-label={words} /> {words}</p>;
}
