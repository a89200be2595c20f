"""The places where one meets people: those of leisure where residents work, and the parks, as everybody in town knows them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import hypot
from typing import Any, Final

from mqttown_agents.schedule import span_holds

__all__ = ["Haunt", "haunts_near_homes"]

_STAFFED: Final = ("bar", "cafe", "restaurant")
_MOST_STAFFED: Final = 5
_MOST_PARKS: Final = 2


@dataclass(frozen=True, slots=True)
class Haunt:
    """A place to meet people.

    Attributes:
        id, kind, name: of the building.
        x, y: its door, metres.
        opens, closes: minutes of the day; equal if it never closes.
        days: on which it opens, 0 Monday to 6 Sunday.
    """

    id: str
    kind: str
    name: str
    x: float
    y: float
    opens: int
    closes: int
    days: frozenset[int]

    def open_at(self, weekday: int, minute: int) -> bool:
        """Whether it is open, and was opened today: the small hours of a bar are left out."""
        return weekday in self.days and span_holds(self.opens, self.closes, minute)

    def metres_from(self, x: float, y: float) -> float:
        """Straight distance from a point in metres."""
        return hypot(self.x - x, self.y - y)


def haunts_near_homes(town: Mapping[str, Any], homes: Iterable[str] | None = None) -> dict[str, tuple[Haunt, ...]]:
    """The haunts of those who live in a home, by building id: the nearest staffed places and parks.

    Args:
        town: the compiled town.
        homes: building ids; those of the town's people without it.
    """
    houses = {house["id"]: house for house in town["buildings"]}
    workplaces = {job["id"]: job["building"] for job in town["jobs"]}
    staffed = dict.fromkeys(workplaces[person["job"]] for person in town["people"] if person["job"] is not None)
    met_in = [_haunt(houses[place], town["places"]) for place in staffed if houses[place]["kind"] in _STAFFED]
    parks = [_haunt(house, town["places"]) for house in houses.values() if house["kind"] == "park"]
    if homes is None:
        homes = dict.fromkeys(person["home"] for person in town["people"] if person["home"] is not None)
    return {home: (*_nearest(houses[home], met_in, _MOST_STAFFED), *_nearest(houses[home], parks, _MOST_PARKS)) for home in homes}


def _nearest(home: Mapping[str, Any], haunts: Sequence[Haunt], most: int) -> list[Haunt]:
    x, y = home["door"][0] / 100, home["door"][1] / 100
    return sorted(haunts, key=lambda haunt: (haunt.metres_from(x, y), haunt.id))[:most]


def _haunt(house: Mapping[str, Any], places: Mapping[str, Any]) -> Haunt:
    x, y = house["door"]
    hours = places.get(house["id"], {"opens": 0, "closes": 0, "days": range(7)})
    return Haunt(
        house["id"], house["kind"], house["name"], x / 100, y / 100, hours["opens"], hours["closes"], frozenset(hours["days"])
    )
