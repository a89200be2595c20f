"""Puts the parts of the orchestrator together, and runs them."""

import asyncio
import contextlib
import functools
import gc
import signal
import time
from typing import Any, Final

import orjson
import structlog

from mqttown.process import say_ready
from mqttown_contract import topics
from mqttown_orchestrator import failpoint
from mqttown_orchestrator.allowance import HOUR, Allowance, first_tick_today
from mqttown_orchestrator.audit import Audit
from mqttown_orchestrator.commands import Commands
from mqttown_orchestrator.controls import Controls
from mqttown_orchestrator.enrolment import Enrolment
from mqttown_orchestrator.founding import found_or_resume, read_town
from mqttown_orchestrator.held import Held
from mqttown_orchestrator.inbox import Inbox
from mqttown_orchestrator.journal import Journal
from mqttown_orchestrator.lockstep import Lockstep
from mqttown_orchestrator.metrics import Metrics
from mqttown_orchestrator.noticed import Remembered
from mqttown_orchestrator.outbox import Outbox
from mqttown_orchestrator.oversight import Oversight
from mqttown_orchestrator.pace import Pace
from mqttown_orchestrator.pipeline.endpoint import Endpoint
from mqttown_orchestrator.pipeline.judge import Judge
from mqttown_orchestrator.pipeline.moderation import ModerationStage
from mqttown_orchestrator.pipeline.rate import RateStage
from mqttown_orchestrator.pipeline.windows import LocalWindows, SharedWindows, Windows
from mqttown_orchestrator.presence import Presence
from mqttown_orchestrator.public import Public
from mqttown_orchestrator.retrying import Retrying
from mqttown_orchestrator.rulebook import Rulebook, read_rulebook
from mqttown_orchestrator.service import Service
from mqttown_orchestrator.settings import Settings
from mqttown_orchestrator.snapshots import Snapshots
from mqttown_orchestrator.sweep import Sweep
from mqttown_orchestrator.telemetry import Telemetry
from mqttown_orchestrator.town import Town
from mqttown_orchestrator.wire import NAME, Wire, WireDown

__all__ = ["Assembly", "run"]

_DOWN_SECONDS: Final = 60.0
"""Without a broker for so long, a new start is the better try."""
_GARBAGE: Final = 50_000
"""Objects between two searches for garbage. Hardly any of ours is in cycles, and a tick of a large town makes so many."""
_log = structlog.get_logger("orchestrator")


class Assembly:
    """All parts of one town; the wire comes last, since nobody may speak to us before we are ready."""

    def __init__(self, town: Town, journal: Journal, settings: Settings, rules: Rulebook, remembered: Remembered) -> None:
        self.town = town
        self.metrics = Metrics()
        self.lockstep = Lockstep(town, on=settings.lockstep, patience=settings.lockstep_wait)
        self.pace = Pace(settings.speed, settings.for_ticks, self.lockstep)
        publish = failpoint.each("mid_publish", self.publish)
        self.outbox = Outbox(town, publish, self.flush, self.lockstep, self.metrics)
        self.public = Public(town, self.pace, publish)
        self.presence = Presence(town, self.outbox, self.lockstep, self.pace)
        self.audit = Audit(*remembered.audit) if remembered.audit else Audit()
        self.allowance = Allowance(town, lambda: self.pace.period or None)
        self.allowance.recall_payments(remembered.payments)
        self.held = Held(town, remembered.last_held, remembered.held)
        self.oversight = Oversight(
            town, rules.conduct, self.audit, self.allowance, self.outbox, self.held, last_flag=remembered.last_flag
        )
        moderation = ModerationStage(rules.moderation, settings.moderated_words)
        controls = Controls(town, self.pace, self.outbox, self.public, self.oversight)
        writing = Retrying(journal, self.pace, self.public.trouble)
        enrolment = Enrolment(town, moderation.weigh)
        self.commands = Commands(town, writing, controls, enrolment, self.oversight, self.pace, publish)
        self.second = _second(settings, self.pace)
        judge = Judge(town.state, RateStage(_windows(settings, town)), moderation, self.oversight, self.second)
        self.inbox = Inbox(
            town, judge, self.allowance, self.presence, self.commands, self.outbox, self.lockstep, self.pace, self.metrics
        )
        self.held.enter = self.inbox.enter
        self.held.go_on(time.monotonic())
        self.sweep = Sweep(town, self.public)
        self.service = Service(
            town=town, pace=self.pace, inbox=self.inbox, presence=self.presence, commands=self.commands, journal=writing,
            snapshots=Snapshots(town, settings.snapshot_ticks), outbox=self.outbox, public=self.public,
            oversight=self.oversight, metrics=self.metrics, telemetry=Telemetry.from_environment(),
        )  # fmt: skip
        self.wire: Wire | None = None
        self.kept: Wire | None = None

    def will(self) -> tuple[str, bytes]:
        """What the broker shall say when we vanish."""
        return topics.world(self.town.id, "status"), orjson.dumps({"status": "offline", "generation": self.town.generation})

    def publish(self, topic: str, payload: bytes, retain: bool = False) -> None:
        """Send one message."""
        wire = self.kept if retain and self.kept is not None else self.wire
        if wire is not None:
            self.metrics.sent += 1
            wire.publish(topic, payload, retain=retain)

    def flush(self) -> None:
        """Let go out at once what has been published so far, but for what the broker is to keep: nobody waits for that."""
        if self.wire is not None:
            self.wire.flush()

    def receive(self, topic: str, payload: bytes, retained: bool) -> None:
        """Take in one message. Retained ones on `out/` are ignored: nobody says them now."""
        self.metrics.received += 1
        if not self.sweep.saw(topic, payload, retained=retained) and not retained:
            self.inbox.receive(topic, payload)

    def on_connection(self, wire: Wire) -> None:
        """There is a new connection: listen now, publish all that is retained at the next safe point."""
        self.wire = wire
        self.pace.cut_off = False
        wire.subscribe(*self.inbox.filters)
        self.sweep.begin(wire)
        self.service.republish = True
        self.pace.wake()

    def on_kept_connection(self, wire: Wire) -> None:
        """There is a new connection for what the broker keeps: what was lost without it is published again."""
        self.kept = wire
        self.service.republish = True
        self.pace.wake()

    def on_cut_off(self) -> None:
        """The connection is gone: hold until there is one again."""
        self.pace.cut_off = True

    def figures(self) -> dict[str, Any]:
        """What is told once a second."""
        queues = {
            "undecided": len(self.inbox),
            "hellos": len(self.presence),
            "commands": len(self.commands),
            "recollections": len(self.outbox.recollection),
            "held": len(self.held),
            "owing": self.lockstep.owing,
        }
        return self.metrics.told(
            queues,
            tick=self.town.tick,
            generation=self.town.generation,
            agents=len(self.town.citizens),
            online=sum(citizen.online for citizen in self.town.citizens),
            journal_lag_ticks=self.town.state.tick - self.town.tick,
            lockstep_overdue=self.lockstep.overdue,
            audit={"n": self.audit.n, "head": self.audit.head},
            unsent=sum(wire.lost for wire in (self.wire, self.kept) if wire is not None),
        )


async def run(settings: Settings) -> None:
    """Run the town until it is told to stop.

    Raises:
        JournalError: the journal can't be used, or isn't ours any more.
        WireDown: the broker can't be reached.
    """
    url = settings.database.get_secret_value()
    rules = read_rulebook(settings.rules_file)
    async with Journal.open(url) as journal:
        town = await found_or_resume(journal, read_town(settings.town_file), settings.seed)
        if settings.failpoint:
            failpoint.kill_at(settings.failpoint, town.luck.seed, town.generation)
        remembered = await journal.remembered(first_tick_today(town))
        assembly = Assembly(town, journal, settings, rules, remembered)
        for citizen in town.citizens:
            if citizen.permissions.max_actions_per_hour is not None:
                assembly.allowance.recall_actions(citizen.id, await journal.acted(citizen.id, HOUR))
        gc.freeze()  # the town as built never becomes garbage; looking through it again and again would cost whole ticks
        gc.set_threshold(_GARBAGE)
        for sign in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(sign, assembly.pace.stop)
        key = None if settings.service_key is None else settings.service_key.get_secret_value()
        connect = functools.partial(Wire.connect, settings.mqtt_host, settings.mqtt_port, password=key, pin=settings.mqtt_pin)
        async with contextlib.AsyncExitStack() as stack:
            if settings.kept_apart:
                apart = connect(lambda *_: None, assembly.on_kept_connection, lambda: None, None, name=f"{NAME}~kept")
                await stack.enter_async_context(apart)
            wire = await stack.enter_async_context(
                connect(assembly.receive, assembly.on_connection, assembly.on_cut_off, assembly.will())
            )
            await _live(assembly, wire)


def _windows(settings: Settings, town: Town) -> Windows:
    """Where rate limits are counted."""
    return LocalWindows() if settings.redis is None else SharedWindows(settings.redis.get_secret_value(), town.id)


def _second(settings: Settings, pace: Pace) -> Endpoint | None:
    """Who else is asked about words."""
    if settings.moderation_url is None:
        return None
    key = None if settings.moderation_key is None else settings.moderation_key.get_secret_value()
    return Endpoint(settings.moderation_url, key, settings.moderation_model, pace.wake)


async def _live(assembly: Assembly, wire: Wire) -> None:
    """Tick, and tell the figures, until the end."""
    town = assembly.town
    telling = asyncio.create_task(_tell_figures(assembly, wire), name="orchestrator.figures")
    living = asyncio.create_task(assembly.service.run(), name="orchestrator.loop")
    ready = {"town": town.id, "tick": town.tick, "generation": town.generation}
    assembly.publish(topics.service_out(town.id, "orchestrator", "ready"), orjson.dumps(ready), retain=True)
    _log.info("ready", **ready, agents=len(town.citizens))
    say_ready(ready)
    try:
        await asyncio.wait({telling, living}, return_when=asyncio.FIRST_COMPLETED)
        for task in (living, telling):
            if task.done():
                task.result()
        await assembly.service.close()
        _log.info("audit", n=assembly.audit.n, head=assembly.audit.head)
    finally:
        for task in (telling, living):
            task.cancel()
        await asyncio.gather(telling, living, return_exceptions=True)
        if assembly.second is not None:
            await assembly.second.close()
        if assembly.service.telemetry is not None:
            await asyncio.to_thread(assembly.service.telemetry.close)


async def _tell_figures(assembly: Assembly, wire: Wire) -> None:
    topic = topics.service_out(assembly.town.id, "orchestrator", "metrics")
    while wire.down_for < _DOWN_SECONDS:
        await asyncio.sleep(1.0)
        wire.publish(topic, orjson.dumps(assembly.figures()))
        if assembly.lockstep.unborn:
            _log.info("waiting for the first hello of hosted agents", agents=assembly.lockstep.unborn)
    raise WireDown(f"no broker for {_DOWN_SECONDS:.0f} s")
