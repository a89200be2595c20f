"""From the wire to the world: what arrives is judged at once, and waits for the tick that takes it."""

import functools
import time
from typing import Final

from mqttown_contract import topics
from mqttown_contract.errors import TopicError
from mqttown_orchestrator.allowance import Allowance
from mqttown_orchestrator.citizens import Citizen, Undecided
from mqttown_orchestrator.commands import Commands
from mqttown_orchestrator.lockstep import Lockstep
from mqttown_orchestrator.metrics import Metrics
from mqttown_orchestrator.outbox import Outbox
from mqttown_orchestrator.pace import Pace
from mqttown_orchestrator.pipeline.identity import speaker
from mqttown_orchestrator.pipeline.judge import Dropped, Judge, Queued, Refused, Repeated
from mqttown_orchestrator.presence import Presence
from mqttown_orchestrator.town import Town
from mqttown_orchestrator.world.inputs import ActionInput, Input

__all__ = ["Inbox"]

_parse: Final = functools.lru_cache(maxsize=65_536)(topics.parse)
"""The same topics come again every tick."""


class Inbox:
    """Takes in messages of agents and services, in the order in which they arrive."""

    def __init__(
        self,
        town: Town,
        judge: Judge,
        allowance: Allowance,
        presence: Presence,
        commands: Commands,
        outbox: Outbox,
        lockstep: Lockstep,
        pace: Pace,
        metrics: Metrics,
    ) -> None:
        self._town = town
        self._judge = judge
        self._allowance = allowance
        self._presence = presence
        self._commands = commands
        self._outbox = outbox
        self._lockstep = lockstep
        self._pace = pace
        self._metrics = metrics
        self._waiting: dict[str, Citizen] = {}

    @property
    def filters(self) -> tuple[str, ...]:
        """What the orchestrator listens to."""
        town = self._town.id
        return (
            *(topics.agent_out(town, "+", "+", channel) for channel in ("action", "hello", "status")),
            topics.service_out(town, "+", "command"),
            topics.service_in(town, "orchestrator", "memory"),
        )

    def __len__(self) -> int:
        """Actions that wait for a tick."""
        return sum(len(citizen.undecided) for citizen in self._waiting.values())

    def receive(self, topic: str, payload: bytes) -> None:
        """Take in one message."""
        try:
            said = _parse(topic)
        except TopicError:
            self._metrics.dropped["topic"] += 1
            return
        if said.scope == "service":
            if said.channel == "command":
                self._commands.receive(said.subject or "", payload)
            else:
                self._outbox.recollection.answered(payload)
            return
        citizen = speaker(self._town.citizens, said.district or "", said.subject or "")
        if citizen is None:
            self._metrics.dropped["identity"] += 1
        elif said.channel == "action":
            self._action(citizen, payload)
        elif said.channel == "hello":
            self._presence.hello(citizen, payload)
        else:
            self._presence.status(citizen, payload)

    def due(self, tick: int) -> tuple[list[Input], dict[tuple[str, str], Undecided]]:
        """Take all that waits for a tick, in an order that arrival between agents has no part in.

        Returns:
            the inputs of the tick, and the actions among them by agent and id.
        """
        town_inputs = [*self._presence.inputs(tick), *self._commands.inputs()]
        inputs: list[Input] = [*sorted(town_inputs, key=lambda entry: (entry.kind, entry.agent))]
        taken: dict[tuple[str, str], Undecided] = {}
        held_up: dict[str, Citizen] = {}
        for agent in sorted(self._waiting):
            citizen = self._waiting[agent]
            for undecided in citizen.undecided.values():
                if undecided.pending:
                    held_up[agent] = citizen
                    break
                undecided.tick = tick
                if citizen.counted and undecided.refusal is None:
                    undecided.refusal = self._allowance.refuse(citizen, undecided, tick)
                taken[agent, undecided.id] = undecided
                inputs.append(_input(agent, undecided))
        self._waiting = held_up
        return inputs, taken

    def enter(self, citizen: Citizen, undecided: Undecided) -> None:
        """Let in what an operator has passed, as an action of the citizen."""
        citizen.undecided[undecided.id] = undecided
        self._waiting[citizen.id] = citizen

    def forget(self, citizen: Citizen) -> None:
        """A citizen is no citizen any more; nobody is there to hear its verdicts."""
        self._waiting.pop(citizen.id, None)
        citizen.undecided.clear()

    def _action(self, citizen: Citizen, payload: bytes) -> None:
        outcome = self._judge.judge(citizen, payload, time.monotonic())
        match outcome:
            case Queued(undecided):
                citizen.undecided[undecided.id] = undecided
                self._waiting[citizen.id] = citizen
            case Refused(arrival, refusal):
                self._outbox.refuse(citizen, arrival.id, refusal, arrival.traceparent)
            case Repeated(arrival, decision):
                self._outbox.verdict(citizen, decision, arrival.traceparent)
            case Dropped(why):
                self._metrics.dropped[why] += 1
        if self._lockstep.on and isinstance(outcome, Queued | Refused):
            self._lockstep.acted(citizen)
            self._pace.wake()


def _input(agent: str, undecided: Undecided) -> ActionInput:
    return ActionInput(
        agent=agent,
        id=undecided.id,
        verb=undecided.action,
        parameters=undecided.parameters,
        cause=undecided.observation_id,
        refusal=undecided.refusal,
        expires_tick=undecided.expires_tick,
    )
