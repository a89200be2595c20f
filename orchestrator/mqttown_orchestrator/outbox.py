"""What goes out to agents: verdicts first, then observations; numbered, lean, never waiting for anybody."""

from collections.abc import Callable, Iterable
from typing import Any

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
        self.recollection = Recollection(town.id, publish, self._send_observation)

    def verdicts(self, happened: Happened) -> None:
        """Tell everybody what became of the actions of a tick."""
        citizens = self._town.citizens
        for decision in happened.verdicts:
            citizen = citizens.get(decision.agent)
            if citizen is None:
                continue
            undecided = citizen.undecided.pop(decision.id, None)
            if undecided is None:
                self.verdict(citizen, decision, None)
            else:
                self.verdict(citizen, decision, undecided.traceparent, undecided.note)

    def verdict(self, citizen: Citizen, decision: Decision, traceparent: str | None, note: str | None = None) -> None:
        """Tell a citizen of one durable decision, for the first time or again; `note` is the detail of an accepted one."""
        no = decision.refusal
        self._verdict(citizen, decision.id, decision.tick, no, list(decision.events), traceparent, note)

    def refuse(self, citizen: Citizen, action_id: str | None, refusal: Refusal, traceparent: str | None = None) -> None:
        """Tell a citizen of a refusal that isn't remembered."""
        self._verdict(citizen, action_id, self._town.tick, refusal, [], traceparent)

    def observations(self, happened: Happened) -> None:
        """Tell those who have something new to decide on, if they are here."""
        timestamp = now_text()
        for agent, reasons in happened.news.items():
            citizen = self._town.citizens.get(agent)
            # Its own hello has been answered already, at once.
            if citizen is not None and citizen.online and (because := reasons - {"hello"}):
                self._observe(citizen, because, citizen.witnessed.told, timestamp)

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

    def _observe(self, citizen: Citizen, because: Iterable[str], after: int, timestamp: str) -> None:
        if self._scene.tick != self._town.tick:
            self._scene = Scene(self._town.state, self._town.plan)
        observation = observe(self._town, self._scene, citizen, because, after, timestamp)
        citizen.witnessed.told = self._town.tick
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
    ) -> None:
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
        self._publish(citizen.verdict_topic, orjson.dumps(told))
