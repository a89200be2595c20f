"""What comes to somebody's mind: the memory service's recall, over a table of memories."""

from functools import lru_cache
from typing import Any

import polars as pl

from mqttown_memory.embedding import WordLlama
from mqttown_memory.stream import Memory, Stream

__all__ = ["best_memories", "best_memory"]


def best_memory(memories: pl.DataFrame, query: str, tick: int) -> dict[str, Any] | None:
    """The memory that scores best for some words; None if there is none. See `best_memories`."""
    return next(iter(best_memories(memories, query, tick, 1)), None)


def best_memories(memories: pl.DataFrame, query: str, tick: int, k: int) -> list[dict[str, Any]]:
    """The memories that score best for some words, best first; recalling them leaves no trace.

    Args:
        memories: of one agent, rows of the table of that name.
        query: in words.
        tick: now.
        k: how many at most.

    Returns:
        `text` and `evidence` of each.
    """
    if memories.is_empty():
        return []
    embedding = _embedding()
    stream = Stream(memories["agent"][0], embedding.dimensions)
    kept = [
        Memory(
            row["agent"], row["id"], row["kind"], row["text"], row["importance"], row["tick"], row["tick"], tuple(row["evidence"])
        )
        for row in memories.iter_rows(named=True)
    ]
    stream.extend(kept, embedding.embed([memory.text for memory in kept]))
    found = stream.recall(embedding.embed([query])[0], tick, k, access=False)
    return [{"text": one.memory.text, "evidence": list(one.memory.evidence)} for one in found]


@lru_cache(maxsize=1)
def _embedding() -> WordLlama:
    return WordLlama()
