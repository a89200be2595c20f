"""Segregation after Schelling (1971): whoever has too few neighbours of their own kind moves to a free place."""

from collections.abc import Iterator
from typing import ClassVar

import polars as pl

from mqttown_cli.laboratory.rulekit.me import Act, Me
from mqttown_cli.laboratory.rulekit.packs import cell, grid
from mqttown_cli.laboratory.rulekit.played import Played
from mqttown_orchestrator.world.luck import Luck

__all__ = ["Schelling"]


class Schelling(Played):
    """In each step all who are unhappy move, one after another, to any free place; a move is a walk of a tick.

    The rule is that of Mesa's example of the same name: a grid with edges, the eight places around as neighbourhood, who has no
    neighbour is unhappy.

    Args:
        seed: of world and agents.
        width: columns.
        height: rows.
        density: share of places that are lived in, on average.
        minority: share of residents in group 1, on average.
        homophily: share of one's neighbours that must be of one's group.
        record: whether tables are kept.
    """

    columns: ClassVar = {"group": pl.Int64(), "happy": pl.Boolean()}

    def __init__(
        self,
        *,
        seed: int,
        width: int = 20,
        height: int = 20,
        density: float = 0.8,
        minority: float = 0.5,
        homophily: float = 0.4,
        record: bool = True,
    ) -> None:
        luck = Luck(seed)
        cells = [(x, y) for y in range(height) for x in range(width)]
        homes = [at for at in cells if luck.draw("lived in", *at) < density * 2**32]
        super().__init__(grid(width, height, homes), seed, record=record)
        self.homophily = homophily
        for me in self.agents.values():
            me.memory["group"] = int(me.chance(minority))
        self._around = {cell(x, y): list(_around(x, y, width, height)) for x, y in cells}
        self._judge()

    def step(self) -> None:
        """All who were unhappy at the end of the last step move."""
        self.in_turn([agent for agent, me in self.agents.items() if not me.memory["happy"]])
        self.at_once(())  # the last one arrives
        self._judge()
        self.steps += 1

    def act(self, me: Me) -> Act:
        """Walk to any free place."""
        return me.move_to(me.choice([place for place in self._around if not me.inside(place)]))

    def likeness(self, me: Me) -> float | None:
        """Share of somebody's neighbours who are of their group; None without neighbours."""
        near = [self.agents[other].memory["group"] for place in self._around[str(me.building)] for other in me.inside(place)]
        return near.count(me.memory["group"]) / len(near) if near else None

    def _judge(self) -> None:
        for me in self.agents.values():
            me.memory["happy"] = (self.likeness(me) or 0.0) >= self.homophily
        self.running = not all(me.memory["happy"] for me in self.agents.values())


def _around(x: int, y: int, width: int, height: int) -> Iterator[str]:
    for column in range(max(0, x - 1), min(width, x + 2)):
        for row in range(max(0, y - 1), min(height, y + 2)):
            if (column, row) != (x, y):
                yield cell(column, row)
