"""`mqttown bench connections`: more connected agents than one server may hold, of whom a few act each second."""

import asyncio
import statistics
import time
from contextlib import AsyncExitStack
from itertools import pairwise
from multiprocessing.connection import Connection
from typing import Any, Final

import uvloop

from mqttown_cli.bench.apart import Apart
from mqttown_cli.bench.crowd import Agent, Crowd, Measured
from mqttown_cli.bench.stage import TOWN, Stage, Tell, cpu_seconds, percentile, resident_kib

__all__ = ["bench_connections"]

SPEED: Final = 60
"""Town seconds a second: a tick a second."""
CALM_SECONDS: Final = 900
"""So long everybody may take to come in, and the town to calm down then."""
UNANSWERED: Final = 500
"""So many of one crowd may have said hello and not been observed yet."""


def bench_connections(agents: int, servers: int, minutes: float, share: float, tell: Tell) -> dict[str, Any]:
    """Connect agents to a cluster, let some of them act each second, and hold that.

    Each server has its own crowd in a process of its own, since a process may open only so many files. The town goes at a tick a
    second if it can. An agent acts on what it has observed last, with the mix of the crowd; it is observed whenever there is news.

    Args:
        agents: connections, spread over the servers.
        servers: of the NATS cluster.
        minutes: how long it is held.
        share: of all agents that act each second.
        tell: called with a line of progress.

    Returns:
        connected, and lost while held; kib_a_connection (of the broker's memory); tick_median_s and tick_p99_s from one tick to
        the next (a second is asked for); verdict_median_ms and verdict_p99_ms from sending to the answer; acted and answered;
        codes; observations; cpu_s_per_s and rss_mib by process.
    """
    return uvloop.run(_bench(agents, servers, minutes, share, tell))


async def _bench(agents: int, servers: int, minutes: float, share: float, tell: Tell) -> dict[str, Any]:
    async with AsyncExitStack() as stack:
        stage = await stack.enter_async_context(Stage.set_up(agents, tell, lockstep=False, servers=servers))
        await stage.command(("speed", {"speed": SPEED}))
        tell(f"registering {agents} agents")
        began = time.monotonic()
        everybody = await stage.register()
        registered = time.monotonic()
        empty = resident_kib(stage.pids["gate"])
        shares = [everybody[number::servers] for number in range(servers)]
        crowds = [stack.enter_context(Apart(_live, port, some, share)) for port, some in zip(stage.ports, shares, strict=True)]
        stage.pids |= {f"crowd-{number + 1}": crowd.pid for number, crowd in enumerate(crowds)}
        connected = 0
        for number, crowd in enumerate(crowds):
            tell(f"connecting {len(shares[number])} agents to server {number + 1} of {servers}")
            crowd.tell("connect")
            connected += await crowd.said("connected")
        entered = time.monotonic()
        tell("everybody says hello")
        for crowd in crowds:
            crowd.tell("greet")
        greeted = sum(await asyncio.gather(*(crowd.said("greeted") for crowd in crowds)))
        tell(f"{greeted} have been observed; holding {connected} connections for {minutes:g} min")
        return {
            "name": "connections",
            "agents": agents,
            "servers": servers,
            "connected": connected,
            "greeted": greeted,
            "register_per_second": round(agents / (registered - began)),
            "connect_per_second": round(connected / (entered - registered)),
            "greet_per_second": round(greeted / (time.monotonic() - entered)),
            "kib_a_connection": round((resident_kib(stage.pids["gate"]) - empty) / connected, 1),
            **await _hold(stage, crowds, 60 * minutes, tell),
            "settings": {"minutes": minutes, "share": share, "speed": SPEED, "detail": "brief"},
        }


async def _hold(stage: Stage, crowds: list[Apart], seconds: float, tell: Tell) -> dict[str, Any]:
    for crowd in crowds:
        crowd.tell("live")
    before, first, began = cpu_seconds(stage.pids), await stage.tick(), time.monotonic()
    while (left := began + seconds - time.monotonic()) > 0:
        await asyncio.sleep(min(60, left))
        tell(f"{time.monotonic() - began:.0f} of {seconds:.0f} s, tick {await stage.tick() - first}")
    held = time.monotonic() - began
    cpu = {name: used - before[name] for name, used in cpu_seconds(stage.pids).items()}
    memory = {name: round(resident_kib(pid) / 1024) for name, pid in stage.pids.items()}
    for crowd in crowds:
        crowd.tell("stop")
    told: list[tuple[Measured, int]] = [await crowd.said("measured") for crowd in crowds]
    rows = await stage.database.fetch("SELECT wall FROM town.ticks WHERE tick > $1 ORDER BY tick", first)
    periods = sorted((later["wall"] - earlier["wall"]).total_seconds() for earlier, later in pairwise(rows))
    return {
        "lost": sum(lost for _, lost in told),
        "ticks": len(rows),
        "tick_median_s": round(statistics.median(periods), 3),
        "tick_p99_s": round(percentile(periods, 0.99), 3),
        **_answers([measured for measured, _ in told]),
        "cpu_s_per_s": {name: round(used / held, 3) for name, used in cpu.items()},
        "rss_mib": memory,
    }


def _answers(told: list[Measured]) -> dict[str, Any]:
    waits = sorted(wait for measured in told for wait, _, _ in measured.answers)
    codes: dict[str, int] = {}
    for measured in told:
        for code, times in measured.codes.items():
            codes[code] = codes.get(code, 0) + times
    return {
        "acted": sum(sum(measured.actions.values()) for measured in told),
        "answered": len(waits),
        "codes": dict(sorted(codes.items())),
        "verdict_median_ms": round(1000 * statistics.median(waits), 1) if waits else None,
        "verdict_p99_ms": round(1000 * percentile(waits, 0.99), 1) if waits else None,
        "observations": sum(measured.observations for measured in told),
    }


def _live(pipe: Connection, port: int, agents: list[Agent], share: float) -> None:
    uvloop.run(_crowd(pipe, port, agents, share))


async def _crowd(pipe: Connection, port: int, agents: list[Agent], share: float) -> None:
    crowd = Crowd("127.0.0.1", port, TOWN, agents, detail="brief", lockstep=False)
    crowd.keeping = True
    await _heard(pipe, "connect")
    await crowd.connect(lambda _: None)
    pipe.send(("connected", len(agents)))
    await _heard(pipe, "greet")
    pipe.send(("greeted", await _greet(crowd, len(agents))))
    await _heard(pipe, "live")
    crowd.measured = Measured()
    acting = asyncio.create_task(_act(crowd, len(agents) * share))
    await _heard(pipe, "stop")
    acting.cancel()
    pipe.send(("measured", (crowd.measured, crowd.lost)))
    await _heard(pipe, "end")


async def _greet(crowd: Crowd, agents: int) -> int:
    """Everybody says hello, not faster than they are answered; returns how many were observed."""
    deadline, greeted, turns = time.monotonic() + CALM_SECONDS, 0, crowd.greet_in_turn()
    while (observed := crowd.measured.observations) < agents and time.monotonic() < deadline:
        while greeted < min(agents, observed + UNANSWERED):
            greeted = next(turns)
        await asyncio.sleep(0.02)
    return min(crowd.measured.observations, agents)


async def _act(crowd: Crowd, a_second: float) -> None:
    began, acted = time.monotonic(), 0
    while True:
        due = int((time.monotonic() - began) * a_second) - acted
        crowd.prompt(due)
        acted += due
        await asyncio.sleep(0.05)


async def _heard(pipe: Connection, word: str) -> None:
    told = await asyncio.to_thread(pipe.recv)  # however long it is held
    if told != word:
        raise RuntimeError(f"the crowd was told {told}, not {word}")
