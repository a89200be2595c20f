"""One decision in the making: what the leaves of the tree look at, and the choice they come to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mqttown_agents.acquaintance import Acquaintance
from mqttown_agents.haunts import Haunt
from mqttown_agents.items import Item
from mqttown_agents.luck import Luck
from mqttown_agents.notebook import JUST_CAME, Notebook
from mqttown_agents.persona import Persona
from mqttown_agents.prose import Prose
from mqttown_agents.situation import Situation

__all__ = ["Choice", "Turn"]


@dataclass(frozen=True, slots=True)
class Choice:
    """What a resident does next, and why in a few words."""

    action: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    reasoning: str = ""


@dataclass(slots=True)
class Turn:
    """One decision.

    Attributes:
        persona, notebook, luck, prose: the mind's.
        items: what is sold in town, by item id.
        haunts: where one meets people.
        now: what was observed.
        talkative: those with whom one may begin to talk, nearest first; None until somebody asks.
    """

    persona: Persona
    notebook: Notebook
    luck: Luck
    prose: Prose
    items: Mapping[str, Item]
    haunts: Sequence[Haunt]
    now: Situation
    talkative: list[Acquaintance] | None = None

    def attempt(self, action: str, target: str, parameters: Mapping[str, Any], reasoning: str) -> Choice | None:
        """The choice to do this, or None if it was tried again and again without effect."""
        if not self.notebook.worth_trying(action, target, self.now.tick):
            return None
        self.notebook.try_it(action, target, self.now.tick)
        return Choice(action, parameters, reasoning)

    def walk_to(self, building: str, reasoning: str) -> Choice | None:
        """The choice to walk to a building one is not in."""
        if building == self.now.building:
            return None
        choice = self.attempt("move_to", building, {"to": building}, reasoning)
        if choice is not None:
            self.notebook.settled_until = JUST_CAME
            self.notebook.heading = self.notebook.atlas.name_of(building)
        return choice

    def open_haunts(self, kinds: Sequence[str]) -> list[Haunt]:
        """Haunts of these kinds that are open now, without the one where the resident is."""
        now = self.now
        return [
            haunt
            for haunt in self.haunts
            if haunt.kind in kinds and haunt.id != now.building and haunt.open_at(now.weekday, now.minute)
        ]

    def draw(self, *key: str | int) -> int:
        """A whole number that is this resident's luck at this tick."""
        return self.luck.draw(self.now.tick, *key)
