"""One tick in the making: what it works on, and what has happened in it so far."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from mqttown_contract.errors import Refusal
from mqttown_contract.events import Event
from mqttown_orchestrator.world.decided import Decision
from mqttown_orchestrator.world.luck import Luck
from mqttown_orchestrator.world.motion import district
from mqttown_orchestrator.world.plan import Plan
from mqttown_orchestrator.world.state import Body, State

__all__ = ["HEARD_KEPT", "SEEN_KEPT", "Answered", "Happened", "Turn"]

HEARD_KEPT: Final = 512
"""Words that an agent can pass on, at least; a quarter more before the oldest go."""
_WORDS: Final = frozenset({"said", "planted", "announced"})
SEEN_KEPT: Final = 256
"""Other witnessed events that an agent can pass on, at least."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of one `TownInput`; `refusal` is None if it was done."""

    kind: str
    agent: str
    refusal: Refusal | None


@dataclass(slots=True)
class Happened:
    """All that one tick brought.

    Attributes:
        events: in the order in which they happened.
        verdicts: one for each action, in the order in which they were judged.
        answers: one for each town input, in the order in which they were done.
        news: agents with something new to decide on, and why: `hello`, `arrived`, `ended`, `message`, `need`, `gift`, `verdict`.
    """

    tick: int
    events: list[Event] = field(default_factory=list)
    verdicts: list[Decision] = field(default_factory=list)
    answers: list[Answered] = field(default_factory=list)
    news: dict[str, set[str]] = field(default_factory=dict)


@dataclass(slots=True)
class Turn:
    """What the rules of one tick work with.

    Attributes:
        plan: as it holds now.
        replan: gives the plan anew, after an intervention has changed something in it.
    """

    state: State
    plan: Plan
    luck: Luck
    happened: Happened
    replan: Callable[[], Plan]

    @property
    def tick(self) -> int:
        """The tick that is being made."""
        return self.state.tick

    def news(self, agent: str, reason: str) -> None:
        """Tell that an agent has something new to decide on."""
        news = self.happened.news
        if agent in news:
            news[agent].add(reason)
        else:
            news[agent] = {reason}

    def event(
        self,
        kind: str,
        body: Body,
        data: dict[str, Any],
        *,
        seen_by: Iterable[str] = (),
        cause: str | None = None,
        action_id: str | None = None,
        about: Iterable[str] = (),
    ) -> str:
        """Something done by a body, where it is. Returns the event's id."""
        witnesses = [body.id, *seen_by]
        place = district(self.plan, body, self.tick)
        event = Event(
            f"e-{self.tick}-{len(self.happened.events)}", kind, self.tick, place, body.building, body.id, action_id, cause,
            list(about), witnesses, data,
        )  # fmt: skip
        self._note(event)
        return event.id

    def happening(
        self,
        kind: str,
        data: dict[str, Any],
        building: str | None = None,
        *,
        cause: str | None = None,
        witnesses: Iterable[str] | None = None,
    ) -> str:
        """Something that nobody did. Returns the event's id.

        Args:
            kind: of the event.
            data: of the event.
            building: where, or None for the whole town.
            cause: the event it follows from.
            witnesses: those inside the building if left out, and nobody for the whole town.
        """
        place = None if building is None else self.plan.buildings[building].district
        if witnesses is None:
            witnesses = () if building is None else self.state.inside.get(building, ())
        event = Event(
            f"e-{self.tick}-{len(self.happened.events)}", kind, self.tick, place, building, cause=cause, witnesses=list(witnesses),
            data=data,
        )  # fmt: skip
        self._note(event)
        return event.id

    def _note(self, event: Event) -> None:
        """Tell an event, and keep it in the bounded log of everybody who witnessed it."""
        self.happened.events.append(event)
        bodies, said = self.state.bodies, event.kind in _WORDS
        kept = HEARD_KEPT if said else SEEN_KEPT
        full = kept + kept // 4
        for agent in event.witnesses:
            log = bodies[agent].heard if said else bodies[agent].seen
            log.append(event.id)
            if len(log) > full:
                del log[: len(log) - kept]
