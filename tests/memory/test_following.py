import asyncio
from collections.abc import Callable
from typing import Any

import asyncpg
import pytest

from mqttown_contract.events import Event
from mqttown_memory.archive import Archive, Question
from mqttown_memory.following import Follower
from mqttown_memory.journal import Journal
from mqttown_memory.names import Names
from mqttown_memory.stream import Memory
from mqttown_memory.table import Table

EVERYTHING = Question(k=10_000, access=False)


@pytest.fixture
def follow(pool: asyncpg.Pool, word_count: Any, tiny_town: Any) -> Callable[..., object]:
    """Starts a follower as a fresh process would."""

    async def start(**settings: Any) -> tuple[Follower, Archive]:
        table = Table(pool, word_count)
        progress = await table.open()
        archive = Archive(table, word_count, 2**24)
        return Follower(Journal(pool), archive, Names.of_town(tiny_town), progress, **settings), archive

    return start


async def of(archive: Archive, agent: str) -> list[Memory]:
    page = await archive.table.load(agent)
    return page.memories


async def test_each_witness_remembers_and_nobody_else(journal: Any, follow: Any, said: Any) -> None:
    await journal.commit(
        said(3, 0, "otto", "The rain stops.", "aino", to=["aino"]), Event("e-3-1", "paid", 3, witnesses=["aino"], data={})
    )
    follower, archive = await follow()
    await follower.catch_up()
    assert [(one.id, one.kind, one.text, one.evidence) for one in await of(archive, "aino")] == [
        ("m-e-3-0", "message", 'Otto Laine said to me: "The rain stops."', ("e-3-0",))
    ]
    assert [one.kind for one in await of(archive, "otto")] == ["observation"]
    assert await of(archive, "leena") == []


async def test_a_restart_goes_on_where_it_stopped(journal: Any, follow: Any, said: Any) -> None:
    await journal.commit(said(1, 0, "otto", "one", "aino"))
    follower, _ = await follow()
    await follower.catch_up()
    await journal.commit(said(2, 0, "otto", "two", "aino"), said(2, 1, "otto", "three", "aino"))
    await journal.commit(said(500, 0, "otto", "four", "aino"))
    follower, archive = await follow()
    assert follower.stored_tick == 1
    await follower.catch_up()
    assert [one.born for one in await of(archive, "aino")] == [1, 2, 2, 500]
    assert follower.stored_tick == 500


async def test_waiting_for_a_tick_reads_the_journal_even_without_a_clock(journal: Any, follow: Any, said: Any) -> None:
    follower, archive = await follow()
    running = asyncio.create_task(follower.run())
    waiting = asyncio.create_task(follower.wait_for(7, patience=10))
    await journal.commit(said(7, 0, "otto", "boat", "aino"))
    assert await waiting
    assert len(await of(archive, "aino")) == 1
    follower.ring(clock_tick=9)
    assert await follower.wait_for(9, patience=10)
    assert not await follower.wait_for(10, patience=0.01)
    running.cancel()


async def test_it_reflects_when_enough_has_mattered(journal: Any, follow: Any, said: Any) -> None:
    # 200 + 150 (to me) + 150 (festival invites: "invite") + 50 (asks) + 10 (41 letters) = 560 each; 27 x 560 = 15,120.
    words = "Shall I invite you to the festival, Aino?"
    await journal.commit(*(said(tick, 0, "otto", words, "aino", to=["aino"]) for tick in range(1, 30)))
    follower, archive = await follow()
    await follower.catch_up()
    reflections = [one for one in await of(archive, "aino") if one.kind == "reflection"]
    assert [(one.id, one.born) for one in reflections] == [("r-27-0", 27), ("r-27-1", 27), ("r-27-2", 27)]
    known = {one.id for one in await of(archive, "aino")}
    assert all(one.evidence and known.issuperset(one.evidence) for one in reflections)
    assert (await archive.table.open()).since_reflection["aino"] == 2 * 560


async def test_reflections_do_not_depend_on_how_the_journal_was_read(
    journal: Any, follow: Any, said: Any, pool: asyncpg.Pool
) -> None:
    events = [
        said(tick, n, "otto", f"Meet me at the party, will you? {tick}", "aino", "leena", to=["aino"])
        for tick in range(60)
        for n in range(2)
    ]
    follower, archive = await follow()
    for tick in range(60):
        await journal.commit(*(event for event in events if event.tick == tick))
        await follower.catch_up()
    piecemeal = [await of(archive, agent) for agent in ("aino", "leena", "otto")]
    await pool.execute("DROP SCHEMA memory CASCADE")
    follower, archive = await follow()
    await follower.catch_up()
    assert [await of(archive, agent) for agent in ("aino", "leena", "otto")] == piecemeal
    assert any(one.kind == "reflection" for one in piecemeal[0])


async def test_remembering_can_be_switched_off(journal: Any, follow: Any, said: Any) -> None:
    await journal.commit(said(1, 0, "otto", "rain", "aino", "leena"))
    follower, archive = await follow(forgetful={"aino"})
    await follower.catch_up()
    assert [len(await of(archive, agent)) for agent in ("otto", "aino", "leena")] == [1, 0, 1]
    await journal.commit(said(2, 0, "otto", "rain", "aino", "leena"))
    follower, archive = await follow(remember=False)
    await follower.catch_up()
    assert len(await of(archive, "leena")) == 1
    assert follower.stored_tick == 2


async def test_a_newcomer_is_called_by_name(journal: Any, follow: Any, said: Any) -> None:
    registered = Event("e-1-0", "registered", 1, agent="mira", witnesses=["mira"], data={"name": "Mira Wanderer", "home": None})
    await journal.commit(registered, said(1, 1, "mira", "bread", "aino"))
    follower, archive = await follow()
    await follower.catch_up()
    assert [one.text for one in await of(archive, "aino")] == ['Mira Wanderer said: "bread"']
