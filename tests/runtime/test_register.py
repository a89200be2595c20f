"""The register's table: what an older one held in clear is gone."""

import asyncpg

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
