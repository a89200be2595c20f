"""Exact search in process: the streams of the agents that were asked last, within a bound of bytes."""

from collections import OrderedDict
from collections.abc import Sequence

import numpy as np

from mqttown_memory.embedding import FixedPoint
from mqttown_memory.stream import Memory, Stream
from mqttown_memory.table import Page

__all__ = ["Index"]


class Index:
    """Streams by agent; the one that was asked longest ago goes first.

    Args:
        dimensions: length of a vector.
        limit_bytes: room for streams; the latest one stays even if it alone is larger.
    """

    def __init__(self, dimensions: int, limit_bytes: int) -> None:
        self._dimensions = dimensions
        self._limit_bytes = limit_bytes
        self._streams: OrderedDict[str, Stream] = OrderedDict()

    @property
    def size_bytes(self) -> int:
        """What all streams take, about."""
        return sum(stream.size_bytes for stream in self._streams.values())

    def get(self, agent: str) -> Stream | None:
        """An agent's stream if it is here."""
        if agent in self._streams:
            self._streams.move_to_end(agent)
        return self._streams.get(agent)

    def put(self, agent: str, page: Page) -> Stream:
        """Take in all memories of an agent; others may have to go."""
        stream = Stream(agent, self._dimensions)
        stream.extend(page.memories, page.vectors)
        self._streams[agent] = stream
        self._streams.move_to_end(agent)
        self._shrink()
        return stream

    def drop(self, agent: str) -> None:
        """Let go of an agent's stream."""
        self._streams.pop(agent, None)

    def extend(self, memories: Sequence[Memory], vectors: FixedPoint) -> None:
        """Add stored memories to the streams that are here; the others will find them in the table."""
        rows: dict[str, list[int]] = {}
        for row, memory in enumerate(memories):
            if memory.agent in self._streams:
                rows.setdefault(memory.agent, []).append(row)
        for agent, of_agent in rows.items():
            self._streams[agent].extend([memories[row] for row in of_agent], vectors[np.array(of_agent)])
        self._shrink()

    def _shrink(self) -> None:
        while len(self._streams) > 1 and self.size_bytes > self._limit_bytes:
            self._streams.popitem(last=False)
