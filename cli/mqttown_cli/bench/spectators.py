"""`mqttown bench spectators`: a town at its pace, watched by nobody and then by many, in one run."""

import asyncio
import statistics
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import pairwise
from multiprocessing.connection import Connection
from typing import Any, Final, cast

import uvloop

from mqttown_cli.bench import packets
from mqttown_cli.bench.apart import Apart
from mqttown_cli.bench.loop import live
from mqttown_cli.bench.stage import TOWN, Stage, Tell, cpu_seconds, percentile, resident_kib
from mqttown_contract import topics

__all__ = ["bench_spectators"]

SPEED: Final = 60
"""Town seconds a second: a tick a second."""
WARM_UP_TICKS: Final = 10
CONNECTS_AT_ONCE: Final = 50
KEEP_ALIVE_SECONDS: Final = 600
WORD_SECONDS: Final = 300.0


def bench_spectators(agents: int, spectators: int, ticks: int, tell: Tell) -> dict[str, Any]:
    """Measure the town at a tick a second, first without and then with spectators.

    Args:
        agents: connected, observed, acting and answered in every tick.
        spectators: anonymous connections; each watches the clock and one place where somebody is, its state and its events.
        ticks: measured without, and as many with.
        tell: called with a line of progress.

    Returns:
        cpu_s_per_tick by process, `without` and `with` spectators; tick_p99_ms of both; delivered_per_second to spectators;
        kib_a_spectator (memory of the broker).
    """
    return uvloop.run(_bench(agents, spectators, ticks, tell))


async def _bench(agents: int, spectators: int, ticks: int, tell: Tell) -> dict[str, Any]:
    async with AsyncExitStack() as stack:
        stage = await stack.enter_async_context(Stage.set_up(agents, tell))
        crowd = await stage.register()
        tell(f"connecting {agents} agents")
        gathering = stack.enter_context(Apart(live, stage.port, crowd, "brief"))
        stage.pids["crowd"] = gathering.pid
        await gathering.said("connected")
        await stage.command(("speed", {"speed": SPEED}))
        await stage.reach(await stage.tick() + WARM_UP_TICKS)
        tell(f"measuring {ticks} ticks without spectators")
        without = await _measure(stage, ticks)
        resident = resident_kib(stage.pids["gate"])
        places = await stage.database.fetch(
            "SELECT DISTINCT district, building FROM town.events WHERE building IS NOT NULL ORDER BY district, building"
        )
        tell(f"connecting {spectators} spectators")
        spots = [(row["district"], row["building"]) for row in places]
        watchers = stack.enter_context(Apart(_watch, stage.port, spots, spectators))
        stage.pids["spectators"] = watchers.pid
        await watchers.said("connected", WORD_SECONDS)
        grown = resident_kib(stage.pids["gate"]) - resident
        await stage.reach(await stage.tick() + WARM_UP_TICKS)
        watchers.tell("how much")
        began, heard = time.monotonic(), await watchers.said("heard", WORD_SECONDS)
        tell(f"measuring {ticks} ticks with spectators")
        watched = await _measure(stage, ticks)
        watchers.tell("how much")
        heard = await watchers.said("heard", WORD_SECONDS) - heard
        return {
            "name": "spectators",
            "agents": agents,
            "spectators": spectators,
            "without": without.told,
            "with": watched.told,
            "orchestrator_cpu_added_percent": round(100 * (watched.of("orchestrator") / without.of("orchestrator") - 1), 1),
            "delivered_per_second": round(heard / (time.monotonic() - began)),
            "kib_a_spectator": round(grown / spectators, 1),
            "settings": {"ticks": ticks, "speed": SPEED, "watched": "clock, and events and state of one place each"},
        }


@dataclass(frozen=True)
class _Measured:
    """Processor seconds a tick by process, and how long ticks were in the orchestrator."""

    told: dict[str, Any]

    def of(self, process: str) -> float:
        return float(self.told["cpu_s_per_tick"][process])


async def _measure(stage: Stage, ticks: int) -> _Measured:
    before, first = cpu_seconds(stage.pids), await stage.tick()
    last = await stage.reach(first + ticks)
    after = cpu_seconds(stage.pids)
    rows = await stage.database.fetch("SELECT wall FROM town.ticks WHERE tick BETWEEN $1 AND $2 ORDER BY tick", first, last)
    lengths = sorted((later["wall"] - earlier["wall"]).total_seconds() for earlier, later in pairwise(rows))
    cpu = {name: round((after[name] - before[name]) / (last - first), 4) for name in before}
    return _Measured(
        {"cpu_s_per_tick": cpu, "period_median_s": round(statistics.median(lengths), 3), "period_p99_s": percentile(lengths, 0.99)}
    )


def _watch(pipe: Connection, port: int, places: list[tuple[str, str]], spectators: int) -> None:
    uvloop.run(_sit(pipe, port, places, spectators))


async def _sit(pipe: Connection, port: int, places: list[tuple[str, str]], spectators: int) -> None:
    loop = asyncio.get_running_loop()
    turnstile = asyncio.Semaphore(CONNECTS_AT_ONCE)
    seats = [_Spectator(f"watcher-{number}", places[number % len(places)]) for number in range(spectators)]

    async def enter(seat: "_Spectator") -> None:
        async with turnstile:
            await loop.create_connection(lambda: seat, "127.0.0.1", port)
            await seat.seated

    async with asyncio.TaskGroup() as group:
        for seat in seats:
            group.create_task(enter(seat))
    pipe.send(("connected", len(seats)))
    while True:
        await asyncio.to_thread(pipe.recv)
        pipe.send(("heard", sum(seat.heard for seat in seats)))


class _Spectator(asyncio.Protocol):
    """One anonymous connection that counts what it hears."""

    def __init__(self, name: str, place: tuple[str, str]) -> None:
        self.heard = 0
        self.seated: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._name, self._place = name, place
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(packets.connect(self._name, None, KEEP_ALIVE_SECONDS))

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.seated.done():
            self.seated.set_exception(exc or ConnectionError(f"{self._name} was refused"))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (frame := packets.take(self._buffer)) is not None:
            kind = frame[0] & 0xF0
            if kind == packets.PUBLISH:
                self.heard += 1
            elif kind == packets.CONNACK and self._transport is not None:
                place = (topics.building(TOWN, *self._place, channel) for channel in ("events", "state"))
                self._transport.write(packets.subscribe(topics.world(TOWN, "clock"), *place))
            elif kind == packets.SUBACK:
                self.seated.set_result(None)
