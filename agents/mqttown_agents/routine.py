"""A routine resident: a mind that needs no model, and does what people do from morning to night."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from mqttown_agents.haunts import Haunt
from mqttown_agents.hearing import recall, take_in
from mqttown_agents.items import Item
from mqttown_agents.leaves.talk import part, talkative_with
from mqttown_agents.luck import Luck
from mqttown_agents.mind import Question
from mqttown_agents.notebook import Notebook
from mqttown_agents.persona import Persona
from mqttown_agents.prose import Prose
from mqttown_agents.situation import Situation
from mqttown_agents.tree import Tree
from mqttown_agents.turn import Choice, Turn

__all__ = ["Routine"]

_MEMORIES: Final = 6
_KINDS: Final = ("message", "observation")
_RECALL_AGAIN_TICKS: Final = 120


class Routine:
    """The mind of one resident.

    Args:
        persona: who they are.
        seed: of the town; with the persona's id it makes all their luck.
        tree: shared by the minds of a process.
        prose: likewise.
        items: what is sold in town, by item id.
        haunts: where this resident meets people.
    """

    def __init__(
        self, persona: Persona, seed: int, tree: Tree, prose: Prose, items: Mapping[str, Item], haunts: Sequence[Haunt] = ()
    ) -> None:
        self.persona = persona
        self.notebook = Notebook()
        self._luck = Luck(seed, persona.id)
        self._tree = tree
        self._prose = prose
        self._items = items
        self._haunts = haunts
        self._turn: Turn | None = None
        self._decided = ("", -1, 0)

    def question(self, observation: Mapping[str, Any]) -> Question | None:
        """Ask for what one knows of somebody close by with whom one may come to talk; once in two hours for each."""
        turn = self._take(observation)
        if not self._tree.talks or not turn.now.company:
            return None
        for other in talkative_with(turn):
            if turn.now.tick - other.recalled >= _RECALL_AGAIN_TICKS:
                other.recalled = turn.now.tick
                return Question(f"What have I heard, and what do I know of {other.name}?", _MEMORIES, _KINDS, turn.now.tick)
        return None

    def decide(self, observation: Mapping[str, Any], memories: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Decide by the behaviour tree. See `Mind`."""
        turn = self._take(observation)
        self._turn = None
        recall(turn, memories)
        choice = self._tree.decide(turn)
        if choice.action == "move_to" and self._tree.talks:
            choice = part(turn) or choice
        return self._action(turn, choice)

    def overhear(self, observation: Mapping[str, Any]) -> None:
        """Take in an observation without deciding on it; whoever decides on it later is not told twice."""
        self._take(observation)

    def has_more_to_say(self, tick: int) -> bool:
        """Whether this resident goes on by themselves once their words are out: they know news and have told few yet."""
        return self.notebook.gossip.bursting(tick)

    def _take(self, observation: Mapping[str, Any]) -> Turn:
        """The turn for this observation, which is taken in once."""
        if self._turn is None or self._turn.now.observation is not observation:
            self._turn = Turn(
                self.persona, self.notebook, self._luck, self._prose, self._items, self._haunts, Situation(observation)
            )
            take_in(self._turn)
        return self._turn

    def _action(self, turn: Turn, choice: Choice) -> dict[str, Any]:
        observation = turn.now.observation
        moment = (str(observation["generation"]), turn.now.tick)
        number = self._decided[2] + 1 if moment == self._decided[:2] else 0
        self._decided = (*moment, number)
        return {
            "id": f"{self.persona.id}-{moment[0]}-{turn.now.tick}-{number}",
            "action": choice.action,
            "parameters": dict(choice.parameters),
            "observation_id": observation["id"],
            "reasoning": choice.reasoning,
        }
