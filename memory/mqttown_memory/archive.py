"""Storing and recalling, whatever the wire: embedding, table and index put together."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from mqttown_memory.embedding import Embedding, FixedPoint
from mqttown_memory.index import Index
from mqttown_memory.stream import Memory, Recollection
from mqttown_memory.table import Table

__all__ = ["Archive", "Question"]

_ASIDE = 64
"""So many texts and more are embedded in a thread, so that the wire is not kept waiting."""


@dataclass(frozen=True, slots=True)
class Question:
    """What to recall.

    Attributes:
        query: words; without them recency and importance alone decide.
        k: how many memories at most.
        kinds: only these; all without it.
        access: whether what is returned counts as accessed, which keeps it fresh.
    """

    query: str | None = None
    k: int = 8
    kinds: tuple[str, ...] | None = None
    access: bool = True


class Archive:
    """All that agents remember.

    The table is written first and the index after it, both under one lock, so that a stream which is being read in meanwhile
    misses nothing. Last accesses are written with the next memories that are stored, before a stream leaves the index, and by
    `flush`; a crash may cost the latest of them, never a memory.

    Args:
        table: the truth.
        embedding: makes the vectors.
        limit_bytes: room for the index.
        forgotten: agents of whom nothing is stored any more.
    """

    def __init__(self, table: Table, embedding: Embedding, limit_bytes: int, forgotten: Collection[str] = ()) -> None:
        self.table = table
        self._forgotten = set(forgotten)
        self._embedding = embedding
        self._index = Index(embedding.dimensions, limit_bytes)
        self._accesses: dict[tuple[str, str], int] = {}
        self._writing = asyncio.Lock()

    async def store(
        self, memories: Sequence[Memory], *, since_reflection: dict[str, int] | None = None, stored_tick: int | None = None
    ) -> None:
        """Make memories durable and findable; see `Table.store`. Those of agents that are forgotten are passed over."""
        vectors = await self._embed([memory.text for memory in memories])
        async with self._writing:
            if self._forgotten:
                rows = [row for row, memory in enumerate(memories) if memory.agent not in self._forgotten]
                memories, vectors = [memories[row] for row in rows], vectors[rows]
                since_reflection = {agent: sum_ for agent, sum_ in (since_reflection or {}).items() if agent not in self._forgotten}
            await self._write(memories, vectors, since_reflection, stored_tick)
            self._index.extend(memories, vectors)

    async def recall(self, agent: str, question: Question, now: int) -> list[Recollection]:
        """The best memories of an agent, best first.

        Args:
            agent: whose.
            question: what.
            now: tick.
        """
        query = None if question.query is None else (await self._embed([question.query]))[0]
        stream = self._index.get(agent)
        if stream is None:
            async with self._writing:
                stream = self._index.get(agent)
                if stream is None:
                    await self._write((), np.zeros((0, 0), np.int16))
                    stream = self._index.put(agent, await self.table.load(agent))
        found = stream.recall(query, now, question.k, question.kinds, access=question.access)
        if question.access:
            self._accesses.update(((agent, one.memory.id), now) for one in found)
        return found

    async def forget(self, agent: str) -> int:
        """Take an agent's own memories away for good; return how many there were. What others remember of it stays theirs."""
        async with self._writing:
            self._forgotten.add(agent)
            self._accesses = {key: tick for key, tick in self._accesses.items() if key[0] != agent}
            self._index.drop(agent)
            return await self.table.forget(agent)

    async def flush(self) -> None:
        """Make the last accesses durable."""
        async with self._writing:
            await self._write((), np.zeros((0, 0), np.int16))

    async def _write(
        self,
        memories: Sequence[Memory],
        vectors: FixedPoint,
        since_reflection: dict[str, int] | None = None,
        stored_tick: int | None = None,
    ) -> None:
        accesses, self._accesses = self._accesses, {}
        if memories or accesses or since_reflection or stored_tick is not None:
            await self.table.store(memories, vectors, accesses=accesses, since_reflection=since_reflection, stored_tick=stored_tick)

    async def _embed(self, texts: Sequence[str]) -> FixedPoint:
        """A row for each text; witnesses of one event often remember the same words, which are embedded once."""
        row_of = {text: row for row, text in enumerate(dict.fromkeys(texts))}
        distinct = list(row_of)
        if len(distinct) < _ASIDE and not self._embedding.aside:
            rows = self._embedding.embed(distinct)
        else:
            rows = await asyncio.to_thread(self._embedding.embed, distinct)
        return rows[[row_of[text] for text in texts]] if texts else rows
