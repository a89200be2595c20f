"""The register's tables, functions and views in PostgreSQL, schema `runtime`; docs/parts.md tells who uses them."""

import asyncpg

__all__ = ["make_schema"]

_TABLES = """
CREATE SCHEMA IF NOT EXISTS runtime;
CREATE SEQUENCE IF NOT EXISTS runtime.hosted_number AS integer START 200000 MINVALUE 200000;
CREATE TABLE IF NOT EXISTS runtime.hosted (
    agent text PRIMARY KEY,
    number integer NOT NULL UNIQUE DEFAULT nextval('runtime.hosted_number'),  -- user and group of its processes
    owner text,
    placement text NOT NULL CHECK (placement IN ('inline', 'docker')),
    desired text NOT NULL CHECK (desired IN ('running', 'paused', 'deleted')),
    generation integer NOT NULL DEFAULT 1,          -- one more for each start that an owner asks for
    spec jsonb NOT NULL,
    handover bytea,                                 -- credentials on their way into the cell, sealed for the jailer
    keeper text,                                    -- the placement that has it now; nobody else takes it before that lets go
    observed text NOT NULL DEFAULT 'new',
    reason text,                                    -- why, in words for the owner
    since timestamptz NOT NULL DEFAULT now(),
    starts integer NOT NULL DEFAULT 0,
    failures timestamptz[] NOT NULL DEFAULT '{}',   -- ends of late, of this generation
    next_start timestamptz,
    counted text,                                   -- the end that was counted last, in the engine's words
    log bytea NOT NULL DEFAULT '',                  -- the end of what it wrote
    online boolean,                                 -- as the town says; written by the doorkeeper, as all below
    heard timestamptz,
    silent_since timestamptz,
    looked timestamptz,
    thought_tick bigint,
    thought timestamptz
);
CREATE TABLE IF NOT EXISTS runtime.seated (
    agent text PRIMARY KEY                          -- of the town's written people, while the host of inline minds has them
);
CREATE TABLE IF NOT EXISTS runtime.archives (
    id text PRIMARY KEY,                            -- SHA-256 of the content, hex
    name text NOT NULL,                             -- of the file; its ending tells what it is
    content bytea NOT NULL,
    added timestamptz NOT NULL DEFAULT now(),
    state text NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'ready', 'refused')),
    reason text
);
CREATE TABLE IF NOT EXISTS runtime.jailer (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    beat timestamptz NOT NULL,
    container_runtime text NOT NULL,
    packages boolean NOT NULL,
    seal bytea                                      -- X25519; what is sealed with it the jailer alone can open
);
ALTER TABLE runtime.jailer ADD COLUMN IF NOT EXISTS seal bytea;
DO $$ BEGIN  -- before they were sealed, credentials lay there as JSON
    IF (SELECT data_type FROM information_schema.columns
        WHERE table_schema = 'runtime' AND table_name = 'hosted' AND column_name = 'handover') = 'jsonb' THEN
        ALTER TABLE runtime.hosted ALTER COLUMN handover TYPE bytea USING NULL;
        DROP FUNCTION IF EXISTS runtime.host(text, text, text, jsonb, jsonb);
    END IF;
END $$;
"""
_FUNCTIONS = """
CREATE OR REPLACE FUNCTION runtime.host(who text, payer text, place text, what jsonb, sealed bytea) RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = '' AS $$
    INSERT INTO runtime.hosted (agent, owner, placement, desired, spec, handover)
    VALUES (who, payer, place, 'running', what, sealed)
    ON CONFLICT (agent) DO UPDATE SET owner = coalesce(payer, hosted.owner), placement = place, desired = 'running', spec = what,
        handover = coalesce(sealed, hosted.handover), generation = hosted.generation + 1, failures = '{}', next_start = NULL
    RETURNING generation
$$;
CREATE OR REPLACE FUNCTION runtime.desire(who text, wanted text) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = '' AS $$
    WITH changed AS (UPDATE runtime.hosted SET desired = wanted WHERE agent = who AND desired <> 'deleted' RETURNING agent)
    SELECT count(*) > 0 FROM changed
$$;
CREATE OR REPLACE FUNCTION runtime.restart(who text) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = '' AS $$
    WITH changed AS (
        UPDATE runtime.hosted SET generation = generation + 1, desired = 'running', failures = '{}', next_start = NULL
        WHERE agent = who AND desired <> 'deleted' RETURNING agent)
    SELECT count(*) > 0 FROM changed
$$;
CREATE OR REPLACE FUNCTION runtime.keep_archive(file_name text, bytes bytea) RETURNS text
LANGUAGE sql SECURITY DEFINER SET search_path = '' AS $$
    INSERT INTO runtime.archives (id, name, content) VALUES (encode(sha256(bytes), 'hex'), file_name, bytes)
    ON CONFLICT (id) DO UPDATE SET added = now() RETURNING id
$$;
"""
_VIEWS = """
CREATE OR REPLACE VIEW runtime.residents AS SELECT
    agent, owner, placement, desired, generation, spec, observed, reason, since, starts, next_start, log, online, heard,
    thought_tick, thought,
    CASE WHEN observed <> 'running' THEN 'away'
         WHEN placement = 'inline' THEN 'well'
         WHEN online IS NOT TRUE THEN 'silent'
         WHEN coalesce(thought, since) < now() - interval '10 minutes' THEN 'thoughtless'
         ELSE 'well' END AS health
FROM runtime.hosted;
"""


async def make_schema(connection: asyncpg.Connection) -> None:
    """Make what is not there; several processes may do so at once."""
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(hashtext('mqttown runtime schema'))")
        await connection.execute(_TABLES + _FUNCTIONS + _VIEWS)
