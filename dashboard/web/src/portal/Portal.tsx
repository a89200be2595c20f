/** The owners' portal: its frame, and which of its pages an address names. */

import { lazy, Suspense, useEffect, useRef } from "react";
import { useParts, useShown } from "../store/context.ts";
import { go } from "../store/route.ts";
import { LANGUAGES, type Language } from "../text/text.ts";
import { Account } from "./Account.tsx";
import { Agent } from "./Agent.tsx";
import { Agents } from "./Agents.tsx";
import { NewResident } from "./NewResident.tsx";
import { useAsked, useDeed } from "./parts.tsx";
import "./portal.css";
import { Resident } from "./Resident.tsx";
import { Residents } from "./Residents.tsx";
import { useSession } from "./session.ts";
import { Forgotten, Recover, SignIn, SignUp } from "./SignIn.tsx";
import { useWords } from "./text.ts";

const NOWHERE: readonly string[] = [];
const PAGES = ["residents", "agents", "account"] as const;
const Operation = lazy(() => import("../operation/Operation.tsx"));

export default function Portal() {
  const t = useWords();
  const { store } = useParts();
  const town = useShown((shown) => shown.town?.name ?? "mqttown");
  const me = useShown((shown) => shown.me);
  const language = useShown((shown) => shown.language);
  const here = useShown((shown) => shown.route?.path[0] ?? "");
  const session = useSession();
  const { busy, run } = useDeed();
  const role = useAsked(async () => (me === null ? null : (await session.ask("get", "/api/v1/me")).role), [me]).answer;
  const pages = role === "operator" ? ([...PAGES, "operation"] as const) : PAGES;
  const languages = { ...LANGUAGES, ...(language === "pseudo" && { pseudo: "Pseudo" }) };
  return (
    <div className="portal">
      <a className="skip" href="#portal-main" onClick={(event) => { event.preventDefault(); document.getElementById("portal-main")?.focus(); }}>{t("portal.skip")}</a>
      <header className="portal-bar">
        <button type="button" className="back" onClick={() => go(null)}><span aria-hidden="true">←</span> {t("portal.back", { town })}</button>
        {me !== null && (
          <nav aria-label={t("portal.pages")}>
            {pages.map((page) => <a key={page} href={`#/${page}`} aria-current={here === page ? "page" : undefined}>{t(`portal.${page}`)}</a>)}
          </nav>
        )}
        <select aria-label={t("view.language")} value={language} onChange={(event) => store.set({ language: event.target.value as Language })}>{Object.entries(languages).map(([code, name]) => <option key={code} value={code}>{name}</option>)}</select>
        {me !== null && <button type="button" className="quiet" disabled={busy} onClick={() => void run(async () => { await session.signOut(); go("sign-in"); })}>{t("portal.leave", { me })}</button>}
      </header>
      <Page signedIn={me !== null} />
    </div>
  );
}

function Page({ signedIn }: { signedIn: boolean }) {
  const path = useShown((shown) => shown.route?.path ?? NOWHERE);
  const token = useShown((shown) => shown.route?.query.get("token") ?? "");
  const main = useRef<HTMLElement>(null);
  const place = path.join("/");
  useEffect(() => {
    main.current?.focus({ preventScroll: true });
    main.current?.parentElement?.scrollTo(0, 0);
  }, [place]);
  return <main id="portal-main" ref={main} tabIndex={-1}>{pageOf(path, token, signedIn)}</main>;
}

function pageOf(path: readonly string[], token: string, signedIn: boolean): React.ReactNode {
  const [page, one] = path;
  if (page === "recover") return <Recover token={token} />;
  if (page === "forgotten") return <Forgotten />;
  if (page === "sign-up" && !signedIn) return <SignUp />;
  if (!signedIn) return <SignIn />;
  if (page === "operation") return <Suspense><Operation /></Suspense>;
  if (page === "account") return <Account />;
  if (page === "agents") return one === undefined ? <Agents /> : <Agent key={one} id={one} />;
  if (page === "new") return <NewResident />;
  if (page === "residents" && one !== undefined) return <Resident key={one} id={one} />;
  return <Residents />;
}
