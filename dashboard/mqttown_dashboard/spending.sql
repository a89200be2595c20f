-- What the dashboard's connections may do in the gateway's tables: set budgets, read what was spent, and never see a key.
GRANT USAGE ON SCHEMA runtime TO mqttown_dashboard;
GRANT SELECT, INSERT, UPDATE, DELETE ON runtime.budgets, runtime.minds TO mqttown_dashboard;
GRANT SELECT ON runtime.calls TO mqttown_dashboard;
