"""What an agent that plays by a rule has to go by: itself, what it hears and sees, what is public, and luck of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

from mqttown_orchestrator.world.luck import Luck
from mqttown_orchestrator.world.money import purse
from mqttown_orchestrator.world.perception import perceive
from mqttown_orchestrator.world.plan import Plan
from mqttown_orchestrator.world.state import State

__all__ = ["Act", "Heard", "Me"]

Thing = TypeVar("Thing")


class Act(NamedTuple):
    """An action of the wire: a verb with its parameters."""

    verb: str
    parameters: dict[str, Any]


class Heard(NamedTuple):
    """Words that one has heard."""

    speaker: str
    text: str
    event: str


@dataclass
class Me:
    """One agent. A rule reads nothing of the world but through this.

    Attributes:
        id: of the agent.
        memory: its own, kept from step to step.
        heard: words since it last acted.
        contacts: those it has relations with, by the world pack.
        heading: where those who are on their way go, of all agents.
    """

    id: str
    contacts: Sequence[str]
    state: State = field(repr=False)
    plan: Plan = field(repr=False)
    luck: Luck = field(repr=False)
    heading: Mapping[str, str | None] = field(repr=False)
    memory: dict[str, Any] = field(default_factory=dict)
    heard: list[Heard] = field(default_factory=list)
    _drawn: tuple[int, int] = (0, 0)

    @property
    def purse(self) -> int:
        """Cents it holds."""
        return self.state.account(purse(self.id))

    @property
    def building(self) -> str | None:
        """Where it is: in a building, or None in the open."""
        return self.state.bodies[self.id].building

    @cached_property
    def home(self) -> str | None:
        """Where it lives."""
        return self.state.bodies[self.id].home

    def perceived(self) -> dict[str, Any]:
        """The `observation` of the wire: its needs, who is in sight, what is near."""
        return perceive(self.state, self.plan, self.id)

    def inside(self, building: str) -> Sequence[str]:
        """Who is in a building or on the way there; the town tells everybody of arrivals and departures."""
        return [*self.state.inside.get(building, ()), *(agent for agent, to in self.heading.items() if to == building)]

    def below(self, bound: int) -> int:
        """A number from 0 to `bound` - 1, drawn anew each time."""
        tick, drawn = self._drawn
        self._drawn = (self.state.tick, drawn + 1 if tick == self.state.tick else 0)
        return self.luck.below(bound, "act", self.id, *self._drawn)

    def chance(self, probability: float) -> bool:
        """Whether something of this probability comes true, drawn anew each time."""
        return self.below(1 << 32) < probability * (1 << 32)

    def choice(self, things: Sequence[Thing]) -> Thing:
        """One of some things, each as likely, drawn anew each time."""
        return things[self.below(len(things))]

    def say(self, text: str, to: Sequence[str] | None = None, about: Sequence[str] | None = None) -> Act:
        """Speak to all in earshot, or quietly to some of them."""
        chosen = {"text": text, "to": None if to is None else list(to), "about": None if about is None else list(about)}
        return Act("say", {name: value for name, value in chosen.items() if value is not None})

    def give(self, to: str, amount: int) -> Act:
        """Hand over money, cents."""
        return Act("give", {"to": to, "amount": amount})

    def move_to(self, to: str) -> Act:
        """Walk to a building."""
        return Act("move_to", {"to": to})
