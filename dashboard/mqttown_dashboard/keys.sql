-- What the dashboard's connections may do about owners' keys: hand them in sealed, and see what may be shown of them.
GRANT USAGE ON SCHEMA runtime TO mqttown_dashboard;
GRANT SELECT ON runtime.registry, runtime.seal TO mqttown_dashboard;
GRANT SELECT (owner, provider, last_four, created) ON runtime.keys TO mqttown_dashboard;
GRANT SELECT (id, owner, done, good, detail), INSERT (owner, provider, what, sealed) ON runtime.key_errands TO mqttown_dashboard;
