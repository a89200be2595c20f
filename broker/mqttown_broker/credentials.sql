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

-- Every change is announced with the name it is about, whoever makes it.
CREATE OR REPLACE FUNCTION town.announce_credential() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('credentials', COALESCE(NEW.agent, OLD.agent));
    RETURN NULL;
END;
$$;

CREATE OR REPLACE TRIGGER announce_credential AFTER INSERT OR UPDATE OR DELETE ON town.credentials
    FOR EACH ROW EXECUTE FUNCTION town.announce_credential();
