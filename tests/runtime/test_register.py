"""The register's table: what an older one held in clear is gone; and the health that is read off it."""

import asyncpg
import pytest

from mqttown_runtime.supervision.schema import make_schema


async def test_credentials_of_an_older_table_are_forgotten(postgres_url: str) -> None:
    connection = await asyncpg.connect(postgres_url)
    try:
        await make_schema(connection)
        await connection.execute("ALTER TABLE runtime.hosted ALTER COLUMN handover TYPE jsonb USING NULL")
        await connection.execute(
            "INSERT INTO runtime.hosted (agent, placement, desired, spec, handover) "
            """VALUES ('mira', 'docker', 'running', '{"persona": {"id": "mira"}}', '{"password": "in clear"}')"""
        )
        for _ in range(2):
            await make_schema(connection)
            assert await connection.fetchval("SELECT handover FROM runtime.hosted") is None
        await connection.fetchval("SELECT runtime.host('mira', NULL, 'docker', '{}', 'sealed'::bytea)")
        assert await connection.fetchval("SELECT handover FROM runtime.hosted") == b"sealed"
    finally:
        await connection.close()


@pytest.mark.parametrize(
    ("placement", "online", "thought", "since", "health"),
    [
        ("docker", True, "1 minute", "1 hour", "well"),
        ("docker", True, None, "1 minute", "well"),
        ("docker", True, "11 minutes", "1 hour", "thoughtless"),
        ("docker", True, None, "11 minutes", "thoughtless"),
        ("docker", False, "1 minute", "1 hour", "silent"),
        ("docker", None, None, "1 minute", "silent"),
        ("inline", None, "11 minutes", "1 hour", "well"),
    ],
)
async def test_health_is_of_what_the_town_hears_and_of_the_last_thought(
    postgres_url: str, placement: str, *, online: bool | None, thought: str | None, since: str, health: str
) -> None:
    connection = await asyncpg.connect(postgres_url)
    try:
        await make_schema(connection)
        await connection.execute(
            "INSERT INTO runtime.hosted (agent, placement, desired, spec, observed, online, thought, since) "
            "VALUES ('mira', $1, 'running', '{}', 'running', $2, now() - $3::text::interval, now() - $4::text::interval)",
            placement, online, thought, since,
        )  # fmt: skip
        assert await connection.fetchval("SELECT health FROM runtime.residents") == health
        await connection.execute("UPDATE runtime.hosted SET observed = 'parked'")
        assert await connection.fetchval("SELECT health FROM runtime.residents") == "away"
    finally:
        await connection.close()
