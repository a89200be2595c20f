"""An epidemic after Kermack & McKendrick (1927), on a graph: whoever is ill coughs at their contacts, until they are well."""

from math import exp
from typing import ClassVar

import polars as pl

from mqttown_cli.laboratory.rulekit.me import Act, Me
from mqttown_cli.laboratory.rulekit.packs import graph
from mqttown_cli.laboratory.rulekit.played import Played
from mqttown_orchestrator.world.luck import Luck

__all__ = ["Sir", "final_size", "random_edges", "transmissibility"]


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


def transmissibility(spread: float, recovery: float) -> float:
    """Chance that an ill agent ever infects one susceptible contact (Newman, 2002, eq. 2 for whole steps).

    T = 1 - sum_k r (1 - r)^(k - 1) (1 - s)^k over the steps k for which it is ill.

    Args:
        spread: chance s of one step.
        recovery: chance r to be well after a step.
    """
    return 1 - recovery * (1 - spread) / (1 - (1 - recovery) * (1 - spread))


def final_size(reproduction: float, ill: float) -> float:
    """Share of a large random graph that a large outbreak reaches (Kermack & McKendrick, 1927; Newman, 2002).

    The solution of z = 1 - (1 - i) exp(-R0 z), found by iteration downwards from 1.

    Args:
        reproduction: R0, the mean number of contacts by the transmissibility.
        ill: share i that is ill at the beginning.
    """
    size = 1.0
    for _ in range(200):
        size = 1 - (1 - ill) * exp(-reproduction * size)
    return size
