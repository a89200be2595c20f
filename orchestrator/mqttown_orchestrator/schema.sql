-- The journal: everything that the town has decided. Only the orchestrator writes here (docs/parts.md).
CREATE SCHEMA IF NOT EXISTS town;

CREATE TABLE IF NOT EXISTS town.run (
    id           uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
    one          boolean     NOT NULL DEFAULT true UNIQUE CHECK (one),
    town         text        NOT NULL,
    seed         numeric     NOT NULL,
    content_hash text        NOT NULL,
    town_json    bytea       NOT NULL,
    versions     jsonb       NOT NULL,
    created      timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS town.writer (
    one        boolean PRIMARY KEY DEFAULT true CHECK (one),
    generation bigint  NOT NULL,
    tick       bigint  NOT NULL
);

CREATE TABLE IF NOT EXISTS town.ticks (
    tick        bigint      PRIMARY KEY,
    generation  bigint      NOT NULL,
    inputs      bytea       NOT NULL,
    inputs_hash text        NOT NULL,
    events_hash text        NOT NULL,
    wall        timestamptz NOT NULL,
    step_ms     real        NOT NULL
);

CREATE TABLE IF NOT EXISTS town.events (
    tick      bigint NOT NULL,
    n         int    NOT NULL,
    id        text   NOT NULL,
    kind      text   NOT NULL,
    district  text,
    building  text,
    agent     text,
    action_id text,
    cause     text,
    about     text[] NOT NULL,
    witnesses text[] NOT NULL,
    data      jsonb  NOT NULL,
    PRIMARY KEY (tick, n)
);
CREATE INDEX IF NOT EXISTS events_of_agent ON town.events (agent, tick);

CREATE TABLE IF NOT EXISTS town.actions (
    tick           bigint NOT NULL,
    n              int    NOT NULL,
    agent          text   NOT NULL,
    action_id      text   NOT NULL,
    action         text   NOT NULL,
    parameters     jsonb  NOT NULL,
    observation_id text,
    reasoning      text,
    status         text   NOT NULL,
    code           text,
    detail         text,
    path           text,
    events         text[] NOT NULL,
    PRIMARY KEY (tick, n)
);
ALTER TABLE town.actions ADD COLUMN IF NOT EXISTS traceparent text;
CREATE INDEX IF NOT EXISTS actions_of_agent ON town.actions (agent, tick);

CREATE TABLE IF NOT EXISTS town.snapshots (
    tick  bigint PRIMARY KEY,
    hash  text   NOT NULL,
    state bytea  NOT NULL
);

CREATE TABLE IF NOT EXISTS town.agents (
    id              text   PRIMARY KEY,
    name            text   NOT NULL,
    kind            text   NOT NULL CHECK (kind IN ('hosted', 'external')),
    home_district   text   NOT NULL,
    owner           text,
    tagline         text,
    plan            text   NOT NULL,
    placement       text,
    registered_tick bigint NOT NULL,
    revoked_tick    bigint,
    quarantined     text,
    allowed_actions text[]
);

-- Words that wait for an operator, and what became of them.
CREATE TABLE IF NOT EXISTS town.held (
    id           bigint      PRIMARY KEY,
    wall         timestamptz NOT NULL DEFAULT now(),
    agent        text        NOT NULL,
    action_id    text        NOT NULL,
    parameters   jsonb       NOT NULL,
    rule         text        NOT NULL,
    says         text        NOT NULL,
    score        int         NOT NULL,
    status       text        NOT NULL DEFAULT 'waiting' CHECK (status IN ('waiting', 'passed', 'refused')),
    decided      timestamptz,
    entered_tick bigint
);

-- Agents that an operator is asked to look at.
CREATE TABLE IF NOT EXISTS town.flags (
    id      bigint      PRIMARY KEY,
    wall    timestamptz NOT NULL DEFAULT now(),
    tick    bigint      NOT NULL,
    agent   text        NOT NULL,
    owner   text,
    score   int         NOT NULL,
    signs   jsonb       NOT NULL,
    cleared timestamptz
);

-- The audit log; orchestrator/mqttown_orchestrator/audit.py says what is hashed.
CREATE TABLE IF NOT EXISTS town.audit (
    n         bigint      PRIMARY KEY,
    wall      timestamptz NOT NULL,
    tick      bigint      NOT NULL,
    kind      text        NOT NULL,
    agent     text,
    owner     text,
    what      jsonb       NOT NULL,
    prev_hash text        NOT NULL,
    hash      text        NOT NULL
);

CREATE TABLE IF NOT EXISTS town.audit_heads (
    tick bigint PRIMARY KEY,
    n    bigint NOT NULL,
    hash text   NOT NULL
);

CREATE OR REPLACE FUNCTION town.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log only grows: % of %.% is refused', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME;
END;
$$;

CREATE OR REPLACE TRIGGER only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON town.audit
    FOR EACH STATEMENT EXECUTE FUNCTION town.refuse_change();
CREATE OR REPLACE TRIGGER only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON town.audit_heads
    FOR EACH STATEMENT EXECUTE FUNCTION town.refuse_change();

ALTER TABLE town.agents ADD COLUMN IF NOT EXISTS permissions jsonb NOT NULL DEFAULT '{}';

CREATE TABLE IF NOT EXISTS town.commands (
    id         text        NOT NULL,
    service    text        NOT NULL,
    command    text        NOT NULL,
    parameters jsonb       NOT NULL,
    tick       bigint      NOT NULL,
    status     text        NOT NULL,
    detail     text,
    answer     jsonb       NOT NULL,
    wall       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (service, id)
);

-- The gate makes this table too, word for word: whoever of the two starts first.
CREATE TABLE IF NOT EXISTS town.credentials (
    agent         text        NOT NULL,
    tag           text        NOT NULL DEFAULT '',
    key_hash      text        NOT NULL CHECK (key_hash ~ '^sha256:[0-9a-f]{64}$'),
    kind          text        NOT NULL CHECK (kind IN ('agent', 'service')),
    home_district text,
    created       timestamptz NOT NULL DEFAULT now(),
    expires       timestamptz,
    revoked       timestamptz,
    PRIMARY KEY (agent, tag),
    CHECK ((kind = 'agent') = (home_district IS NOT NULL))
);

ALTER TABLE town.credentials ADD COLUMN IF NOT EXISTS scope text NOT NULL DEFAULT 'full' CHECK (scope IN ('full', 'listen', 'speak'));
ALTER TABLE town.credentials ADD COLUMN IF NOT EXISTS mosquitto_hash text CHECK (mosquitto_hash ~ '^\$7\$[0-9]+\$[A-Za-z0-9+/=]+\$[A-Za-z0-9+/=]+$');

-- When a key last let somebody in; the gate alone writes it, every few seconds. A table of its own, since it announces nothing.
CREATE TABLE IF NOT EXISTS town.credential_uses (
    agent text        NOT NULL,
    tag   text        NOT NULL,
    last  timestamptz NOT NULL,
    PRIMARY KEY (agent, tag)
);

CREATE OR REPLACE FUNCTION town.announce_credential() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('credentials', COALESCE(NEW.agent, OLD.agent));
    RETURN NULL;
END;
$$;

CREATE OR REPLACE TRIGGER announce_credential AFTER INSERT OR UPDATE OR DELETE ON town.credentials
    FOR EACH ROW EXECUTE FUNCTION town.announce_credential();

-- For researchers and the dashboard; no secrets.
CREATE OR REPLACE VIEW public.events AS
    SELECT tick, n, id, kind, district, building, agent, action_id, cause, about, witnesses, data FROM town.events;

CREATE OR REPLACE VIEW public.actions AS
    SELECT tick, n, agent, action_id, action, parameters, observation_id, reasoning, status, code, detail, path, events,
           traceparent
    FROM town.actions;

CREATE OR REPLACE VIEW public.speech AS
    SELECT tick, id AS event, agent AS speaker, district, building, data ->> 'text' AS text,
           CASE jsonb_typeof(data -> 'to') WHEN 'array' THEN ARRAY(SELECT jsonb_array_elements_text(data -> 'to')) END AS addressed,
           about, array_remove(witnesses, agent) AS heard_by, action_id
    FROM town.events WHERE kind = 'said';

CREATE OR REPLACE VIEW public.money AS
    SELECT tick, id AS event, data ->> 'from' AS payer, data ->> 'to' AS payee, (data ->> 'amount')::bigint AS cents,
           data ->> 'why' AS why, agent, cause, action_id
    FROM town.events WHERE kind = 'paid';

CREATE OR REPLACE VIEW public.agents AS
    SELECT id, name, kind, home_district, owner, tagline, plan, placement, registered_tick, revoked_tick FROM town.agents;

CREATE OR REPLACE VIEW public.heard AS
    SELECT said.tick, said.id AS event, listener.agent, CASE said.kind WHEN 'said' THEN said.agent END AS speaker,
           said.data ->> 'text' AS text, said.about
    FROM town.events said CROSS JOIN LATERAL unnest(said.witnesses) AS listener (agent)
    WHERE (said.kind = 'said' AND listener.agent IS DISTINCT FROM said.agent) OR said.kind IN ('planted', 'announced');
