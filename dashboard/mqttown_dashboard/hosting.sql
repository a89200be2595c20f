-- What the dashboard's connections may do in the runtime's schema: wish by its functions, read its view for owners.
GRANT USAGE ON SCHEMA runtime TO mqttown_dashboard;
GRANT SELECT ON runtime.residents, runtime.jailer TO mqttown_dashboard;
GRANT SELECT (id, name, added, state, reason) ON runtime.archives TO mqttown_dashboard;
GRANT EXECUTE ON FUNCTION
    runtime.host(text, text, text, jsonb, bytea), runtime.desire(text, text), runtime.restart(text), runtime.keep_archive(text, bytea)
    TO mqttown_dashboard;
