-- Accounts of people: owners, researchers, operators. The dashboard owns this schema and nobody else writes it (docs/http.md).
CREATE SCHEMA IF NOT EXISTS portal;

CREATE TABLE IF NOT EXISTS portal.accounts (
    name          text        PRIMARY KEY,
    role          text        NOT NULL CHECK (role IN ('owner', 'researcher', 'operator')),
    password_hash text        NOT NULL CHECK (password_hash LIKE '$argon2id$%'),
    created       timestamptz NOT NULL DEFAULT now(),
    locked        timestamptz
);

-- A session is one sign-in; its refresh tokens are one family.
CREATE TABLE IF NOT EXISTS portal.sessions (
    id      text        PRIMARY KEY,
    account text        NOT NULL REFERENCES portal.accounts,
    client  text        NOT NULL,
    address text        NOT NULL,
    created timestamptz NOT NULL DEFAULT now(),
    seen    timestamptz NOT NULL DEFAULT now(),
    expires timestamptz NOT NULL,
    ended   timestamptz
);
CREATE INDEX IF NOT EXISTS sessions_of_account ON portal.sessions (account);

CREATE TABLE IF NOT EXISTS portal.refresh_tokens (
    token_hash text        PRIMARY KEY CHECK (token_hash ~ '^sha256:[0-9a-f]{64}$'),
    session    text        NOT NULL REFERENCES portal.sessions ON DELETE CASCADE,
    issued     timestamptz NOT NULL DEFAULT now(),
    used       timestamptz
);
CREATE INDEX IF NOT EXISTS refresh_tokens_of_session ON portal.refresh_tokens (session);

CREATE TABLE IF NOT EXISTS portal.api_keys (
    id        text        PRIMARY KEY,
    account   text        NOT NULL REFERENCES portal.accounts,
    label     text        NOT NULL,
    key_hash  text        NOT NULL CHECK (key_hash ~ '^sha256:[0-9a-f]{64}$'),
    last_four text        NOT NULL,
    scopes    text[]      NOT NULL,
    created   timestamptz NOT NULL DEFAULT now(),
    expires   timestamptz,
    revoked   timestamptz
);
CREATE INDEX IF NOT EXISTS api_keys_of_account ON portal.api_keys (account);

-- Hosted residents: what their owners have made of them (docs/residents.md). What runs is in schema `runtime`.
CREATE TABLE IF NOT EXISTS portal.residents (
    agent   text        PRIMARY KEY,
    account text        NOT NULL,                    -- or the role whose token of the settings made it
    version integer     NOT NULL,                    -- the present one
    rest    jsonb       NOT NULL,                    -- of a resident, all but the persona and the mind
    code    text,                                    -- archive of its own program
    created timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX IF NOT EXISTS residents_of_account ON portal.residents (account);

CREATE TABLE IF NOT EXISTS portal.versions (
    agent   text        NOT NULL REFERENCES portal.residents ON DELETE CASCADE,
    version integer     NOT NULL,
    made    timestamptz NOT NULL DEFAULT now(),
    by_whom text        NOT NULL,
    note    text,
    persona jsonb       NOT NULL,                    -- with the mind
    PRIMARY KEY (agent, version)
);

-- What a resident had in mind when it acted: the last ones alone.
CREATE TABLE IF NOT EXISTS portal.thoughts (
    n         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    agent     text   NOT NULL REFERENCES portal.residents ON DELETE CASCADE,
    tick      bigint NOT NULL,
    action_id text   NOT NULL,
    action    text   NOT NULL,
    reasoning text,
    memories  jsonb  NOT NULL,
    model     text
);
CREATE INDEX IF NOT EXISTS thoughts_of_agent ON portal.thoughts (agent, n);

-- Where letters go, for who has forgotten a password; and the tokens in them.
ALTER TABLE portal.accounts ADD COLUMN IF NOT EXISTS mail text;
CREATE TABLE IF NOT EXISTS portal.recoveries (
    token_hash text        PRIMARY KEY CHECK (token_hash ~ '^sha256:[0-9a-f]{64}$'),
    account    text        NOT NULL REFERENCES portal.accounts ON DELETE CASCADE,
    expires    timestamptz NOT NULL,
    used       timestamptz
);

-- Caps of which owners were told that most is gone: once a day, and of totals once.
CREATE TABLE IF NOT EXISTS portal.budget_letters (
    kind   text   NOT NULL CHECK (kind IN ('agent', 'owner')),
    name   text   NOT NULL,
    period text   NOT NULL CHECK (period IN ('day', 'total')),
    unit   text   NOT NULL CHECK (unit IN ('money', 'tokens')),
    cap    bigint NOT NULL,                           -- millionths of a unit of money, or tokens
    day    date   NOT NULL,                           -- of UTC; of totals the epoch
    PRIMARY KEY (kind, name, period, unit, cap, day)
);

-- The second factor of an account: its secret encrypted with a key of the data directory, in force once it was confirmed.
CREATE TABLE IF NOT EXISTS portal.second_factors (
    account   text        PRIMARY KEY REFERENCES portal.accounts ON DELETE CASCADE,
    secret    bytea       NOT NULL,
    confirmed timestamptz,
    last_step bigint      NOT NULL DEFAULT 0          -- a code is good once
);
