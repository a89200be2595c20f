/** The way in: an account, a session, and another password for who has forgotten theirs. */

import { useEffect, useState } from "react";
import { call, RefusedError } from "../api/client.ts";
import { useShown } from "../store/context.ts";
import { go } from "../store/route.ts";
import { Field, Form, type Fields } from "./parts.tsx";
import { useSession } from "./session.ts";
import { useWords } from "./text.ts";

const SHORTEST = 10;
const DOORS: readonly (string | undefined)[] = [undefined, "sign-in", "sign-up", "forgotten", "recover"];

export function SignIn() {
  const t = useWords();
  const session = useSession();
  const wanted = useShown((shown) => shown.route?.path[0]);
  const [second, setSecond] = useState(false);
  const send = async ({ name = "", password = "", code = "" }: Fields): Promise<void> => {
    try {
      await session.signIn(name.trim(), password, code.trim());
    } catch (error) {
      if (error instanceof RefusedError && error.code === "second_factor") setSecond(true);
      throw error;
    }
    if (DOORS.includes(wanted)) go("residents");
  };
  return (
    <section className="sheet narrow">
      <h1>{t("door.in")}</h1>
      <Form label={t("door.in")} send={send}>
        <Field label={t("door.name")} name="name" autoComplete="username" autoCapitalize="none" required />
        <Field label={t("door.password")} name="password" type="password" autoComplete="current-password" required />
        {second && <Field label={t("door.code")} name="code" inputMode="numeric" autoComplete="one-time-code" maxLength={8} autoFocus required />}
      </Form>
      <p><a href="#/sign-up">{t("door.new")}</a> · <a href="#/forgotten">{t("door.forgotten")}</a></p>
    </section>
  );
}

export function SignUp() {
  const t = useWords();
  const session = useSession();
  const send = async ({ name = "", password = "", mail = "" }: Fields): Promise<void> => {
    const account = name.trim();
    await call("post", "/api/v1/accounts", { body: { name: account, password } });
    await session.signIn(account, password);
    if (mail.trim() !== "") await session.ask("put", "/api/v1/me/mail", { body: { mail: mail.trim() } });
    go("new?surprise"); // somebody to begin with: one click from here
  };
  return (
    <section className="sheet narrow">
      <h1>{t("door.up")}</h1>
      <p className="soft">{t("door.up.why")}</p>
      <Form label={t("door.up")} send={send}>
        <Field label={t("door.name")} hint={t("door.name.hint")} name="name" autoComplete="username" autoCapitalize="none" pattern="[a-z0-9][a-z0-9_\-]*" maxLength={48} required />
        <Field label={t("door.password")} hint={t("door.password.hint", { count: SHORTEST })} name="password" type="password" autoComplete="new-password" minLength={SHORTEST} maxLength={200} required />
        <Field label={t("door.mail")} hint={t("door.mail.hint")} name="mail" type="email" autoComplete="email" maxLength={254} />
      </Form>
      <p><a href="#/sign-in">{t("door.known")}</a></p>
    </section>
  );
}

export function Forgotten() {
  const t = useWords();
  const [sent, setSent] = useState(false);
  return (
    <section className="sheet narrow">
      <h1>{t("door.forgotten")}</h1>
      {sent ? <p role="status">{t("door.letter")}</p> : (
        <Form label={t("door.send")} send={async ({ name = "" }) => { await call("post", "/api/v1/accounts/forgotten", { body: { name: name.trim() } }); setSent(true); }}>
          <Field label={t("door.name")} name="name" autoComplete="username" autoCapitalize="none" required />
        </Form>
      )}
      <p><a href="#/sign-in">{t("door.in")}</a></p>
    </section>
  );
}

export function Recover({ token }: { token: string }) {
  const t = useWords();
  const session = useSession();
  const [kept, setKept] = useState(token);
  const [done, setDone] = useState(false);
  useEffect(() => {
    if (token === "") return;
    // A token that was read stays in no address, history or picture of the screen.
    setKept(token);
    history.replaceState(null, "", `${location.pathname}${location.search}#/recover`);
  }, [token]);
  return (
    <section className="sheet narrow">
      <h1>{t("door.recover")}</h1>
      {done ? <p role="status">{t("door.recovered")} <a href="#/sign-in">{t("door.in")}</a></p> : (
        <Form label={t("door.recover")} send={async ({ password = "" }) => { await call("post", "/api/v1/accounts/recovered", { body: { token: kept, new_password: password } }); session.forget(); setDone(true); }}>
          <Field label={t("account.password.new")} hint={t("door.password.hint", { count: SHORTEST })} name="password" type="password" autoComplete="new-password" minLength={SHORTEST} maxLength={200} required />
        </Form>
      )}
    </section>
  );
}
