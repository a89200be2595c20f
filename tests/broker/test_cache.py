"""Credentials in PostgreSQL, and the gate that follows them."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from time import perf_counter
from typing import Any

import asyncpg
import pytest

from mqttown_broker.cache import CredentialCache
from mqttown_broker.credentials import create_table, ensure_service_keys, hash_key, make_key, register, revoke
from mqttown_broker.gate import Gate
from mqttown_broker.login import Login, Refused, admit, still_valid
from mqttown_broker.nats import NatsServer
from mqttown_cli.postgres import EmbeddedPostgres


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(postgres_url)
    await create_table(connection)
    yield connection
    await connection.close()


class Heard:
    """Collects announcements."""

    def __init__(self) -> None:
        self.names: asyncio.Queue[str | None] = asyncio.Queue()

    async def changed(self, name: str | None) -> None:
        self.names.put_nowait(name)

    async def next(self) -> str | None:
        async with asyncio.timeout(5):
            return await self.names.get()


async def test_the_table_may_be_made_by_two_at_once(postgres_url: str) -> None:
    async def make() -> None:
        connection = await asyncpg.connect(postgres_url)
        await create_table(connection)
        await connection.close()

    await asyncio.gather(make(), make(), make())


async def test_service_keys_are_put_in_place_of_former_ones(database: Any) -> None:
    await ensure_service_keys(database, {"memory": "one", "cli": "two"})
    await ensure_service_keys(database, {"memory": "three"})
    rows = await database.fetch("SELECT agent, key_hash, kind FROM town.credentials ORDER BY agent")
    assert [tuple(row) for row in rows] == [("cli", hash_key("two"), "service"), ("memory", hash_key("three"), "service")]
    with pytest.raises(ValueError, match="'mira' is no service"):
        await ensure_service_keys(database, {"mira": "x"})


@pytest.mark.parametrize(
    ("agent", "district"), [("orchestrator", "kluuvi"), ("host-3", "kluuvi"), ("Mira", "kluuvi"), ("mira", "a b")]
)
async def test_names_that_are_refused(database: Any, agent: str, district: str) -> None:
    with pytest.raises(ValueError, match=r"is no id|name of a service"):
        await register(database, agent, district, hash_key(make_key()))


async def test_changes_are_announced_and_read(database: Any, postgres_url: str) -> None:
    heard = Heard()
    async with CredentialCache(postgres_url, heard.changed) as cache:
        key = make_key()
        await register(database, "mira", "kluuvi", hash_key(key))
        assert await heard.next() == "mira"
        known = cache.known("mira")
        assert known is not None
        assert known[""].opens_with(key)
        await revoke(database, "mira")
        assert await heard.next() == "mira"
        again = cache.known("mira")
        assert again is not None
        assert again[""].revoked is not None
        assert cache.known("otto") is None
        assert await cache.read("otto") is None


async def test_a_lost_connection_is_made_anew_and_nothing_is_missed(database: Any, postgres_url: str) -> None:
    heard = Heard()
    await register(database, "mira", "kluuvi", hash_key(make_key()))
    async with CredentialCache(postgres_url, heard.changed) as cache:
        await database.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND query LIKE 'LISTEN%'"
        )
        await register(database, "nina", "kluuvi", hash_key(make_key()))
        while cache.known("nina") is None:
            await heard.next()
        assert cache.known("mira") is not None
        await register(database, "olli", "kluuvi", hash_key(make_key()))
        while cache.known("olli") is None:
            await heard.next()


async def test_known_keys_open_while_the_database_is_away(tmp_path_factory: pytest.TempPathFactory) -> None:
    heard = Heard()
    with EmbeddedPostgres(tmp_path_factory.mktemp("away")) as server:
        connection = await asyncpg.connect(server.url)
        await create_table(connection)
        await register(connection, "mira", "kluuvi", hash_key("key"))
        await connection.close()
        async with CredentialCache(server.url, heard.changed) as cache:
            await asyncio.to_thread(server.stop)
            admission = await admit(cache, "helsinki", Login("mira", "key", "mira"))
            assert admission.credential is not None
            with pytest.raises(Refused, match="database is away"):
                await admit(cache, "helsinki", Login("nina", "key", "nina"))
            server.start()
            connection = await asyncpg.connect(server.url)
            await revoke(connection, "mira")
            while still_valid(cache, admission):
                await heard.next()
            await connection.close()


async def test_registering_one_among_ten_thousand(database: Any, postgres_url: str, tmp_path: Path) -> None:
    await database.execute(
        "INSERT INTO town.credentials (agent, key_hash, kind, home_district) "
        "SELECT 'agent-' || n, 'sha256:' || repeat('0', 64), 'agent', 'kluuvi' FROM generate_series(1, 10000) AS n"
    )
    server = NatsServer(tmp_path)
    await server.start()
    gates: list[Gate] = []

    async def changed(name: str | None) -> None:
        for gate in gates:
            await gate.review(name)

    async with CredentialCache(postgres_url, changed) as cache:
        gates.append(Gate([server], "helsinki", cache))
        await gates[0].start()
        assert len(cache) == 10_000
        took = sorted([await _register_and_connect(database, server.mqtt_port, n) for n in range(7)])
        await gates[0].stop()
    await server.stop()
    assert took[3] < 0.1


async def _register_and_connect(database: Any, port: int, number: int) -> float:
    name, key = f"new-{number}", make_key()
    began = perf_counter()
    await register(database, name, "kluuvi", hash_key(key))
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    words = b"".join(len(part).to_bytes(2, "big") + part for part in (name.encode(), name.encode(), key.encode()))
    body = b"\x00\x04MQTT\x04\xc2\x00\x3c" + words
    writer.write(bytes([0x10, len(body)]) + body)
    assert await reader.readexactly(4) == b"\x20\x02\x00\x00"
    took = perf_counter() - began
    writer.close()
    await writer.wait_closed()
    return took
