from typing import Any

import asyncpg
import numpy as np
import pytest

from mqttown_memory.archive import Archive, Question
from mqttown_memory.stream import Memory
from mqttown_memory.table import EmbeddingChangedError, Table


def memory(agent: str, number: int, text: str = "rain", born: int = 0) -> Memory:
    return Memory(agent, f"n-a b,{{}}{number}", "note", text, 500, born, born, ("e-1-0", "n-with space"), "otto", None)


async def test_what_was_stored_comes_back_whole(pool: asyncpg.Pool, word_count: Any) -> None:
    table = Table(pool, word_count)
    assert (await table.open()).stored_tick == -1
    memories = [memory("mira", n, "bread and rain") for n in range(3)]
    vectors = word_count.embed([one.text for one in memories])
    await table.store(
        [*memories, memory("otto", 1)], np.concatenate([vectors, vectors[:1]]), stored_tick=7, since_reflection={"mira": 90}
    )
    page = await table.load("mira")
    assert page.memories == memories
    assert np.array_equal(page.vectors, vectors)
    progress = await table.open()
    assert (progress.stored_tick, progress.since_reflection) == (7, {"mira": 90})


async def test_the_same_id_is_kept_as_it_was(pool: asyncpg.Pool, word_count: Any) -> None:
    table = Table(pool, word_count)
    await table.open()
    await table.store([memory("mira", 1, "rain")], word_count.embed(["rain"]))
    await table.store([memory("mira", 1, "bread"), memory("mira", 2, "boat")], word_count.embed(["bread", "boat"]))
    assert [one.text for one in (await table.load("mira")).memories] == ["rain", "boat"]


async def test_vectors_of_another_model_are_refused(pool: asyncpg.Pool, word_count: Any) -> None:
    await Table(pool, word_count).open()
    word_count.name = "another"
    with pytest.raises(EmbeddingChangedError, match="test/word-count"):
        await Table(pool, word_count).open()


async def test_last_access_outlives_the_process_and_leaving_the_index(pool: asyncpg.Pool, word_count: Any) -> None:
    table = Table(pool, word_count)
    await table.open()
    archive = Archive(table, word_count, limit_bytes=1)
    await archive.store([memory("mira", 1, "rain"), memory("mira", 2, "boat"), memory("otto", 1)])
    assert (await archive.recall("mira", Question("rain", k=1), now=600))[0].memory.text == "rain"
    await archive.recall("otto", Question(), now=600)
    again = await archive.recall("mira", Question(k=1), now=600)
    assert (again[0].memory.text, again[0].ranked.recency) == ("rain", 1.0)
    await archive.flush()
    other = Archive(table, word_count, limit_bytes=2**20)
    assert [(one.memory.text, one.memory.last_access) for one in await other.recall("mira", Question(), now=1200)] == [
        ("rain", 600),
        ("boat", 0),
    ]


async def test_a_stored_memory_is_found_at_once(pool: asyncpg.Pool, word_count: Any) -> None:
    table = Table(pool, word_count)
    await table.open()
    archive = Archive(table, word_count, limit_bytes=2**20)
    assert await archive.recall("mira", Question("rain"), now=1) == []
    await archive.store([memory("mira", 1), memory("mira", 1)])
    assert len(await archive.recall("mira", Question("rain"), now=1)) == 1
