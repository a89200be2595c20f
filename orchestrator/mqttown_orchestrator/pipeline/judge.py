"""The stages in their order: size, schema, identity, duplicate, rate limit, permissions, moderation; rules are the world's."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from mqttown_contract.errors import REMEMBERED, Refusal
from mqttown_orchestrator.citizens import Citizen, Undecided
from mqttown_orchestrator.pipeline import duplicate, permissions, quarantine, schema, size
from mqttown_orchestrator.pipeline.arrival import Arrival
from mqttown_orchestrator.pipeline.moderation import Judgement, ModerationStage, refusal_of
from mqttown_orchestrator.pipeline.rate import RateStage
from mqttown_orchestrator.world.decided import Decision
from mqttown_orchestrator.world.state import State

__all__ = ["Dropped", "Judge", "Outcome", "Queued", "Refused", "Repeated", "Second", "Watch"]


@dataclass(frozen=True, slots=True)
class Dropped:
    """Nothing is said: it is too large, or its verdict is on its way already."""

    why: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A refusal that isn't remembered; it is told at once."""

    arrival: Arrival
    refusal: Refusal


@dataclass(frozen=True, slots=True)
class Repeated:
    """The id is decided; it gets the same verdict again."""

    arrival: Arrival
    decided: Decision


@dataclass(frozen=True, slots=True)
class Queued:
    """The next tick takes it, with its refusal if it has got one."""

    undecided: Undecided


Outcome = Dropped | Refused | Repeated | Queued


class Watch(Protocol):
    """Hears what the stages notice."""

    def queued(self, citizen: Citizen, undecided: Undecided) -> None:
        """An action with a new id waits for a tick."""

    def repeated(self, arrival: Arrival) -> None:
        """An id has come before."""

    def moderated(self, citizen: Citizen, undecided: Undecided, judgement: Judgement) -> Judgement:
        """Words are to be masked, held or rejected. Returns what is done with them in the end."""


class Second(Protocol):
    """A second opinion on words, that comes later."""

    def known(self, text: str) -> Judgement | None:
        """The opinion on a text that was asked about before."""

    def ask(self, text: str, answer: Callable[[Judgement], None]) -> bool:
        """Ask for one; `answer` is called with it, soon and once. False if nobody can be asked now."""


class Judge:
    """Runs the pipeline on what arrives. The one who speaks is known from the topic (stage `identity`).

    Args:
        state: of the town.
        rate, moderation: the stages with something to remember.
        watch: hears what they notice.
        second: who else is asked about words, or None.
    """

    def __init__(
        self, state: State, rate: RateStage, moderation: ModerationStage, watch: Watch, second: Second | None = None
    ) -> None:
        self._state = state
        self._rate = rate
        self._moderation = moderation
        self._watch = watch
        self._second = second

    def judge(self, citizen: Citizen, payload: bytes, at: float) -> Outcome:
        """Send a payload through the stages.

        A refusal that will be remembered costs a place in the journal. So the stages that are never remembered come
        first for it too: a decided id keeps its verdict, and a flood of bad parameters is a flood.
        """
        if not size.fits(payload):
            return Dropped("size")
        arrival = Arrival(citizen, payload, at)
        if (refusal := schema.read(arrival)) is not None:
            return Refused(arrival, refusal)
        unfit = schema.check(arrival)
        if duplicate.is_undecided(arrival):
            self._watch.repeated(arrival)
            return Dropped("duplicate")
        if (before := duplicate.decided(arrival, self._state)) is not None:
            self._watch.repeated(arrival)
            return Repeated(arrival, before)
        for fleeting in (quarantine.check, self._rate.check):
            if (refusal := fleeting(arrival)) is not None:
                return Refused(arrival, refusal)
        undecided = _undecided(arrival, unfit or permissions.check(arrival))
        if undecided.refusal is None and undecided.action == "say":
            self._weigh(citizen, undecided)
        self._watch.queued(citizen, undecided)
        return Queued(undecided)

    def _weigh(self, citizen: Citizen, undecided: Undecided) -> None:
        """See what may be said. A second opinion is waited for outside of the ticks."""
        text = undecided.parameters["text"]
        judgement = self._moderation.weigh(text)
        if judgement.action != "reject" and self._second is not None:
            known = self._second.known(text)
            if known is not None:
                judgement = _graver(judgement, known)
            elif self._second.ask(text, lambda second: self._settle(citizen, undecided, _graver(judgement, second))):
                undecided.pending = True
                return
        self._settle(citizen, undecided, judgement)

    def _settle(self, citizen: Citizen, undecided: Undecided, judgement: Judgement) -> None:
        undecided.pending = False
        if judgement.action == "pass":
            return
        judgement = self._watch.moderated(citizen, undecided, judgement)
        if judgement.action == "mask":
            # The masked words are what is journaled and said; nobody keeps the others.
            undecided.parameters = {**undecided.parameters, "text": judgement.text}
            undecided.note = f"said with words masked, since the town allows only {judgement.says}"
        else:
            undecided.refusal = refusal_of(judgement)


def _graver(one: Judgement, other: Judgement) -> Judgement:
    return other if other.score > one.score else one


def _undecided(arrival: Arrival, refusal: Refusal | None) -> Undecided:
    if refusal is not None and refusal.code not in REMEMBERED:
        raise ValueError(f"{refusal.code} is never remembered, so it can't wait for a tick")
    return Undecided(
        id=arrival.id or "",
        action=arrival.action,
        parameters=arrival.parameters,
        observation_id=arrival.observation_id,
        expires_tick=arrival.expires_tick,
        reasoning=arrival.reasoning,
        traceparent=arrival.traceparent,
        refusal=refusal,
        arrived=arrival.at,
    )
