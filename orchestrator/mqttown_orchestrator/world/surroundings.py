"""What is near a place: buildings one might want to walk to, with those that somebody needs always among them."""

from bisect import bisect_right
from itertools import islice
from typing import Any, Final, NamedTuple

import orjson

from mqttown_orchestrator.world.fragment import fragment
from mqttown_orchestrator.world.motion import corner
from mqttown_orchestrator.world.plan import Building, Plan
from mqttown_orchestrator.world.state import Body
from mqttown_orchestrator.world.streets import Point, straight

__all__ = ["nearby", "nearby_ids", "nearby_json"]

_NEAREST: Final = 12
"""So many nearest places, without homes."""
_WANTED: Final = ("cafe", "restaurant", "shop", "park")
"""The nearest of each of these that is open is always told."""
_PER_KIND: Final = 8
_CELL: Final = 10_000
"""Width of a cell that shares its candidates, cm."""


class _Near(NamedTuple):
    """The same places as mappings, ids and JSON, and how far each is, metres."""

    rows: list[dict[str, Any]]
    ids: list[str]
    written: list[orjson.Fragment]
    metres: list[int]

    def joined_by(self, row: dict[str, Any]) -> "_Near":
        """These places with one more among them."""
        at = bisect_right(self.metres, row["metres"])
        return _Near(
            [*self.rows[:at], row, *self.rows[at:]],
            [*self.ids[:at], row["id"], *self.ids[at:]],
            [*self.written[:at], fragment(row), *self.written[at:]],
            [*self.metres[:at], row["metres"], *self.metres[at:]],
        )


def nearby(plan: Plan, body: Body, tick: int) -> list[dict[str, Any]]:
    """Places near a body as an observation tells them, nearest first. Shared: must not be changed.

    `metres` is the straight distance, from the nearest street corner if one is in the open.
    """
    return _near(plan, body, tick).rows


def nearby_json(plan: Plan, body: Body, tick: int) -> list[orjson.Fragment]:
    """As `nearby`, written already."""
    return _near(plan, body, tick).written


def nearby_ids(plan: Plan, body: Body, tick: int) -> list[str]:
    """Ids of the places near a body, nearest first. Shared: must not be changed."""
    return _near(plan, body, tick).ids


def _near(plan: Plan, body: Body, tick: int) -> _Near:
    """Public places near, shared by all who stand here, with the body's own home and workplace put among them."""
    here: str | int = body.building or corner(body, tick)
    near = _near_now(plan, plan.opening(tick))
    found = near.get(here)
    if found is None:
        found = near[here] = _choose(plan, here, tick)
    for own in (body.home, None if body.job is None else plan.jobs[body.job].building):
        if own is not None and own != here and own not in found.ids:
            metres = _row(plan, _point(plan, here), own)[1]
            found = found.joined_by(_told(plan, plan.buildings[own], metres, tick))
    return found


def _near_now(plan: Plan, opening: int) -> dict[str | int, _Near]:
    """What has been worked out since a place last opened or closed; kept no longer, as 6 KB for each place and opening add up."""
    of: int | None
    near: dict[str | int, _Near]
    of, near = plan.tables.get("near", (None, {}))
    if of != opening:
        near = {}
        plan.tables["near"] = opening, near
    return near


def _choose(plan: Plan, here: str | int, tick: int) -> _Near:
    ranked = _ranked(plan, here)
    chosen = dict(ranked[""])
    for kind in _WANTED:
        for building, metres in ranked.get(kind, ()):
            if plan.is_open(building, tick) is not False:
                chosen[building] = metres
                break
    order = sorted(chosen, key=lambda building: (chosen[building], building))
    rows = [_told(plan, plan.buildings[building], chosen[building], tick) for building in order]
    return _Near(rows, order, [fragment(row) for row in rows], [chosen[building] for building in order])


def _ranked(plan: Plan, here: str | int) -> dict[str, list[tuple[str, int]]]:
    """Nearest places (id, metres) of each kind, and under "" of all kinds; homes and other buildings left out."""
    key = ("ranked", here)
    found: dict[str, list[tuple[str, int]]] | None = plan.tables.get(key)
    if found is None:
        x, y = point = _point(plan, here)
        near = sorted(
            [
                ((px - x) ** 2 + (py - y) ** 2, building, kind)
                for px, py, building, kind in _candidates(plan, x, y)
                if building != here
            ]
        )
        found = {"": [_row(plan, point, building) for _, building, _ in near[:_NEAREST]]}
        for wanted in _WANTED:
            of_kind = (building for _, building, kind in near if kind == wanted)
            found[wanted] = [_row(plan, point, building) for building in islice(of_kind, _PER_KIND)]
        plan.tables[key] = found
    return found


def _candidates(plan: Plan, x: int, y: int) -> list[tuple[int, int, str, str]]:
    """Of the public buildings, those that may be among the nearest of any place in the same cell of a grid."""
    key = ("candidates", x // _CELL, y // _CELL)
    found: list[tuple[int, int, str, str]] | None = plan.tables.get(key)
    if found is None:
        middle = (x // _CELL * _CELL + _CELL // 2, y // _CELL * _CELL + _CELL // 2)
        far = sorted([(straight(middle, row[:2]), row) for row in _public(plan)])
        # From the middle to any place in the cell it is less than a cell. So what is nearest there is, seen from here, at
        # most two cells further away than the last that is nearest here. One more is asked for: the place itself is no goal.
        reach = {"": _nth([away for away, _ in far], _NEAREST + 1)}
        for kind in _WANTED:
            reach[kind] = _nth([away for away, row in far if row[3] == kind], _PER_KIND + 1)
        found = [row for away, row in far if away <= max(reach[""], reach.get(row[3], 0)) + 2 * _CELL]
        plan.tables[key] = found
    return found


def _nth(ordered: list[int], count: int) -> int:
    """The `count`-th of them, or the last if there are fewer."""
    return ordered[min(count, len(ordered)) - 1] if ordered else 0


def _public(plan: Plan) -> list[tuple[int, int, str, str]]:
    """Door and kind of every building that is neither a home nor of no special kind."""
    found: list[tuple[int, int, str, str]] | None = plan.tables.get("public")
    if found is None:
        found = [(*house.door, house.id, house.kind) for house in plan.buildings.values() if house.kind not in {"home", "other"}]
        plan.tables["public"] = found
    return found


def _row(plan: Plan, point: Point, building: str) -> tuple[str, int]:
    return building, straight(point, plan.buildings[building].door) // 100


def _point(plan: Plan, here: str | int) -> Point:
    return plan.buildings[here].door if isinstance(here, str) else plan.streets.nodes[here]


def _told(plan: Plan, house: Building, metres: int, tick: int) -> dict[str, Any]:
    row = {"id": house.id, "kind": house.kind, "name": house.name, "metres": metres, "open": plan.is_open(house.id, tick)}
    if house.address is not None:
        row["address"] = house.address
    return row
