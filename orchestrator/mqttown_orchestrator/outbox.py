"""What goes out to agents: verdicts first, then observations; numbered, lean, never waiting for anybody."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

import orjson

from mqttown_contract.errors import Refusal
from mqttown_contract.types import PROTOCOL_VERSION
from mqttown_orchestrator.citizens import Citizen
from mqttown_orchestrator.lockstep import Lockstep
from mqttown_orchestrator.metrics import Metrics
from mqttown_orchestrator.observations import now_text, observe, to_bytes
from mqttown_orchestrator.recollection import Recollection
from mqttown_orchestrator.town import Town
from mqttown_orchestrator.world.decided import Decision
from mqttown_orchestrator.world.perception import Scene
from mqttown_orchestrator.world.turn import Happened

__all__ = ["Outbox", "Publish"]

Publish = Callable[[str, bytes], None]

_SLICE: Final = 3
"""Observations that are written before the event loop has its turn: a fraction of a millisecond, or the commit waits for us."""


class Outbox:
    """Speaks to agents. Nothing but durable facts may be given to it.

    Attributes:
        flush: sends at once what has been published so far.
    """

    def __init__(self, town: Town, publish: Publish, flush: Callable[[], None], lockstep: Lockstep, metrics: Metrics) -> None:
        self._town = town
        self._publish = publish
        self.flush = flush
        self._lockstep = lockstep
        self._metrics = metrics
        self._scene = Scene(town.state, town.plan)
        self._verdicts: list[tuple[Citizen, str, bytes]] = []
        self._observations: dict[str, bytes] = {}
        self.recollection = Recollection(town.id, publish, self._send_observation)

    async def prepare(self, happened: Happened, kept: "asyncio.Task[None]") -> None:
        """Write what is to be told of a tick while the journal keeps it, as far as there is time. Nothing goes out here.

        Args:
            happened: in the tick; everybody has been let remember it.
            kept: done once it is durable.
        """
        self._write_verdicts(happened)
        timestamp = now_text()
        for number, (agent, reasons) in enumerate(happened.news.items()):
            if number % _SLICE == 0:
                await asyncio.sleep(0)
                if kept.done():
                    break
            citizen = self._listener(agent)
            # Memories are asked for with a message, and that is a word about the tick.
            if citizen is not None and not citizen.memory and (because := reasons - {"hello"}):
                observation = self._observation(citizen, because, citizen.witnessed.told, timestamp)
                self._observations[agent] = to_bytes(observation, citizen.next_seq())

    def verdicts(self, happened: Happened) -> None:
        """Tell everybody what became of the actions of a tick."""
        if not self._verdicts:
            self._write_verdicts(happened)
        for citizen, action_id, payload in self._verdicts:
            citizen.undecided.pop(action_id, None)
            self._publish(citizen.verdict_topic, payload)
        self._verdicts = []

    def _write_verdicts(self, happened: Happened) -> None:
        for decision in happened.verdicts:
            citizen = self._town.citizens.get(decision.agent)
            if citizen is not None:
                undecided = citizen.undecided.get(decision.id)
                trace, note = (None, None) if undecided is None else (undecided.traceparent, undecided.note)
                self._verdicts.append((citizen, decision.id, self._decided(citizen, decision, trace, note)))

    def verdict(self, citizen: Citizen, decision: Decision, traceparent: str | None, note: str | None = None) -> None:
        """Tell a citizen of one durable decision, for the first time or again; `note` is the detail of an accepted one."""
        self._publish(citizen.verdict_topic, self._decided(citizen, decision, traceparent, note))

    def _decided(self, citizen: Citizen, decision: Decision, traceparent: str | None, note: str | None) -> bytes:
        no = decision.refusal
        return self._verdict(citizen, decision.id, decision.tick, no, list(decision.events), traceparent, note)

    def refuse(self, citizen: Citizen, action_id: str | None, refusal: Refusal, traceparent: str | None = None) -> None:
        """Tell a citizen of a refusal that isn't remembered."""
        payload = self._verdict(citizen, action_id, self._town.tick, refusal, [], traceparent)
        self._publish(citizen.verdict_topic, payload)

    def observations(self, happened: Happened) -> None:
        """Tell those who have something new to decide on, if they are here."""
        timestamp = now_text()
        for agent, reasons in happened.news.items():
            citizen = self._listener(agent)
            if citizen is None:
                continue
            if (payload := self._observations.get(agent)) is not None:
                self._lockstep.observed(citizen)
                self._publish(citizen.observation_topic, payload)
            # Its own hello has been answered already, at once.
            elif because := reasons - {"hello"}:
                self._observe(citizen, because, citizen.witnessed.told, timestamp)
        self._observations.clear()

    def _listener(self, agent: str) -> Citizen | None:
        """A citizen that is here."""
        citizen = self._town.citizens.get(agent)
        return citizen if citizen is not None and citizen.online else None

    def welcome(self, citizen: Citizen) -> None:
        """Answer a hello: a fresh observation, number 1."""
        hello, citizen.hello = citizen.hello, None
        if hello is None:
            return
        citizen.seq = 0
        after = citizen.witnessed.told if hello.since_tick is None else hello.since_tick
        self._observe(citizen, {"hello"}, after, now_text())

    def notice(self, citizen: Citizen, code: str, text: str, retry_after: float | None = None) -> None:
        """Tell a citizen something that is no answer to an action."""
        told = {
            "v": PROTOCOL_VERSION,
            "generation": self._town.generation,
            "seq": citizen.next_seq(),
            "code": code,
            "text": text,
            "retry_after": retry_after,
        }
        self._publish(citizen.topic_in("notice"), orjson.dumps(told))

    def _observation(self, citizen: Citizen, because: set[str], after: int, timestamp: str) -> dict[str, Any]:
        """What a citizen perceives at the tick of the state; from then on it counts as told."""
        if self._scene.tick != self._town.state.tick:
            self._scene = Scene(self._town.state, self._town.plan)
        citizen.witnessed.told = self._scene.tick
        return observe(self._town, self._scene, citizen, because, after, timestamp)

    def _observe(self, citizen: Citizen, because: set[str], after: int, timestamp: str) -> None:
        observation = self._observation(citizen, because, after, timestamp)
        self._lockstep.observed(citizen)
        if citizen.memory:
            self.recollection.hold(citizen, observation, citizen.witnessed.messages(after)[0])
        else:
            self._send_observation(citizen, observation)

    def _send_observation(self, citizen: Citizen, observation: dict[str, Any]) -> None:
        self._publish(citizen.observation_topic, to_bytes(observation, citizen.next_seq()))

    def _verdict(
        self,
        citizen: Citizen,
        action_id: str | None,
        tick: int,
        no: Refusal | None,
        events: list[str],
        traceparent: str | None,
        note: str | None = None,
    ) -> bytes:
        self._metrics.verdicts["accepted" if no is None else no.code.value] += 1
        told = {
            "v": PROTOCOL_VERSION,
            "generation": self._town.generation,
            "seq": citizen.next_seq(),
            "action_id": action_id,
            "agent_id": citizen.id,
            "tick": tick,
            "status": "accepted" if no is None else "rejected",
            "code": None if no is None else no.code.value,
            "detail": note if no is None else no.detail,
            "path": None if no is None else no.path,
            "allowed": None if no is None else no.allowed,
            "retry_after": None if no is None else no.retry_after,
            "events": events,
            "traceparent": traceparent,
        }
        return orjson.dumps(told)
