-- Who may connect. The gate makes this before anybody can; the orchestrator is the one that writes it.
CREATE SCHEMA IF NOT EXISTS town;

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

-- Every change is announced with the name it is about, whoever makes it.
CREATE OR REPLACE FUNCTION town.announce_credential() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('credentials', COALESCE(NEW.agent, OLD.agent));
    RETURN NULL;
END;
$$;

CREATE OR REPLACE TRIGGER announce_credential AFTER INSERT OR UPDATE OR DELETE ON town.credentials
    FOR EACH ROW EXECUTE FUNCTION town.announce_credential();
