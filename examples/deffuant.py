"""Opinions under bounded confidence, after Deffuant et al. (2000): a model and a measure for deffuant.yaml."""

from itertools import pairwise
from typing import ClassVar

import polars as pl

from mqttown_cli.laboratory.measure import Measure, Tables
from mqttown_cli.laboratory.rulekit.me import Act, Me
from mqttown_cli.laboratory.rulekit.packs import hall
from mqttown_cli.laboratory.rulekit.played import Played


class Deffuant(Played):
    """In each step everybody tells their opinion to somebody. Whoever hears one that is near enough goes half the way to it."""

    columns: ClassVar = {"opinion": pl.Float64()}

    def __init__(self, *, seed: int, agents: int = 100, confidence: float = 0.2) -> None:
        super().__init__(hall(agents), seed)
        self.confidence = confidence
        self.everybody = list(self.agents)
        for me in self.agents.values():
            me.memory["opinion"] = me.below(1_000_001) / 1_000_000

    def act(self, me: Me) -> Act | None:
        """Come nearer to what was heard, and speak."""
        for told in me.heard:
            apart = float(told.text) - me.memory["opinion"]
            if abs(apart) < self.confidence:
                me.memory["opinion"] += apart / 2
        other = me.choice(self.everybody)
        return None if other == me.id else me.say(f"{me.memory['opinion']:.6f}", to=[other])


def camps(tables: Tables, *, apart: float, least: float) -> int:
    """How many groups of opinions there are, with nobody in the gaps between them, and a share of the residents in each."""
    opinions = sorted(tables["residents"]["opinion"].to_list())
    sizes = [1]
    for one, other in pairwise(opinions):
        if other - one > apart:
            sizes.append(0)
        sizes[-1] += 1
    return sum(size >= least * len(opinions) for size in sizes)


CAMPS = Measure(
    "camps", "1", "Groups of opinions with gaps wider than `apart` between them, each a share `least` of the residents or more.",
    "Deffuant, Neau, Amblard & Weisbuch (2000), clusters", camps, ("residents",), {"apart": 0.05, "least": 0.1},
)  # fmt: skip
