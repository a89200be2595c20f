from pathlib import Path
from typing import Any

import asyncpg
import pytest

from mqttown_memory.archive import Archive
from mqttown_memory.chroma import TownSearch
from mqttown_memory.stream import Memory
from mqttown_memory.table import Table

pytest.importorskip("chromadb", reason="the extra `chroma` is not installed")


def memory(agent: str, number: int, text: str, kind: str = "observation") -> Memory:
    return Memory(agent, f"m-{number}", kind, text, 500, number, number, ("e-1-0",))


async def test_search_across_the_town_and_rebuilding_it(pool: asyncpg.Pool, word_count: Any, tmp_path: Path) -> None:
    table = Table(pool, word_count)
    await table.open()
    archive = Archive(table, word_count, 2**20)
    await archive.store([memory("aino", 1, "bread"), memory("otto", 2, "a boat"), memory("leena", 3, "music", "note")])
    search = TownSearch(tmp_path / "chroma", table, word_count)
    assert [(one.memory.agent, one.memory.text, one.ranked.score) for one in await search.search("boat", 1)] == [
        ("otto", "a boat", 1.0)
    ]
    await archive.store([memory("veikko", 4, "boat and boat")])
    assert {one.memory.agent for one in await search.search("boat", 2)} == {"otto", "veikko"}
    await archive.store([memory("mira", 5, "a boat of hers")])
    await search.search("boat", 1)
    await archive.forget("mira")
    await TownSearch(tmp_path / "chroma", table, word_count).forget("mira")  # as after a restart, when nobody has searched yet
    assert {one.memory.agent for one in await search.search("boat", 9)} == {"aino", "otto", "leena", "veikko"}
    assert [one.memory.agent for one in await search.search("boat", 9, ["note"])] == ["leena"]
    await pool.execute("DELETE FROM memory.memories WHERE agent = 'otto'")
    assert await search.rebuild() == 3
    assert [one.memory.agent for one in await search.search("boat", 1)] == ["veikko"]
