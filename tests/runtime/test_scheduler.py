"""The pool of thoughts, in virtual time: bounded, fair, on time, and never an answer to what is old."""

import asyncio
from collections.abc import Awaitable, Coroutine
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mqttown_cli.bench.simulation.virtual import VirtualLoop
from mqttown_runtime.scheduler import Pool, Superseded


def in_virtual_time(work: Coroutine[Any, Any, Any]) -> tuple[Any, float]:
    """Run, and return what came of it and the virtual seconds it took."""
    loop = VirtualLoop(lambda: 0.0)
    try:
        began = loop.time()
        return loop.run_until_complete(work), loop.time() - began
    finally:
        loop.close()


def thinking(seconds: float, answer: Any = None) -> Any:
    async def think() -> Any:
        await asyncio.sleep(seconds)
        return answer

    return think


async def many(pool: Pool, agents: int, rounds: int) -> None:
    async def live(agent: str) -> None:
        for number in range(rounds):
            assert await pool.run(agent, f"{agent}-{number}", thinking(1.0, number), 5.0) == number

    await asyncio.gather(*(live(f"agent-{number}") for number in range(agents)))


def test_two_hundred_agents_share_fifty_places_without_loss() -> None:
    pool = Pool(50)
    _, took = in_virtual_time(many(pool, agents=200, rounds=5))
    assert 200 * 5 / 50 / took >= 0.95
    assert pool.counts.answered == 1000
    assert pool.running == pool.waiting == 0


def test_never_more_than_its_size() -> None:
    pool, most, inside = Pool(3), 0, 0

    async def work() -> None:
        nonlocal most, inside
        inside += 1
        most = max(most, inside)
        await asyncio.sleep(0.1)
        inside -= 1

    async def all_of_them() -> None:
        await asyncio.gather(*(pool.run(f"a{n}", "o", work, 1.0) for n in range(20)))

    in_virtual_time(all_of_them())
    assert most == 3


def test_a_quiet_agent_waits_for_one_round_at_most() -> None:
    pool = Pool(2)

    async def play() -> float:
        async def busy(agent: str) -> None:
            for number in range(100):
                await pool.run(agent, str(number), thinking(1.0), 5.0)

        crowd = [asyncio.ensure_future(busy(f"busy-{n}")) for n in range(10)]
        await asyncio.sleep(30.5)
        began = asyncio.get_running_loop().time()
        await pool.run("quiet", "only", thinking(1.0), 5.0)
        waited = asyncio.get_running_loop().time() - began
        for one in crowd:
            one.cancel()
        await asyncio.gather(*crowd, return_exceptions=True)
        return waited

    waited, _ = in_virtual_time(play())
    assert waited <= 2.0
    assert pool.running == 0


def test_turns_go_round() -> None:
    pool, order = Pool(1), []

    async def work(agent: str) -> None:
        order.append(agent)
        await asyncio.sleep(1.0)

    async def play() -> None:
        async def live(agent: str) -> None:
            for number in range(3):
                await pool.run(agent, str(number), lambda: work(agent), 5.0)

        await asyncio.gather(*(live(agent) for agent in "abc"))

    in_virtual_time(play())
    assert "".join(order) == "abcabcabc"


def test_a_late_answer_to_an_old_observation_is_dropped() -> None:
    pool = Pool(2)

    async def stubborn() -> str:
        try:
            await asyncio.sleep(10.0)
        except asyncio.CancelledError:
            return "an answer all the same"
        return "in time"

    async def play() -> None:
        old = asyncio.ensure_future(pool.run("mira", "o-1", stubborn, 60.0))
        await asyncio.sleep(1.0)
        assert await pool.run("mira", "o-2", thinking(1.0, "new"), 60.0) == "new"
        with pytest.raises(Superseded, match="newer observation than o-1"):
            await old

    in_virtual_time(play())
    assert (pool.counts.answered, pool.counts.superseded, pool.running) == (1, 1, 0)


def test_an_old_observation_that_still_waits_is_never_thought_about() -> None:
    pool, thought_about = Pool(1), []

    async def note(what: str) -> None:
        thought_about.append(what)

    async def play() -> None:
        first = asyncio.ensure_future(pool.run("other", "x", thinking(5.0), 60.0))
        await asyncio.sleep(1.0)
        old = asyncio.ensure_future(pool.run("mira", "o-1", lambda: note("o-1"), 60.0))
        await asyncio.sleep(1.0)
        new = asyncio.ensure_future(pool.run("mira", "o-2", lambda: note("o-2"), 60.0))
        assert [type(end) for end in await asyncio.gather(first, old, new, return_exceptions=True)] == [
            type(None),
            Superseded,
            type(None),
        ]

    in_virtual_time(play())
    assert thought_about == ["o-2"]


def test_the_time_limit_is_of_the_work_alone_and_frees_the_place() -> None:
    pool = Pool(1)

    async def play() -> None:
        slow = asyncio.ensure_future(pool.run("slow", "o", thinking(100.0), 3.0))
        patient = asyncio.ensure_future(pool.run("patient", "o", thinking(2.5, "done"), 3.0))  # waits 3 s, then needs 2.5
        with pytest.raises(TimeoutError, match="slow took longer than 3 s"):
            await slow
        assert await patient == "done"

    _, took = in_virtual_time(play())
    assert took == pytest.approx(5.5)
    assert pool.counts.timed_out == 1


def test_an_error_is_the_callers_and_frees_the_place() -> None:
    pool = Pool(1)

    async def fail() -> None:
        raise OSError("no model there")

    async def play() -> None:
        with pytest.raises(OSError, match="no model there"):
            await pool.run("mira", "o-1", fail, 1.0)
        assert await pool.run("mira", "o-2", thinking(0.1, 7), 1.0) == 7

    in_virtual_time(play())
    assert (pool.counts.failed, pool.counts.answered) == (1, 1)


def test_the_same_observation_twice_is_a_mistake() -> None:
    pool = Pool(1)

    async def play() -> None:
        first = asyncio.ensure_future(pool.run("mira", "o-1", thinking(1.0), 5.0))
        await asyncio.sleep(0.1)
        with pytest.raises(ValueError, match="already"):
            await pool.run("mira", "o-1", thinking(1.0), 5.0)
        await first

    in_virtual_time(play())


def test_a_pool_has_a_place() -> None:
    with pytest.raises(ValueError, match="1 or more"):
        Pool(0)


@given(st.lists(st.tuples(st.integers(0, 4), st.floats(0.0, 3.0), st.floats(0.1, 4.0), st.booleans()), max_size=30))
@settings(max_examples=60, deadline=None)
def test_whatever_comes_no_place_is_lost(calls: list[tuple[int, float, float, bool]]) -> None:
    pool = Pool(2)

    async def one(number: int, agent: int, begins: float, takes: float, gives_up: bool) -> Any:
        await asyncio.sleep(begins)
        run: Awaitable[Any] = pool.run(f"a{agent}", str(number), thinking(takes), 3.0)
        return await (asyncio.wait_for(run, 1.5) if gives_up else run)

    async def play() -> list[Any]:
        return await asyncio.gather(*(one(n, *call) for n, call in enumerate(calls)), return_exceptions=True)

    ends, _ = in_virtual_time(play())
    assert all(end is None or isinstance(end, Superseded | TimeoutError) for end in ends)
    assert pool.running == pool.waiting == 0
