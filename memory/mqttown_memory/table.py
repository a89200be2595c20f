"""The truth about memories: schema `memory` in PostgreSQL."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import asyncpg
import numpy as np

from mqttown_memory.embedding import Embedding, FixedPoint
from mqttown_memory.stream import Memory

__all__ = ["EmbeddingChangedError", "Page", "Progress", "Table"]

_SCHEMA: Final = """
CREATE SCHEMA IF NOT EXISTS memory;
CREATE TABLE IF NOT EXISTS memory.memories (
    n           bigint GENERATED ALWAYS AS IDENTITY,
    agent       text NOT NULL,
    id          text NOT NULL,
    kind        text NOT NULL,
    text        text NOT NULL,
    importance  smallint NOT NULL,            -- permille
    born        bigint NOT NULL,              -- tick
    last_access bigint NOT NULL,              -- tick
    evidence    text[] NOT NULL,
    actor       text,
    place       text,
    vector      bytea NOT NULL,               -- int16, little endian, 1/4000
    created     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (agent, id)
);
CREATE INDEX IF NOT EXISTS memories_in_order ON memory.memories (agent, n);  -- who reflects reads the newest of one agent
CREATE INDEX IF NOT EXISTS all_memories_in_order ON memory.memories (n);  -- the index across the town is filled page by page
CREATE TABLE IF NOT EXISTS memory.agents (
    agent            text PRIMARY KEY,
    since_reflection integer NOT NULL         -- permille of importance
);
CREATE TABLE IF NOT EXISTS memory.forgotten (
    agent text PRIMARY KEY                    -- deleted by its owner; nothing of its own is kept any more, whenever it comes
);
CREATE TABLE IF NOT EXISTS memory.progress (
    only_row    boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    stored_tick bigint NOT NULL,
    embedding   text NOT NULL
);
"""
_SEPARATOR: Final = "\x1f"
"""Between ids in a list that is sent as one text; no id holds a control character."""
_INSERT: Final = r"""
INSERT INTO memory.memories (agent, id, kind, text, importance, born, last_access, evidence, actor, place, vector)
SELECT agent, id, kind, text, importance, born, last_access, string_to_array(evidence, E'\x1f'), actor, place, vector
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::smallint[], $6::bigint[], $7::bigint[], $8::text[], $9::text[],
            $10::text[], $11::bytea[]) WITH ORDINALITY
     AS given (agent, id, kind, text, importance, born, last_access, evidence, actor, place, vector, place_in_list)
ORDER BY place_in_list
ON CONFLICT DO NOTHING
"""
_COLUMNS: Final = "n, agent, id, kind, text, importance, born, last_access, evidence, actor, place"


class EmbeddingChangedError(RuntimeError):
    """The stored vectors come from another model, so they can't be compared with new ones."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What is stored: everything witnessed up to this tick, and each agent's importance since it last reflected (permille).

    Attributes:
        forgotten: agents of whom nothing is stored any more.
    """

    stored_tick: int
    since_reflection: dict[str, int]
    forgotten: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Page:
    """Some memories in the order of storing, a vector for each, and the number of the last."""

    memories: list[Memory]
    vectors: FixedPoint
    last: int


class Table:
    """All memories of all agents.

    Args:
        pool: connections to PostgreSQL.
        embedding: the model whose vectors are kept.
    """

    def __init__(self, pool: asyncpg.Pool, embedding: Embedding) -> None:
        self._pool = pool
        self._embedding = embedding

    async def open(self) -> Progress:
        """Make the schema where it is missing, and tell how far the storing has come.

        Raises:
            EmbeddingChangedError: the table was filled with another model.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock(hashtext('mqttown memory schema'))")
            await connection.execute(_SCHEMA)
            await connection.execute(
                "INSERT INTO memory.progress (stored_tick, embedding) VALUES (-1, $1) ON CONFLICT DO NOTHING", self._embedding.name
            )
            row = await connection.fetchrow("SELECT stored_tick, embedding FROM memory.progress")
            if row["embedding"] != self._embedding.name:
                raise EmbeddingChangedError(
                    f"memories are stored with vectors of {row['embedding']!r}, but {self._embedding.name!r} is set; use the former"
                )
            agents = await connection.fetch("SELECT agent, since_reflection FROM memory.agents")
            forgotten = await connection.fetch("SELECT agent FROM memory.forgotten")
        since = {agent["agent"]: agent["since_reflection"] for agent in agents}
        return Progress(row["stored_tick"], since, frozenset(row["agent"] for row in forgotten))

    async def forget(self, agent: str) -> int:
        """Take an agent's own memories away for good, and write down that none may come again; return how many there were."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute("INSERT INTO memory.forgotten VALUES ($1) ON CONFLICT DO NOTHING", agent)
            await connection.execute("DELETE FROM memory.agents WHERE agent = $1", agent)
            gone: str = await connection.execute("DELETE FROM memory.memories WHERE agent = $1", agent)
        return int(gone.removeprefix("DELETE "))

    async def store(
        self,
        memories: Sequence[Memory],
        vectors: FixedPoint,
        *,
        accesses: Mapping[tuple[str, str], int] | None = None,
        since_reflection: Mapping[str, int] | None = None,
        stored_tick: int | None = None,
    ) -> None:
        """Make all of it durable, or nothing.

        Args:
            memories: in order; one whose agent and id are stored already is left as it is.
            vectors: a row for each memory.
            accesses: tick of the last recall, by agent and memory id.
            since_reflection: permille of importance, by agent.
            stored_tick: everything up to it is stored now.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            if memories:
                await connection.execute(_INSERT, *_columns(memories), [row.tobytes() for row in vectors.astype("<i2", copy=False)])
            if accesses:
                # In one order everywhere, so that two writers could never wait for each other in a circle.
                keys = sorted(accesses)
                await connection.execute(
                    "UPDATE memory.memories AS kept SET last_access = greatest(kept.last_access, given.tick) "
                    "FROM unnest($1::text[], $2::text[], $3::bigint[]) AS given (agent, id, tick) "
                    "WHERE kept.agent = given.agent AND kept.id = given.id",
                    [agent for agent, _ in keys],
                    [memory for _, memory in keys],
                    [accesses[key] for key in keys],
                )
            if since_reflection:
                await connection.execute(
                    "INSERT INTO memory.agents SELECT * FROM unnest($1::text[], $2::integer[]) "
                    "ON CONFLICT (agent) DO UPDATE SET since_reflection = excluded.since_reflection",
                    list(since_reflection),
                    list(since_reflection.values()),
                )
            if stored_tick is not None:
                await connection.execute("UPDATE memory.progress SET stored_tick = $1", stored_tick)

    async def load(self, agent: str) -> Page:
        """All memories of one agent."""
        return self._page(
            await self._pool.fetch(f"SELECT {_COLUMNS}, vector FROM memory.memories WHERE agent = $1 ORDER BY n", agent)  # noqa: S608
        )

    async def recent(self, agent: str, count: int) -> list[Memory]:
        """The latest memories of one agent that are no reflections, oldest first."""
        rows = await self._pool.fetch(
            f"SELECT {_COLUMNS} FROM memory.memories WHERE agent = $1 AND kind <> 'reflection' ORDER BY n DESC LIMIT $2",  # noqa: S608
            agent,
            count,
        )
        return [_memory(row) for row in reversed(rows)]

    async def pages(self, after: int = 0, size: int = 2000) -> AsyncIterator[Page]:
        """All memories of all agents in the order of storing, a page at a time.

        Args:
            after: begin behind this number.
            size: memories in a page, at most.
        """
        while True:
            rows = await self._pool.fetch(
                f"SELECT {_COLUMNS}, vector FROM memory.memories WHERE n > $1 ORDER BY n LIMIT $2",  # noqa: S608
                after,
                size,
            )
            if not rows:
                return
            page = self._page(rows)
            yield page
            after = page.last

    def _page(self, rows: Sequence[Any]) -> Page:
        vectors = np.frombuffer(b"".join([row["vector"] for row in rows]), "<i2").reshape(len(rows), self._embedding.dimensions)
        return Page([_memory(row) for row in rows], vectors, rows[-1]["n"] if rows else 0)


def _columns(memories: Sequence[Memory]) -> list[list[Any]]:
    return [
        [memory.agent for memory in memories],
        [memory.id for memory in memories],
        [memory.kind for memory in memories],
        [memory.text for memory in memories],
        [memory.importance for memory in memories],
        [memory.born for memory in memories],
        [memory.last_access for memory in memories],
        [_SEPARATOR.join(memory.evidence) for memory in memories],
        [memory.actor for memory in memories],
        [memory.place for memory in memories],
    ]


def _memory(row: Any) -> Memory:
    _, agent, identity, kind, text, importance, born, last_access, evidence, actor, place = tuple(row)[:11]
    return Memory(agent, identity, kind, text, importance, born, last_access, tuple(evidence), actor, place)
