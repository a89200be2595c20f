"""The memory stream of one agent: what it remembers, in the order of storing, as columns ready to be scored."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mqttown_memory.embedding import FixedPoint
from mqttown_memory.recall import Candidates, Ranked, rank, relevance

__all__ = ["KINDS", "Memory", "Recollection", "Stream"]

KINDS: Final = ("observation", "message", "reflection", "note", "plan")
_NUMBER_OF_KIND: Final = {kind: number for number, kind in enumerate(KINDS)}
_ROW_BYTES: Final = 600
"""What a row costs beside its vector and the letters of its text, measured: objects, ids, columns."""


@dataclass(frozen=True, slots=True)
class Memory:
    """One thing that one agent remembers.

    Attributes:
        agent: whose memory.
        id: `m-{event}` of something witnessed, `n-{request}` of something noted, `r-{tick}-{n}` of a reflection; unique per agent.
        kind: one of `KINDS`.
        text: a sentence in the agent's own words.
        importance: permille.
        born: tick at which it was witnessed, noted or thought.
        last_access: tick at which it was last recalled when it was read from the table; `born` before that.
        evidence: ids of the events or memories it rests on.
        actor: the other agent it is about, if any.
        place: the building it happened in, if any.
    """

    agent: str
    id: str
    kind: str
    text: str
    importance: int
    born: int
    last_access: int
    evidence: tuple[str, ...] = ()
    actor: str | None = None
    place: str | None = None


@dataclass(frozen=True, slots=True)
class Recollection:
    """A memory that was recalled, with its score."""

    memory: Memory
    ranked: Ranked


class Stream:
    """All memories of one agent, in memory.

    Args:
        agent: whose.
        dimensions: length of a vector.
    """

    def __init__(self, agent: str, dimensions: int) -> None:
        self.agent = agent
        self.size_bytes = 0
        self._memories: list[Memory] = []
        self._known: set[str] = set()
        self._born = np.zeros(0, np.int64)
        self._last_access = np.zeros(0, np.int64)
        self._importance = np.zeros(0, np.int64)
        self._kind = np.zeros(0, np.uint8)
        self._vectors = np.zeros((0, dimensions), np.float32)

    def __len__(self) -> int:
        """How many memories."""
        return len(self._memories)

    def extend(self, memories: Sequence[Memory], vectors: FixedPoint) -> None:
        """Add memories; one whose id is known already is left out.

        Args:
            memories: in the order of storing.
            vectors: a row for each.
        """
        fresh: dict[str, int] = {}
        for row, memory in enumerate(memories):
            if memory.id not in self._known:
                fresh.setdefault(memory.id, row)
        rows = list(fresh.values())
        added = [memories[row] for row in rows]
        first, after = len(self._memories), len(self._memories) + len(rows)
        self._reserve(after)
        self._born[first:after] = [memory.born for memory in added]
        self._last_access[first:after] = [memory.last_access for memory in added]
        self._importance[first:after] = [memory.importance for memory in added]
        self._kind[first:after] = [_NUMBER_OF_KIND[memory.kind] for memory in added]
        self._vectors[first:after] = vectors[rows] if len(rows) < len(vectors) else vectors
        self._memories.extend(added)
        self._known.update(fresh)
        self.size_bytes += sum(_ROW_BYTES + len(memory.text) for memory in added)

    def recall(
        self, query: npt.NDArray[np.int16] | None, now: int, k: int, kinds: Sequence[str] | None = None, *, access: bool = True
    ) -> list[Recollection]:
        """The k best memories, best first.

        Args:
            query: a fixed-point vector; without it relevance is the same for all.
            now: tick.
            k: how many at most.
            kinds: only these of `KINDS`; all without it.
            access: whether those returned count as accessed now.
        """
        rows = self._rows_of(kinds)
        born = self._born[rows]
        vectors = self._vectors[rows]
        near = np.zeros(len(born)) if query is None else relevance(vectors, query.astype(np.float32))
        original = np.arange(len(self._memories))[rows] if kinds is not None else None

        def row_of(candidate: int) -> int:
            return candidate if original is None else int(original[candidate])

        candidates = Candidates(
            born=born,
            last_access=self._last_access[rows],
            importance=self._importance[rows],
            relevance=near,
            identify=lambda candidate: self._memories[row_of(candidate)].id,
        )
        found = []
        for ranked in rank(candidates, now, k):
            row = row_of(ranked.row)
            if access:
                self._last_access[row] = max(self._last_access[row], now)
            found.append(Recollection(self._memories[row], ranked))
        return found

    def _rows_of(self, kinds: Sequence[str] | None) -> Any:
        """An index into the columns: a view of all rows, or the rows of some kinds."""
        every = slice(0, len(self._memories))
        if kinds is None:
            return every
        return np.flatnonzero(np.isin(self._kind[every], [_NUMBER_OF_KIND[kind] for kind in kinds]))

    def _reserve(self, rows: int) -> None:
        """Make room; an eighth more than needed, so that adding one by one stays cheap and little is left empty."""
        if rows <= len(self._born):
            return
        room = rows + rows // 8 if len(self._born) else rows
        self.size_bytes += (room - len(self._born)) * self._vectors.shape[1] * self._vectors.itemsize
        self._born = _longer(self._born, room)
        self._last_access = _longer(self._last_access, room)
        self._importance = _longer(self._importance, room)
        self._kind = _longer(self._kind, room)
        self._vectors = _longer(self._vectors, room)


def _longer(column: npt.NDArray[Any], rows: int) -> npt.NDArray[Any]:
    longer = np.zeros((rows, *column.shape[1:]), column.dtype)
    longer[: len(column)] = column
    return longer
