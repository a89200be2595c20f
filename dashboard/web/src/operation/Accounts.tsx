/** Who has an account: role and lock of each. */

import { useState } from "react";
import type { components } from "../api/schema.ts";
import { useAsked, useDeed, when } from "../portal/parts.tsx";
import { useSession } from "../portal/session.ts";
import { Sheet } from "../portal/Sheet.tsx";
import { useShown } from "../store/context.ts";
import { Pages } from "./Pages.tsx";
import { useWords } from "./text.ts";

type Account = components["schemas"]["AccountView"];

const MANY = 50;
const ROLES = ["owner", "researcher", "operator"] as const;

export function Accounts() {
  const t = useWords();
  const session = useSession();
  const me = useShown((shown) => shown.me);
  const [cursor, setCursor] = useState<string | null>(null);
  const { answer, problem, again } = useAsked(() => session.ask("get", "/api/v1/accounts", { query: { limit: MANY, ...(cursor !== null && { cursor }) } }), [cursor]);
  const { busy, problem: refused, run } = useDeed();
  const change = (account: Account, body: { role?: Account["role"]; locked?: boolean }): void => void run(async () => {
    await session.ask("patch", "/api/v1/accounts/{name}", { path: { name: account.name }, body });
    again();
  });
  return (
    <Sheet title={t("accounts.title")} problem={problem ?? refused}>
      <ul className="records">
        {(answer?.items ?? []).map((one) => (
          <li key={one.name}>
            <div><b>{one.name}</b> <span className="soft">{t("accounts.since", { date: when(one.created, t) })}</span></div>
            <select aria-label={t("about", { what: t("accounts.role"), whom: one.name })} value={one.role} disabled={busy || one.name === me} onChange={(event) => change(one, { role: event.target.value as Account["role"] })}>
              {ROLES.map((role) => <option key={role} value={role}>{t(`accounts.role.${role}`)}</option>)}
            </select>
            <Lock of={one} disabled={busy || one.name === me} act={() => change(one, { locked: one.locked == null })} />
          </li>
        ))}
      </ul>
      <Pages at={cursor} next={answer?.next ?? null} first={t("accounts.first")} more={t("accounts.more")} turn={setCursor} />
    </Sheet>
  );
}

function Lock({ of, disabled, act }: { of: Account; disabled: boolean; act: () => void }) {
  const t = useWords();
  const words = t(of.locked == null ? "accounts.lock" : "accounts.unlock");
  return <button type="button" className="quiet" disabled={disabled} aria-label={t("about", { what: words, whom: of.name })} onClick={act}>{words}</button>;
}
