"""What comes to somebody's mind: the memory service's recall, over a table of memories."""

from functools import lru_cache
from typing import Any

import polars as pl

from mqttown_memory.embedding import WordLlama
from mqttown_memory.stream import Memory, Stream

__all__ = ["best_memory"]


def best_memory(memories: pl.DataFrame, query: str, tick: int) -> dict[str, Any] | None:
    """The memory that scores best for some words; recalling it leaves no trace.

    Args:
        memories: of one agent, rows of the table of that name.
        query: in words.
        tick: now.

    Returns:
        Its `text` and `evidence`; None if there is none.
    """
    if memories.is_empty():
        return None
    embedding = _embedding()
    stream = Stream(memories["agent"][0], embedding.dimensions)
    kept = [
        Memory(
            row["agent"], row["id"], row["kind"], row["text"], row["importance"], row["tick"], row["tick"], tuple(row["evidence"])
        )
        for row in memories.iter_rows(named=True)
    ]
    stream.extend(kept, embedding.embed([memory.text for memory in kept]))
    best = stream.recall(embedding.embed([query])[0], tick, 1, access=False)[0].memory
    return {"text": best.text, "evidence": list(best.evidence)}


@lru_cache(maxsize=1)
def _embedding() -> WordLlama:
    return WordLlama()
