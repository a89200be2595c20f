/** An account: where letters go, its password, a second factor, where it is signed in, and keys for programs. */

import { lazy, Suspense, useState } from "react";
import { useShown } from "../store/context.ts";
import { Copied, Field, Form, Sure, useAsked, useDeed, when } from "./parts.tsx";
import { useSession } from "./session.ts";
import { Sheet } from "./Sheet.tsx";
import { useWords } from "./text.ts";

const QrCode = lazy(() => import("./QrCode.tsx"));
const SCOPES = ["read", "agents"] as const;

export function Account() {
  const t = useWords();
  const me = useShown((shown) => shown.me);
  return (
    <>
      <h1>{t("portal.account")}: {me}</h1>
      <div className="columns">
        <Sessions />
        <Keys />
        <SecondFactor />
        <Password />
        <Mail />
      </div>
    </>
  );
}

function Sessions() {
  const t = useWords();
  const session = useSession();
  const { answer, problem, again } = useAsked(() => session.ask("get", "/api/v1/sessions"), []);
  const { busy, problem: refused, run } = useDeed();
  return (
    <Sheet title={t("account.sessions")} problem={problem ?? refused}>
      <ul className="records">
        {(answer ?? []).map((one) => (
          <li key={one.id}>
            <div><b>{one.client}</b> <span className="soft">{t("account.session", { address: one.address, since: when(one.created, t), seen: when(one.seen, t) })}</span></div>
            {one.current ? <span className="pill">{t("account.session.here")}</span> : <button type="button" className="quiet" disabled={busy} onClick={() => void run(async () => { await session.ask("delete", "/api/v1/sessions/{session}", { path: { session: one.id } }); again(); })}>{t("account.session.end")}</button>}
          </li>
        ))}
      </ul>
    </Sheet>
  );
}

function Keys() {
  const t = useWords();
  const session = useSession();
  const { answer, problem, again } = useAsked(() => session.ask("get", "/api/v1/me/api-keys"), []);
  const [fresh, setFresh] = useState<string | null>(null);
  return (
    <Sheet title={t("account.keys")} why={t("account.keys.why")} problem={problem}>
      {fresh !== null && <div className="once" role="status"><p>{t("once")}</p><Copied label={t("account.key")} text={fresh} /></div>}
      <ul className="records">
        {(answer ?? []).map((key) => (
          <li key={key.id}>
            <div><b>{key.label}</b> <code>mqt_{key.id}…{key.last_four}</code> <span className="soft">{key.scopes.map((scope) => t(`account.scope.${scope as (typeof SCOPES)[number]}`)).join(", ")}; {key.expires === null ? t("account.key.forever") : t("account.key.until", { date: when(key.expires, t) })}</span></div>
            <Sure label={t("account.key.revoke")} question={t("sure")} act={async () => { await session.ask("delete", "/api/v1/me/api-keys/{key_id}", { path: { key_id: key.id } }); setFresh(null); again(); }} />
          </li>
        ))}
      </ul>
      <Form label={t("account.key.make")} send={async (fields) => {
        const scopes = SCOPES.filter((scope) => fields[scope] !== undefined);
        const made = await session.ask("post", "/api/v1/me/api-keys", { body: { label: fields["label"] ?? "", scopes, expires: fields["expires"] ? new Date(fields["expires"]).toISOString() : null } });
        setFresh(made.key);
        again();
      }}>
        <Field label={t("account.key.label")} name="label" maxLength={80} required />
        <fieldset className="checks"><legend>{t("account.key.may")}</legend>{SCOPES.map((scope) => <label key={scope}><input type="checkbox" name={scope} defaultChecked={scope === "read"} /> {t(`account.scope.${scope}`)}</label>)}</fieldset>
        <Field label={t("account.key.expires")} name="expires" type="date" />
      </Form>
    </Sheet>
  );
}

function SecondFactor() {
  const t = useWords();
  const session = useSession();
  const { answer, problem, again } = useAsked(() => session.ask("get", "/api/v1/me/second-factor"), []);
  const [secret, setSecret] = useState<{ secret: string; uri: string } | null>(null);
  const { busy, problem: refused, run } = useDeed();
  const code = <Field label={t("door.code")} name="code" inputMode="numeric" autoComplete="one-time-code" pattern="[0-9]{6,8}" maxLength={8} required />;
  return (
    <Sheet title={t("account.factor")} problem={problem ?? refused}>
      {answer?.in_force === true && (
        <>
          <p><span className="pill running">{t("account.factor.on")}</span></p>
          <Form label={t("account.factor.remove")} send={async (fields) => { await session.ask("delete", "/api/v1/me/second-factor", { body: { code: fields["code"] ?? "" } }); again(); }}>{code}</Form>
        </>
      )}
      {answer?.in_force === false && secret === null && (
        <>
          <p className="soft">{t("account.factor.why")}</p>
          <button type="button" className="primary" disabled={busy} onClick={() => void run(async () => setSecret(await session.ask("post", "/api/v1/me/second-factor")))}>{t("account.factor.begin")}</button>
        </>
      )}
      {answer?.in_force === false && secret !== null && (
        <>
          <p>{t("account.factor.how")}</p>
          <Suspense><QrCode of={secret.uri} label={t("account.factor.picture")} /></Suspense>
          <Copied label={t("account.factor.secret")} text={secret.secret} />
          <p><a href={secret.uri}>{t("account.factor.open")}</a></p>
          <Form label={t("account.factor.confirm")} send={async (fields) => { await session.ask("put", "/api/v1/me/second-factor", { body: { code: fields["code"] ?? "" } }); setSecret(null); again(); }}>{code}</Form>
        </>
      )}
    </Sheet>
  );
}

function Password() {
  const t = useWords();
  const session = useSession();
  const [done, setDone] = useState(false);
  return (
    <Sheet title={t("account.password")} why={t("account.password.why")}>
      {done && <p role="status">{t("account.password.done")}</p>}
      <Form label={t("account.password.change")} send={async (fields) => { await session.ask("put", "/api/v1/me/password", { body: { password: fields["now"] ?? "", new_password: fields["wanted"] ?? "" } }); setDone(true); }}>
        <Field label={t("account.password.now")} name="now" type="password" autoComplete="current-password" required />
        <Field label={t("account.password.new")} name="wanted" type="password" autoComplete="new-password" minLength={10} maxLength={200} required />
      </Form>
    </Sheet>
  );
}

function Mail() {
  const t = useWords();
  const session = useSession();
  const { answer, problem, again } = useAsked(() => session.ask("get", "/api/v1/me/mail"), []);
  return (
    <Sheet title={t("account.mail")} problem={problem}>
      {answer !== null && <p>{answer.mail ?? t("account.mail.none")} {!answer.sent && <span className="soft">{t("account.mail.never")}</span>}</p>}
      <Form label={t("account.mail.set")} send={async (fields) => { await session.ask("put", "/api/v1/me/mail", { body: { mail: fields["mail"] || null } }); again(); }}>
        <Field label={t("door.mail")} hint={t("account.mail.hint")} name="mail" type="email" autoComplete="email" maxLength={254} />
      </Form>
    </Sheet>
  );
}
