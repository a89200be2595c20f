"""One simulated run, from its seed: a town, its agents, what goes wrong, and what must hold all the same."""

import asyncio
import json
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pydantic import SecretStr
from structlog.testing import capture_logs

from mqttown_cli.bench.checks import problems
from mqttown_cli.bench.history import Decided, Facts, Gift, Operation
from mqttown_cli.bench.simulation.bus import Bus
from mqttown_cli.bench.simulation.faults import FAULTS_END, Faults, Span, away
from mqttown_cli.bench.simulation.instance import Instance
from mqttown_cli.bench.simulation.journal import Disk, MemoryJournal
from mqttown_cli.bench.simulation.registrar import Registrar
from mqttown_cli.bench.simulation.stranger import Stranger
from mqttown_cli.bench.simulation.virtual import VirtualLoop, virtual_clocks
from mqttown_contract import topics
from mqttown_orchestrator import failpoint
from mqttown_orchestrator.founding import found_or_resume
from mqttown_orchestrator.journal import JournalAway
from mqttown_orchestrator.replay import replay
from mqttown_orchestrator.settings import Settings
from mqttown_orchestrator.world.digest import digest
from mqttown_orchestrator.world.genesis import genesis
from mqttown_orchestrator.world.luck import Luck
from mqttown_orchestrator.world.plan import Plan

__all__ = ["Outcome", "simulate"]

_AGENTS: Final = 5
_SPEED: Final = 240.0
"""Town seconds a second: four ticks."""
_REST_SECONDS: Final = 60.0
"""Once nothing fails any more, everybody must have got its verdicts within this time."""
_STEP: Final = 0.1
_RESTART: Final = (0.2, 1.5)
_WALL: Final = 1_772_000_000.0


@dataclass(slots=True)
class Outcome:
    """What came of a run.

    Attributes:
        seed: of the run.
        problems: what must not be; empty when all is well.
        generations: how often the town was started.
        told: counts, for the report.
        digest: of the last state; the same for the same seed.
    """

    seed: int
    problems: list[str] = field(default_factory=list)
    generations: int = 0
    told: dict[str, int] = field(default_factory=dict)
    digest: str = ""


def simulate(seed: int, compiled: Mapping[str, Any]) -> Outcome:
    """Run once.

    Args:
        seed: all that goes wrong, and when, comes from it.
        compiled: a compiled town; a small one is fast.
    """
    luck = random.Random(seed)  # noqa: S311  a simulation's luck is to be repeated
    loop = VirtualLoop(lambda: luck.uniform(0.0, 0.3))
    run = Run(seed, dict(compiled), luck, loop)
    with virtual_clocks(loop, run.wall), capture_logs(), asyncio.Runner(loop_factory=lambda: loop) as runner, run.failpoints():
        return runner.run(run.whole())


class Run:
    """One run.

    Args:
        seed: of everything.
        compiled: the town.
        luck: seeded.
        loop: in virtual time.
    """

    def __init__(self, seed: int, compiled: dict[str, Any], luck: random.Random, loop: VirtualLoop) -> None:
        self._seed = seed
        self._compiled = compiled
        self._luck = luck
        self._loop = loop
        self._faults = Faults()
        self._began = loop.now
        self._jumped = 0.0
        self._wrong: list[str] = []
        self._history: list[Operation] = []
        self._arrivals: dict[int, list[tuple[str, str]]] = {}
        self._disk = Disk()
        self._bus = Bus(self._faults, luck)
        self._town = compiled["town"]["id"]
        self._district = compiled["districts"][0]["id"]
        self._settings = Settings(
            database=SecretStr("memory"),
            town_file=Path("none"), seed=seed, speed=_SPEED, for_ticks=None, lockstep=False, failpoint="",
            snapshot_ticks=luck.choice((5, 20, 60)),
        )  # fmt: skip
        self._current: Instance | None = None
        self._usurpation: asyncio.Task[None] | None = None
        self._stopping = False
        self._strangers: list[Stranger] = []

    def wall(self, now: float) -> float:
        """Wall time; it jumps."""
        return _WALL + now + self._jumped

    @contextmanager
    def failpoints(self) -> Iterator[None]:
        """Have the town killed where the seed says."""
        failpoint.arm(self._point)
        try:
            yield
        finally:
            failpoint.disarm()

    async def whole(self) -> Outcome:
        """All of it."""
        self._loop.set_exception_handler(lambda _loop, context: self._wrong.append(f"in a callback: {context.get('exception')!r}"))
        async with asyncio.TaskGroup() as group:
            keeping = group.create_task(self._keep(), name="supervisor")
            registrar = Registrar(self._town, self._bus, self._luck)
            await self._settle(registrar)
            self._begin_faults(Faults.drawn(self._luck, [stranger.name for stranger in self._strangers]))
            late = group.create_task(registrar.register("late", self._district), name="late")
            await asyncio.sleep(FAULTS_END)
            self._faults.over()
            await self._rest(late)
            self._see_the_status("online")
            self._stopping = True
            await self._stop(keeping)
        self._see_the_status("offline")
        return await self._outcome(registrar)

    async def _settle(self, registrar: Registrar) -> None:
        """Let some strangers come to the town, all to one place, so that they can give each other coins."""
        names = [f"stranger-{number}" for number in range(_AGENTS)]
        async with asyncio.timeout(_REST_SECONDS):
            districts = await asyncio.gather(*(registrar.register(name, self._district) for name in names))
        for number, name in enumerate(names):
            to = names[(number + 1) % _AGENTS]
            stranger = Stranger(self._town, name, districts[number], to, self._bus, self._luck, self._history.append)
            stranger.connect()
            stranger.turn()
            self._strangers.append(stranger)

    def _begin_faults(self, faults: Faults) -> None:
        for name in Faults.__slots__:
            setattr(self._faults, name, getattr(faults, name))
        self._began = self._loop.now
        for at in faults.crashes:
            self._at(at, self._kill)
        for at in faults.usurped:
            self._at(at, self._usurp)
        for span in faults.cut_off:
            self._at(span.begin, lambda: self._current.cut() if self._current else None)
        for at, jump in faults.jumps:
            self._at(at, self._jump, jump)
        for stranger in self._strangers:
            for span in (span for span in faults.partitions if span.who == stranger.name):
                self._at(span.begin, stranger.cut)
                self._at(span.end, stranger.connect)

    def _at(self, seconds: float, act: Any, *given: Any) -> None:
        self._loop.call_later(seconds, act, *given)

    def _away(self, spans: list[Span]) -> bool:
        return away(spans, self._loop.now - self._began)

    def _jump(self, seconds: float) -> None:
        self._jumped += seconds

    def _kill(self) -> None:
        if self._current is not None:
            self._current.kill()

    def _usurp(self) -> None:
        """Let another orchestrator be started beside this one."""
        if self._current is not None and not self._current.dead:
            self._usurpation = asyncio.create_task(self._start(), name="usurper")

    def _point(self, point: str) -> None:
        points = self._faults.failpoints
        if points and points[0][0] == point:
            if points[0][1] > 1:
                points[0] = (point, points[0][1] - 1)
            else:
                del points[0]
                self._kill()

    async def _keep(self) -> None:
        """Start the town, and again whenever it has ended, as the supervisor does."""
        while not self._stopping:
            if self._usurpation is not None:
                await self._usurpation
                self._usurpation = None
            if self._current is None or self._current.dead:
                if self._current is not None:
                    while not self._current.task.done():  # a cancellation may be taken for something else; a kill is none
                        self._current.task.cancel()
                        await asyncio.wait({self._current.task}, timeout=_STEP)
                    self._see_how_it_ended(self._current)
                    await asyncio.sleep(self._luck.uniform(*_RESTART))
                await self._start()
            await asyncio.sleep(_STEP)

    async def _start(self) -> None:
        journal = MemoryJournal(self._disk, self._faults, self._luck, lambda: self._away(self._faults.database))
        try:
            town = await found_or_resume(journal, self._compiled, self._seed)  # type: ignore[arg-type]
        except JournalAway:
            return  # the supervisor tries again
        self._current = Instance(
            town, journal, self._settings, self._bus, self._disk, self._luck,
            lambda: self._away(self._faults.cut_off), self._wrong.append, self._arrived,
        )  # fmt: skip

    def _arrived(self, generation: int, agent: str, action: str) -> None:
        self._arrivals.setdefault(generation, []).append((agent, action))

    def _see_how_it_ended(self, instance: Instance) -> None:
        if instance.superseded and not self._faults.usurped:  # else the usurper has fallen, which is its own affair
            self._wrong.append("the only writer took itself for superseded, which ends a town")
        if not instance.task.cancelled() and (error := instance.task.exception()) is not None:
            self._wrong.append(f"the loop ended with {error!r}")

    async def _rest(self, late: asyncio.Task[str]) -> None:
        """Let everybody come to rest."""
        for stranger in self._strangers:
            stranger.acting = False
        deadline = self._loop.now + _REST_SECONDS
        # Nobody tells us when all is quiet, so we look again and again.
        while self._loop.now < deadline and (not late.done() or any(stranger.pending for stranger in self._strangers)):  # noqa: ASYNC110
            await asyncio.sleep(_STEP)
        if not late.done():
            self._wrong.append("a command was never answered")
            late.cancel()
        await asyncio.sleep(3.0)  # the latest Will is told, and put right

    async def _stop(self, keeping: asyncio.Task[None]) -> None:
        await keeping
        instance = self._current
        if instance is None or instance.dead:
            self._wrong.append("there is no town at the end")
            return
        instance.assembly.pace.stop()
        await asyncio.wait({instance.task}, timeout=10)
        if not instance.task.done():
            self._wrong.append("the town did not stop")
            instance.task.cancel()
            return
        self._see_how_it_ended(instance)

    def _see_the_status(self, wanted: str) -> None:
        kept = json.loads(self._bus.retained.get(topics.world(self._town, "status"), b"{}"))
        if (kept.get("status"), kept.get("generation")) != (wanted, self._disk.generation):
            self._wrong.append(f"the status that is kept is {kept}, not {wanted} of generation {self._disk.generation}")

    async def _outcome(self, registrar: Registrar) -> Outcome:
        facts = await self._facts()
        found = list(dict.fromkeys(self._wrong)) + registrar.wrong + problems(self._history, facts)
        told = {
            "ticks": self._disk.tick,
            "actions": sum(line.type == "invoke" for line in self._history),
            "resent": sum(line.f == "resend" for line in self._history),
        }
        return Outcome(self._seed, found, self._disk.generation, told, facts.hashes["live"])

    async def _facts(self) -> Facts:
        disk, names = self._disk, [stranger.name for stranger in self._strangers]
        assert disk.run is not None
        plan = Plan.from_json(disk.run.town)
        state = genesis(plan, self._seed)
        journal: Any = MemoryJournal(disk, self._faults, self._luck, lambda: False)
        async for done in replay(journal, plan, state, Luck(self._seed)):
            if done.fault is not None:
                self._wrong.append(f"tick {done.tick} can't be replayed: {done.fault}")
        live = digest(self._current.town.state) if self._current is not None else ""
        gave = [event for event in disk.events if event["kind"] == "gave"]
        return Facts(
            actions=[
                Decided(row["tick"], row["agent"], row["action_id"], row["status"], row["code"], tuple(row["events"]))
                for row in disk.actions
            ],
            gifts=[Gift(event["agent"], event["action_id"], event["data"]["to"], event["data"]["amount"]) for event in gave],
            before={
                event["agent"]: event["data"]["purse"]
                for event in disk.events
                if event["kind"] == "registered" and event["agent"] in names
            },
            after={name: state.account(f"purse:{name}") for name in names},
            total=sum(state.accounts.values()),
            hashes={"live": live, "replayed": digest(state), "kept": disk.snapshots[max(disk.snapshots)].hash},
            arrivals=self._arrivals,
            generations={row["tick"]: row["generation"] for row in disk.ticks},
        )
