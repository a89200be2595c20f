"""The append-only journal in PostgreSQL: the only file here that knows a database."""

import asyncio
import hashlib
import json
import zlib
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from importlib import resources
from typing import Any, Final

import asyncpg
import orjson

from mqttown_orchestrator import failpoint
from mqttown_orchestrator.noticed import Remembered, read_acted, read_remembered
from mqttown_orchestrator.rows import Run, Snapshot, TickRecord
from mqttown_orchestrator.statements import Statement

__all__ = [
    "ACTIONS",
    "AGENTS",
    "EVENTS",
    "Journal",
    "JournalAway",
    "JournalError",
    "Run",
    "SecondWriter",
    "Snapshot",
    "TickRecord",
    "create_schema",
]

_SCHEMA_LOCK: Final = 0x6D717474
"""Advisory lock that makes two processes create tables one after the other; the gate uses the same."""
_CONNECT_SECONDS: Final = 10.0
_COMMIT_SECONDS: Final = 5.0
"""A database that is silent for so long counts as away; a commit that was under way may still have come through."""
_PASSING: Final = ("08", "40", "53", "57", "58")
"""Classes of SQLSTATE that pass by themselves: connection, rollback, no room (disk, memory), shutdown, the system's own errors."""
_DURABLE: Final = ("fsync", "synchronous_commit", "full_page_writes")
EVENTS: Final = ("tick", "n", "id", "kind", "district", "building", "agent", "action_id", "cause", "about", "witnesses", "data")
ACTIONS: Final = (
    "tick", "n", "agent", "action_id", "action", "parameters", "observation_id", "reasoning",
    "status", "code", "detail", "path", "events", "traceparent",
)  # fmt: skip
AGENTS: Final = (
    "id", "name", "kind", "home_district", "owner", "tagline", "plan", "placement",
    "registered_tick", "revoked_tick", "quarantined", "allowed_actions", "permissions",
)  # fmt: skip


class JournalError(RuntimeError):
    """The journal can't be used; the message says why, and what to do."""


class JournalAway(JournalError):
    """The database can't be reached or takes nothing now. It may come back; whether the last commit came through is unknown."""


class SecondWriter(JournalError):
    """Another orchestrator has taken this town over; we must not write any more."""


async def create_schema(connection: asyncpg.Connection) -> None:
    """Make tables and views, unless just these are there; the schema's comment tells which were made.

    Making takes exclusive locks on one table after the other, and whoever reads two of them meanwhile, as memory and the page do
    while we start, can wait for us in a circle. So it is done once for each definition, not at every start.
    """
    definition = resources.files("mqttown_orchestrator").joinpath("schema.sql").read_text("utf-8")
    made = f"made from schema.sql {hashlib.sha256(definition.encode()).hexdigest()}"
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _SCHEMA_LOCK)
        if await connection.fetchval("SELECT obj_description(to_regnamespace('town'), 'pg_namespace')") != made:
            await connection.execute(f"{definition} COMMENT ON SCHEMA town IS '{made}'")


class Journal:
    """One connection to the journal, of the one writer. Use `Journal.open`.

    Attributes:
        generation: ours, from `take_over` on; 0 before, when nothing can be written.
        tick: the newest committed tick.
    """

    def __init__(self, connection: asyncpg.Connection, url: str = "") -> None:
        self._connection = connection
        self._url = url
        self.generation = 0
        self.tick = 0

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str) -> AsyncIterator["Journal"]:
        """Connect, see that the database is durable, and make the tables.

        Raises:
            JournalAway: no database there.
            JournalError: one that may forget what it has committed.
        """
        journal = cls(await _connect(url), url)
        try:
            await create_schema(journal._connection)
            yield journal
        finally:
            with suppress(TimeoutError, OSError, asyncpg.exceptions.InterfaceError):
                await journal._connection.close(timeout=2)

    async def reconnect(self) -> None:
        """Begin a new connection in place of one that is lost.

        Raises:
            JournalAway: there is no database to connect to yet.
        """
        self._connection.terminate()
        self._connection = await _connect(self._url)

    async def holds(self, record: TickRecord) -> bool:
        """Whether a tick of ours is in the journal: its commit came through, though we were not told.

        Raises:
            JournalAway: the database is away.
        """
        with self._passing():
            row = await self._connection.fetchrow(
                "SELECT generation, inputs_hash, events_hash FROM town.ticks WHERE tick = $1", record.tick
            )
        held = row is not None and tuple(row) == (self.generation, record.inputs_hash, record.events_hash)
        if held:
            self.tick = record.tick
        return held

    @asynccontextmanager
    async def as_it_stands(self) -> AsyncIterator[None]:
        """Read one moment of the journal, whatever is written meanwhile."""
        async with self._connection.transaction(isolation="repeatable_read", readonly=True):
            yield

    async def exported(self) -> str:
        """Id under which other connections can read this very moment; use it within `as_it_stands`."""
        return str(await self._connection.fetchval("SELECT pg_export_snapshot()"))

    async def run(self) -> Run | None:
        """What the town was made from, or None before its genesis."""
        row = await self._connection.fetchrow("SELECT id, town, seed, content_hash, town_json FROM town.run")
        if row is None:
            return None
        town = json.loads(zlib.decompress(row["town_json"]))
        return Run(str(row["id"]), row["town"], int(row["seed"]), row["content_hash"], town)

    async def begin(
        self, town: dict[str, Any], seed: int, versions: dict[str, str], first: Snapshot, agents: Sequence[tuple[Any, ...]]
    ) -> None:
        """Write the genesis: what the town is made from, its first state, and its people.

        Args:
            town: the compiled town.
            seed: of all luck.
            versions: of programs that matter, for researchers.
            first: the state before the first tick.
            agents: rows of the table `agents`.
        """
        async with self._connection.transaction():
            await self._connection.execute(
                "INSERT INTO town.run (town, seed, content_hash, town_json, versions) VALUES ($1, $2, $3, $4, $5)",
                town["town"]["id"], seed, town["content_hash"], zlib.compress(orjson.dumps(town)), versions,
            )  # fmt: skip
            await self._connection.execute("INSERT INTO town.writer (generation, tick) VALUES (0, $1)", first.tick)
            await self._save(first)
            await self._connection.copy_records_to_table("agents", schema_name="town", columns=AGENTS, records=agents)

    async def take_over(self) -> int:
        """Become the writer: make the next generation ours, durably, before anybody hears of it."""
        row = await self._connection.fetchrow("UPDATE town.writer SET generation = generation + 1 RETURNING generation, tick")
        self.generation, self.tick = int(row["generation"]), int(row["tick"])
        return self.generation

    async def append(self, record: TickRecord) -> None:
        """Commit one tick; on return it is durable.

        Raises:
            SecondWriter: another generation has written.
            JournalAway: the database is away.
        """
        connection = self._connection
        with self._passing():
            await self._append(connection, record)
        self.tick = record.tick

    async def _append(self, connection: asyncpg.Connection, record: TickRecord) -> None:
        async with connection.transaction():
            await self._hold("UPDATE town.writer SET tick = tick + 1 WHERE generation = $1 AND tick = $2", record.tick - 1)
            await connection.execute(
                "INSERT INTO town.ticks (tick, generation, inputs, inputs_hash, events_hash, wall, step_ms) "
                "VALUES ($1, $2, $3, $4, $5, $6, $7)",
                record.tick, self.generation, record.inputs, record.inputs_hash, record.events_hash, record.wall, record.step_ms,
            )  # fmt: skip
            if record.events:
                rows = [(record.tick, *row) for row in record.events]
                await connection.copy_records_to_table("events", schema_name="town", columns=EVENTS, records=rows)
            if record.actions:
                rows = [(record.tick, n, *row) for n, row in enumerate(record.actions)]
                await connection.copy_records_to_table("actions", schema_name="town", columns=ACTIONS, records=rows)
            for sql, arguments in record.statements:
                await connection.execute(sql, *arguments)
            if record.snapshot is not None:
                await self._save(record.snapshot)
            failpoint.reach("before_commit")

    async def write(self, statements: Sequence[Statement], snapshot: Snapshot | None = None) -> None:
        """Commit changes that belong to no tick. Each may be written again with no further effect.

        Raises:
            SecondWriter: another generation has written.
            JournalAway: the database is away.
        """
        with self._passing():
            await self._write(statements, snapshot)

    async def _write(self, statements: Sequence[Statement], snapshot: Snapshot | None) -> None:
        async with self._connection.transaction():
            await self._hold("UPDATE town.writer SET tick = tick WHERE generation = $1 AND tick = $2", self.tick)
            for sql, arguments in statements:
                await self._connection.execute(sql, *arguments)
            if snapshot is not None:
                await self._save(snapshot)

    async def snapshot(self, at_or_before: int) -> Snapshot | None:
        """The newest snapshot that is not after a tick."""
        row = await self._connection.fetchrow(
            "SELECT tick, hash, state FROM town.snapshots WHERE tick <= $1 ORDER BY tick DESC LIMIT 1", at_or_before
        )
        return None if row is None else Snapshot(row["tick"], row["hash"], row["state"])

    async def snapshot_hashes(self) -> dict[int, str]:
        """Hash of every snapshot by its tick."""
        return {row["tick"]: row["hash"] for row in await self._connection.fetch("SELECT tick, hash FROM town.snapshots")}

    async def ticks(self, after: int, batch: int = 200) -> AsyncIterator[asyncpg.Record]:
        """Rows (tick, inputs, inputs_hash, events_hash) after a tick, in order, not all in memory at once."""
        while True:
            rows = await self._connection.fetch(
                "SELECT tick, inputs, inputs_hash, events_hash FROM town.ticks WHERE tick > $1 ORDER BY tick LIMIT $2", after, batch
            )
            for row in rows:
                yield row
            if len(rows) < batch:
                return
            after = rows[-1]["tick"]

    async def last_tick(self) -> int:
        """The newest committed tick, whoever wrote it."""
        return int(await self._connection.fetchval("SELECT coalesce(max(tick), 0) FROM town.writer"))

    async def agents(self) -> list[dict[str, Any]]:
        """All agents ever registered, oldest first."""
        columns = ", ".join(AGENTS)
        rows = await self._connection.fetch(f"SELECT {columns} FROM town.agents ORDER BY registered_tick, id")  # noqa: S608  names of ours
        return [dict(row) for row in rows]

    async def recent_events(self, after: int, limit: int) -> list[dict[str, Any]]:
        """Newest events after a tick, oldest first."""
        rows = await self._connection.fetch(
            "SELECT id, kind, tick, district, building, agent, action_id, cause, about, witnesses, data FROM town.events "
            "WHERE tick > $1 ORDER BY tick DESC, n DESC LIMIT $2",
            after, limit,
        )  # fmt: skip
        return [dict(row) for row in reversed(rows)]

    async def events_of(self, tick: int) -> list[dict[str, Any]]:
        """Events of one tick as rows, in order, without `n`."""
        rows = await self._connection.fetch(
            "SELECT id, kind, tick, district, building, agent, action_id, cause, about, witnesses, data FROM town.events "
            "WHERE tick = $1 ORDER BY n",
            tick,
        )
        return [dict(row) for row in rows]

    async def verdicts_of(self, tick: int) -> list[tuple[str, str, str, list[str]]]:
        """Agent, action id, status and events of one tick's actions, in order."""
        rows = await self._connection.fetch(
            "SELECT agent, action_id, status, events FROM town.actions WHERE tick = $1 ORDER BY n", tick
        )
        return [(row["agent"], row["action_id"], row["status"], row["events"]) for row in rows]

    async def acted(self, agent: str, seconds: float) -> list[float]:
        """When an agent's actions of the last seconds were judged, see `read_acted`."""
        return await read_acted(self._connection, agent, seconds)

    async def remembered(self, first_tick: int) -> Remembered:
        """What was noticed before, see `read_remembered`."""
        return await read_remembered(self._connection, first_tick)

    async def answer(self, service: str, command_id: str) -> dict[str, Any] | None:
        """The answer that a command got already.

        Raises:
            JournalAway: the database is away.
        """
        with self._passing():
            found: dict[str, Any] | None = await self._connection.fetchval(
                "SELECT answer FROM town.commands WHERE service = $1 AND id = $2", service, command_id
            )
        return found

    @contextmanager
    def _passing(self) -> Iterator[None]:
        """Say of trouble that passes that it does; and end a connection that is silent for too long."""
        silence = asyncio.get_running_loop().call_later(_COMMIT_SECONDS, self._connection.terminate)
        try:
            yield
        except asyncpg.exceptions.InternalClientError as error:  # so it says of a server that ended while we were idle
            raise JournalAway(f"the connection to the database is of no use any more: {error}") from error
        except (OSError, asyncpg.exceptions.InterfaceError) as error:
            if not self._connection.is_closed():
                raise
            raise JournalAway(f"the connection to the database is lost: {error}") from error
        except asyncpg.exceptions.PostgresError as error:
            if str(getattr(error, "sqlstate", ""))[:2] not in _PASSING:
                raise
            raise JournalAway(f"the database takes nothing now: {error}") from error
        finally:
            silence.cancel()

    async def _hold(self, guard: str, tick: int) -> None:
        if await self._connection.execute(guard, self.generation, tick) != "UPDATE 1":
            raise SecondWriter(
                f"another orchestrator writes this town now (generation {self.generation} is over at tick {tick}); this one stops"
            )

    async def _save(self, snapshot: Snapshot) -> None:
        await self._connection.execute(
            "INSERT INTO town.snapshots (tick, hash, state) VALUES ($1, $2, $3) ON CONFLICT (tick) DO NOTHING",
            snapshot.tick, snapshot.hash, snapshot.packed,
        )  # fmt: skip


async def _connect(url: str) -> asyncpg.Connection:
    try:
        connection: asyncpg.Connection = await asyncpg.connect(url, statement_cache_size=200, timeout=_CONNECT_SECONDS)
    except (OSError, asyncpg.exceptions.PostgresError) as error:
        raise JournalAway(f"the journal's database can't be reached: {error or 'no answer'}") from error
    try:
        await _refuse_forgetful(connection)
        await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=_jsonb, decoder=_jsonb_back, format="binary")
    except (OSError, asyncpg.exceptions.InterfaceError, asyncpg.exceptions.InternalClientError) as error:
        connection.terminate()
        raise JournalAway(f"the journal's database is lost again: {error}") from error
    except BaseException:
        connection.terminate()
        raise
    return connection


async def _refuse_forgetful(connection: asyncpg.Connection) -> None:
    off = [name for name in _DURABLE if await connection.fetchval(f"SHOW {name}") in {"off", "local", "remote_write"}]
    if off:
        raise JournalError(
            f"the database may forget what it has committed: {', '.join(off)} must be on; set it in postgresql.conf and start again"
        )


def _jsonb(value: Any) -> bytes:
    return b"\x01" + (value if isinstance(value, bytes) else orjson.dumps(value))


def _jsonb_back(data: bytes) -> Any:
    return orjson.loads(data[1:])
