"""Search across all agents of the town with Chroma; a copy of the table that can be made anew at any time."""

import asyncio
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from mqttown_memory.embedding import SCALE, Embedding, FixedPoint
from mqttown_memory.recall import Ranked
from mqttown_memory.stream import Memory, Recollection
from mqttown_memory.table import Page, Table

__all__ = ["TownSearch"]

_COLLECTION: Final = "memories"
_SEPARATOR: Final = "\x1f"


class TownSearch:
    """Nearest memories of anybody. Chroma is imported at the first search and brought up to date before each.

    Args:
        folder: where Chroma keeps its files.
        table: the truth.
        embedding: makes the vectors; Chroma's own would be fetched from the network.
    """

    def __init__(self, folder: Path, table: Table, embedding: Embedding) -> None:
        self._folder = folder
        self._table = table
        self._embedding = embedding
        self._collection: Any = None
        self._client: Any = None
        self._copied = 0
        self._turn = asyncio.Lock()

    async def search(self, query: str, k: int, kinds: Sequence[str] | None = None) -> list[Recollection]:
        """The k memories nearest in meaning, best first; by relevance alone, since access is an agent's own matter.

        Raises:
            ModuleNotFoundError: Chroma is not installed; the message says how to.
        """
        async with self._turn:
            await self._catch_up()
            vector = self._embedding.embed([query])
            return await asyncio.to_thread(self._nearest, vector, k, kinds)

    async def rebuild(self) -> int:
        """Throw the copy away and make it anew; returns the number of memories."""
        async with self._turn:
            await asyncio.to_thread(self._open, anew=True)
            await self._copy()
            return await asyncio.to_thread(self._collection.count)

    async def forget(self, agent: str) -> None:
        """Take an agent's memories out of the copy, where there is one."""
        async with self._turn:
            await asyncio.to_thread(self._drop, agent)

    async def _catch_up(self) -> None:
        if self._collection is None:
            await asyncio.to_thread(self._open)
        await self._copy()

    async def _copy(self) -> None:
        async for page in self._table.pages(after=self._copied):
            await asyncio.to_thread(self._add, page)
            self._copied = page.last

    def _open(self, *, anew: bool = False) -> None:
        try:
            import chromadb  # noqa: PLC0415  heavy, and only this search needs it
            from chromadb.config import Settings  # noqa: PLC0415
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError("search across the town needs Chroma: pip install 'mqttown-town[chroma]'") from error
        settings = Settings(anonymized_telemetry=False)
        if self._client is None:
            self._client = chromadb.PersistentClient(path=str(self._folder), settings=settings)
        names = [collection.name for collection in self._client.list_collections()]
        if anew and _COLLECTION in names:
            self._client.delete_collection(_COLLECTION)
        # Vectors are always handed over; without an embedding function Chroma can't ask the network for one.
        self._collection = self._client.get_or_create_collection(
            _COLLECTION, embedding_function=None, configuration={"hnsw": {"space": "cosine"}}
        )
        self._copied = int((self._collection.metadata or {}).get("copied", 0))

    def _drop(self, agent: str) -> None:
        if self._collection is None:
            if not self._folder.exists():
                return
            try:
                self._open()
            except ModuleNotFoundError:
                shutil.rmtree(self._folder)  # without Chroma nobody can read it, and it can be made anew
                return
        self._collection.delete(where={"agent": agent})

    def _add(self, page: Page) -> None:
        self._collection.upsert(
            ids=[f"{memory.agent}/{memory.id}" for memory in page.memories],
            embeddings=_floats(page.vectors),
            documents=[memory.text for memory in page.memories],
            metadatas=[_metadata(memory) for memory in page.memories],
        )
        self._collection.modify(metadata={"copied": page.last})

    def _nearest(self, vector: FixedPoint, k: int, kinds: Sequence[str] | None) -> list[Recollection]:
        found = self._collection.query(
            query_embeddings=_floats(vector),
            n_results=k,
            where={"kind": {"$in": list(kinds)}} if kinds else None,
            include=["documents", "metadatas", "distances"],
        )
        rows = zip(found["documents"][0], found["metadatas"][0], found["distances"][0], strict=True)
        recalled = [_recollection(text, metadata, distance) for text, metadata, distance in rows]
        return sorted(recalled, key=lambda one: (-one.ranked.score, -one.memory.born, one.memory.agent, one.memory.id))


def _floats(vectors: FixedPoint) -> Any:
    return vectors.astype(np.float32) / SCALE


def _metadata(memory: Memory) -> dict[str, str | int]:
    return {
        "agent": memory.agent,
        "id": memory.id,
        "kind": memory.kind,
        "importance": memory.importance,
        "born": memory.born,
        "evidence": _SEPARATOR.join(memory.evidence),
    }


def _recollection(text: str, metadata: dict[str, Any], distance: float) -> Recollection:
    evidence = tuple(filter(None, metadata["evidence"].split(_SEPARATOR)))
    born = metadata["born"]
    memory = Memory(metadata["agent"], metadata["id"], metadata["kind"], text, metadata["importance"], born, born, evidence)
    near = round(min(max(1.0 - distance, 0.0), 1.0), 6)
    return Recollection(memory, Ranked(row=0, score=near, recency=0.0, importance=0.0, relevance=near))
