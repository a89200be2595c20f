"""The stages in their order: size, schema, identity, duplicate, rate limit, permissions, moderation; rules are the world's."""

from dataclasses import dataclass

from mqttown_contract.errors import REMEMBERED, Refusal
from mqttown_orchestrator.citizens import Citizen, Undecided
from mqttown_orchestrator.pipeline import duplicate, permissions, quarantine, schema, size
from mqttown_orchestrator.pipeline.arrival import Arrival
from mqttown_orchestrator.pipeline.moderation import ModerationStage
from mqttown_orchestrator.pipeline.rate import RateStage
from mqttown_orchestrator.world.decided import Decision
from mqttown_orchestrator.world.state import State

__all__ = ["Dropped", "Judge", "Outcome", "Queued", "Refused", "Repeated"]


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


class Judge:
    """Runs the pipeline on what arrives. The one who speaks is known from the topic (stage `identity`)."""

    def __init__(self, state: State, rate: RateStage, moderation: ModerationStage) -> None:
        self._state = state
        self._rate = rate
        self._moderation = moderation

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
            return Dropped("duplicate")
        if (before := duplicate.decided(arrival, self._state)) is not None:
            return Repeated(arrival, before)
        for fleeting in (quarantine.check, self._rate.check):
            if (refusal := fleeting(arrival)) is not None:
                return Refused(arrival, refusal)
        return Queued(_undecided(arrival, unfit or permissions.check(arrival) or self._moderation.check(arrival)))


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
