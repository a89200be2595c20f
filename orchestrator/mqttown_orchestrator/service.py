"""The loop: inputs due, step, journal, publish. The one writer of the world."""

import asyncio
import time
from dataclasses import dataclass

from mqttown_orchestrator import failpoint
from mqttown_orchestrator.commands import Commands
from mqttown_orchestrator.enrolment import Change
from mqttown_orchestrator.inbox import Inbox
from mqttown_orchestrator.journal import TickRecord
from mqttown_orchestrator.metrics import Metrics
from mqttown_orchestrator.narration import remember
from mqttown_orchestrator.observations import now_text
from mqttown_orchestrator.outbox import Outbox
from mqttown_orchestrator.oversight import Oversight
from mqttown_orchestrator.pace import Pace
from mqttown_orchestrator.presence import Presence
from mqttown_orchestrator.public import Public
from mqttown_orchestrator.record import tick_record, write_events, write_inputs
from mqttown_orchestrator.retrying import Writing
from mqttown_orchestrator.snapshots import Snapshots
from mqttown_orchestrator.telemetry import Telemetry
from mqttown_orchestrator.town import Town
from mqttown_orchestrator.world.step import step
from mqttown_orchestrator.world.turn import Happened

__all__ = ["Service"]


@dataclass(slots=True)
class Service:
    """One town, ticking. Every part is ready and connected when it gets here."""

    town: Town
    pace: Pace
    inbox: Inbox
    presence: Presence
    commands: Commands
    journal: Writing
    snapshots: Snapshots
    outbox: Outbox
    public: Public
    oversight: Oversight
    metrics: Metrics
    telemetry: Telemetry | None = None
    republish: bool = True
    remembered: int = -1

    async def run(self) -> None:
        """Tick until told to stop; between ticks, answer what needs no tick."""
        while not self.pace.stopping:
            await self.attend()
            if await self.pace.rest():
                await self.tick()

    async def tick(self) -> None:
        """One tick: what has come, what it leads to, what is kept of it, what is told of it. Nothing is told that isn't kept."""
        began = time.perf_counter()
        self.pace.ticked()
        self.town.changing = True
        failpoint.reach("before_step")
        happened, written, record = self.step()
        failpoint.reach("after_step")
        stepped = time.perf_counter()
        await self._keep(happened, record)
        failpoint.reach("after_commit")
        self.town.tick = happened.tick
        self.town.changing = False
        kept = time.perf_counter()
        self.tell(happened, written)
        told = time.perf_counter()
        failpoint.reach("after_publish")
        self.snapshots.after_tick()
        failpoint.reach("after_snapshot")
        self._took(began, stepped, kept, told)
        if self.telemetry is not None:
            self.telemetry.ticked(happened.tick, began, stepped, kept, told)

    async def attend(self) -> None:
        """At a safe point, where the state is durable: answer commands and hellos, tell who came and went."""
        if self.republish:
            self.republish = False
            await self.journal.write([])  # who took our connection may have taken the town: then this is our end
            self.public.everything()
        await self.commands.handle()
        for agent in list(self.presence.changed):
            if (citizen := self.town.citizens.get(agent)) is not None:
                self.public.presence(citizen)
        self.presence.changed.clear()
        self.presence.answer_hellos()

    def step(self) -> tuple[Happened, list[bytes], TickRecord]:
        """Let the world take one step, and write down what comes of it."""
        inputs, taken = self.inbox.due(self.town.tick + 1)
        written_inputs = write_inputs(inputs)
        began = time.perf_counter()
        happened = step(self.town.state, self.town.plan, inputs, self.town.luck)
        step_ms = (time.perf_counter() - began) * 1000
        written = write_events(happened.events)
        record = tick_record(happened, written_inputs, written, taken, step_ms)
        record.statements += self.commands.settle(happened)
        record.statements += self.oversight.settle(happened, taken)
        if self.telemetry is not None:
            self.telemetry.decided(happened, taken)
        record.snapshot = self.snapshots.take()
        if record.snapshot is not None:
            record.statements.append(self.oversight.head_statement(record.snapshot.tick))
        return happened, written, record

    def tell(self, happened: Happened, written: list[bytes]) -> None:
        """Verdicts first, since somebody waits for them; then observations, then what everybody may see."""
        began = time.perf_counter()
        self.outbox.verdicts(happened)
        self.outbox.flush()
        failpoint.reach("after_verdicts")
        answered = time.perf_counter()
        for change in self.commands.tell():
            self._settle(change)
        for citizen in self.oversight.tell():
            self.public.presence(citizen)
        self._remember(happened)
        self.outbox.observations(happened)
        observed = time.perf_counter()
        self.public.after_tick(happened.events, written)
        self.metrics.took("verdicts", answered - began)
        self.metrics.took("observations", observed - answered)
        self.metrics.took("public", time.perf_counter() - observed)

    async def close(self) -> None:
        """Say goodbye, and keep the last state."""
        for citizen in self.town.citizens:
            if citizen.online:
                self.outbox.notice(citizen, "shutdown", "The town stops; say hello when its status is online again.")
        self.public.status("offline")
        tick = self.town.tick
        noticed = [*self.oversight.noted(tick), self.oversight.head_statement(tick)]
        await self.journal.write(noticed, await self.snapshots.last())

    async def _keep(self, happened: Happened, record: TickRecord) -> None:
        """Make a tick durable, and meanwhile write what will be told of it; not while somebody joins, who is to know of it too."""
        committing = asyncio.create_task(self.journal.append(record), name=f"commit[{record.tick}]")
        try:
            await asyncio.sleep(0)
            if not self.commands.settling:
                self._remember(happened)
                await self.outbox.prepare(happened, committing)
        finally:
            await committing

    def _remember(self, happened: Happened) -> None:
        """Let everybody have what they witnessed in later observations; once a tick."""
        if self.remembered < happened.tick:
            self.remembered = happened.tick
            for event in happened.events:
                remember(self.town.citizens, event)

    def _settle(self, change: Change) -> None:
        """Let a new citizen in, or a former one go."""
        if change.joins is not None:
            citizen = self.town.citizens.add(change.joins)
            citizen.since, citizen.since_tick = now_text(), self.town.tick
            self.public.card(citizen)
            self.public.presence(citizen)
        if change.leaves is not None:
            citizen = self.town.citizens.remove(change.leaves)
            self.presence.forget(citizen)
            self.inbox.forget(citizen)
            self.oversight.forget(citizen)
            self.public.farewell(citizen)

    def _took(self, began: float, stepped: float, kept: float, told: float) -> None:
        for phase, seconds in (
            ("step", stepped - began),
            ("journal", kept - stepped),
            ("publish", told - kept),
            ("tick", told - began),
        ):
            self.metrics.took(phase, seconds)
        self.metrics.told_by(self.pace.late + told - began)
