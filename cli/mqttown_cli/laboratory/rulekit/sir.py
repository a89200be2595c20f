"""An epidemic after Kermack & McKendrick (1927), on a graph: whoever is ill coughs at their contacts, until they are well."""

from typing import ClassVar

import polars as pl

from mqttown_cli.laboratory.rulekit.me import Act, Me
from mqttown_cli.laboratory.rulekit.packs import graph
from mqttown_cli.laboratory.rulekit.played import Played
from mqttown_orchestrator.world.luck import Luck

__all__ = ["Sir", "random_edges"]


class Sir(Played):
    """In each step each ill agent coughs at some of its contacts, as quiet words. A susceptible one who hears it falls ill.

    Args:
        seed: of world and agents.
        agents: how many.
        contacts: mean number of contacts of an agent.
        spread: chance that one step beside an ill contact makes ill.
        recovery: chance that an ill agent is well, and immune, after a step.
        ill: how many are ill at the beginning.
        record: whether tables are kept.
    """

    columns: ClassVar = {"state": pl.String()}

    def __init__(
        self,
        *,
        seed: int,
        agents: int = 200,
        contacts: float = 6.0,
        spread: float = 0.1,
        recovery: float = 0.3,
        ill: int = 5,
        record: bool = True,
    ) -> None:
        super().__init__(graph(agents, random_edges(agents, contacts / (agents - 1), seed)), seed, record=record)
        self.spread, self.recovery = spread, recovery
        for number, me in enumerate(self.agents.values()):
            me.memory["state"] = "ill" if number < ill else "susceptible"

    def act(self, me: Me) -> Act | None:
        """Fall ill of what was heard; if ill, cough, and perhaps get well."""
        if me.heard and me.memory["state"] == "susceptible":
            me.memory["state"] = "ill"
        if me.memory["state"] != "ill":
            return None
        exposed = [other for other in me.contacts if me.chance(self.spread)]
        if me.chance(self.recovery):
            me.memory["state"] = "recovered"
        return me.say("*coughs*", to=exposed) if exposed else None

    def step(self) -> None:
        """Everybody at once; it is over when nobody is ill, or about to be."""
        super().step()
        self.running = any(
            me.memory["state"] == "ill" or (me.heard and me.memory["state"] == "susceptible") for me in self.agents.values()
        )

    def count(self, state: str) -> int:
        """How many are `susceptible`, `ill` or `recovered`."""
        return sum(me.memory["state"] == state for me in self.agents.values())


def random_edges(agents: int, probability: float, seed: int) -> list[tuple[int, int]]:
    """A random graph: each pair is joined with the same probability (Gilbert, 1959; Erdős & Rényi, 1960)."""
    luck = Luck(seed)
    limit = int(probability * 2**32)
    return [(one, other) for other in range(agents) for one in range(other) if luck.draw("edge", one, other) < limit]
