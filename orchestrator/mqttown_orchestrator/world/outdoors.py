"""Who is in the open, in a grid, so that those near a point are found without asking everybody."""

from collections.abc import Callable
from math import isqrt
from typing import Final

__all__ = ["CELL", "Outdoors"]

CELL: Final = 5_000
"""Width of a cell, cm; no search goes further than this."""


class Outdoors:
    """People in the open. The grid is made at the first question of a tick, since walkers are never still.

    Answers are sorted by distance and id, so the order in which people were added means nothing.
    """

    def __init__(self) -> None:
        self._people: set[str] = set()
        self._late: list[str] = []
        self._cell_of: dict[str, tuple[int, int]] = {}
        self._cells: dict[tuple[int, int], dict[str, tuple[int, int]]] = {}
        self._tick = -1
        self._asked: dict[tuple[int, int], tuple[int, list[tuple[int, str, int]]]] = {}

    def add(self, agent: str) -> None:
        """Somebody has come into the open."""
        self._people.add(agent)
        self._late.append(agent)
        self._asked.clear()

    def discard(self, agent: str) -> None:
        """Somebody has left the open; nothing happens if they weren't there."""
        self._people.discard(agent)
        cell = self._cell_of.pop(agent, None)
        if cell is not None:
            del self._cells[cell][agent]
        self._asked.clear()

    def near(self, tick: int, x: int, y: int, radius: int, where: Callable[[str], tuple[int, int]]) -> list[tuple[int, str]]:
        """People within `radius` cm (at most `CELL`) of a point: (distance in cm, id), nearest first.

        Args:
            tick: the present tick; positions are asked once for each.
            x: of the point, cm.
            y: of the point, cm.
            radius: cm.
            where: tells somebody's present position, cm.
        """
        self._fill(tick, where)
        asked = self._asked.get((x, y))
        if asked is None or asked[0] < radius:
            # One who looks around is asked several things about it: whom it sees, who hears it, whom it can give to.
            asked = self._asked[x, y] = (radius, self._around(x, y, radius))
        limit = radius * radius
        return [(distance, agent) for distance, agent, square in asked[1] if square <= limit]

    def _around(self, x: int, y: int, radius: int) -> list[tuple[int, str, int]]:
        """People within `radius` cm of a point: (distance in cm, id, its exact square), nearest first."""
        cells, limit = self._cells, radius * radius
        rows = range((y - radius) // CELL, (y + radius) // CELL + 1)
        found: list[tuple[int, str, int]] = []
        for column in range((x - radius) // CELL, (x + radius) // CELL + 1):
            for row in rows:
                if (column, row) in cells:
                    for agent, (ax, ay) in cells[column, row].items():
                        square = (ax - x) * (ax - x) + (ay - y) * (ay - y)
                        if square <= limit:
                            found.append((isqrt(square), agent, square))
        found.sort()
        return found

    def _fill(self, tick: int, where: Callable[[str], tuple[int, int]]) -> None:
        if tick != self._tick:
            self._tick, self._late = tick, list(self._people)
            self._cell_of, self._cells = {}, {}
            self._asked.clear()
        for agent in self._late:
            if agent in self._people and agent not in self._cell_of:
                x, y = where(agent)
                cell = (x // CELL, y // CELL)
                self._cell_of[agent] = cell
                self._cells.setdefault(cell, {})[agent] = (x, y)
        self._late.clear()
