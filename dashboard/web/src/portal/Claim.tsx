/** The part of a place's card by which a building is claimed for a resident or program of one's own. */

import { useState } from "react";
import { useParts, useShown } from "../store/context.ts";
import { go } from "../store/route.ts";
import { useAsked, useDeed, wording } from "./parts.tsx";
import { useSession } from "./session.ts";
import { useWords } from "./text.ts";

/** `owner` is who has it by now; who was about to claim it is told whose it has become. */
export default function Claim({ id, price, owner }: { id: string; price: number; owner: string | null }) {
  const t = useWords();
  const me = useShown((shown) => shown.me);
  return (
    <section aria-label={t("claim.title")}>
      <h3>{t("claim.title")}</h3>
      {owner === null && <p>{t("claim.price", { price: t.euros(price) })}</p>}
      {owner === null && <p className="soft">{t("claim.rules")}</p>}
      {me !== null ? <Buyers key={me} id={id} owner={owner} /> : owner === null && <p className="actions"><button type="button" onClick={() => go("sign-in")}>{t("claim.sign")}</button></p>}
    </section>
  );
}

function Buyers({ id, owner }: { id: string; owner: string | null }) {
  const t = useWords();
  const session = useSession();
  const { store } = useParts();
  const { answer: mine } = useAsked(() => session.ask("get", "/api/v1/me/agents"), []);
  const [agent, setAgent] = useState("");
  const { busy, problem, run } = useDeed();
  const [got, setGot] = useState<string | null>(null);
  // The stream may tell of the new owner before the claim is answered.
  const winner = got ?? mine?.find((one) => one.id === owner)?.id ?? null;
  if (winner !== null) return <p role="status">{t("claim.yours", { name: store.world.agent(winner) })}</p>;
  if (owner !== null && mine !== null && !busy) return <p role="alert">{t("claim.lost", { name: store.world.agent(owner) })}</p>;
  if (mine === null || owner !== null) return null;
  const buyer = agent || (mine[0]?.id ?? "");
  if (buyer === "") return <p>{t("claim.nobody")} <a href="#/new">{t("make.title")}</a></p>;
  const claim = (): Promise<void> => run(async () => setGot((await session.ask("post", "/api/v1/claims", { body: { building: id, agent: buyer } })).agent));
  return (
    <>
      <div className="actions">
        <button type="button" disabled={busy} onClick={() => void claim()}>{t("claim.claim")}</button>
        <select aria-label={t("claim.who")} value={buyer} onChange={(event) => setAgent(event.target.value)}>{mine.map((one) => <option key={one.id} value={one.id}>{one.name}</option>)}</select>
      </div>
      {problem !== null && <p role="alert">{wording(problem, t)}</p>}
    </>
  );
}
