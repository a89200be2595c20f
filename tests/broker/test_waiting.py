"""Who is let in first when a whole town comes back at once."""

import asyncio
from types import SimpleNamespace

import pytest

from mqttown_broker import waiting
from mqttown_broker.waiting import Waiting


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the time is to the line; its only entry may be changed."""
    now = [0.0]
    monkeypatch.setattr(waiting, "time", SimpleNamespace(monotonic=lambda: now[0]))
    return now


async def test_services_come_first_in_turn_and_then_who_came_last(clock: list[float]) -> None:
    line = Waiting[str](5.0)
    for name in ("mira", "otto"):
        line.add(name, first=False)
    for name in ("orchestrator", "host-1"):
        line.add(name, first=True)
    assert [await line.next() for _ in range(4)] == ["orchestrator", "host-1", "otto", "mira"]
    assert line.late == 0


async def test_whom_the_server_has_refused_meanwhile_is_left_out(clock: list[float]) -> None:
    line = Waiting[str](5.0)
    for name in ("mira", "otto", "saga"):
        line.add(name, first=False)
    line.add("orchestrator", first=True)
    clock[0] = 4.0
    line.add("aino", first=False)
    clock[0] = 6.0
    assert [await line.next() for _ in range(2)] == ["orchestrator", "aino"]
    line.add("mira", first=False)
    assert await line.next() == "mira", "who comes again is answered"
    assert line.late == 0, "nobody has looked behind them yet"
    next_one = asyncio.create_task(line.next())
    await asyncio.sleep(0)
    assert line.late == 3
    line.add("otto", first=False)
    assert await next_one == "otto"
