-- What the dashboard's connections may do: read the public views and the hashes of agents' keys, and write accounts.
DO $$
BEGIN
    CREATE ROLE mqttown_dashboard NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;
END;
$$;
GRANT mqttown_dashboard TO CURRENT_USER;
GRANT USAGE ON SCHEMA portal, town, public TO mqttown_dashboard;
GRANT SELECT ON public.events, public.actions, public.speech, public.money, public.agents, public.heard TO mqttown_dashboard;
GRANT SELECT (id, town, created) ON town.run TO mqttown_dashboard;
GRANT SELECT (agent, tag, key_hash, kind, expires, revoked) ON town.credentials TO mqttown_dashboard;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA portal TO mqttown_dashboard;
GRANT SELECT ON town.held, town.flags, town.audit TO mqttown_dashboard;
GRANT SELECT (id, owner, quarantined, revoked_tick) ON town.agents TO mqttown_dashboard;
