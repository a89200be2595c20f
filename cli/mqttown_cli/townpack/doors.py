"""Where one goes in: the door of a building and of a room on its street."""

from collections.abc import Iterable, Mapping
from typing import Final

from shapely import STRtree
from shapely.geometry import LineString, Polygon
from shapely.geometry import Point as Spot

from mqttown_cli.townpack.extract import Point
from mqttown_cli.townpack.streets import Streets

__all__ = ["Entrances"]

_RANK: Final[Mapping[str, int]] = {"main": 0, "yes": 1, "shop": 2, "home": 2, "staircase": 2, "side": 3, "secondary": 3}
"""Entrances that visitors use, the likeliest first; service doors, garages and emergency exits are none."""
ON_WALL: Final = 30.0
"""A mapped entrance belongs to a wall that it is within so many centimetres of."""
NEAR_ROOM: Final = 1_500.0
"""A room on the street takes a mapped entrance within so many centimetres."""


class Entrances:
    """The entrances that are on the map, found by building."""

    def __init__(self, points: Iterable[Point], streets: Streets) -> None:
        self._points = [point for point in points if point.tags.get("entrance") in _RANK]
        self._tree = STRtree([Spot(point.at) for point in self._points])
        self._streets = streets

    def _on(self, wall: LineString) -> list[Point]:
        found = self._tree.query(wall, predicate="dwithin", distance=ON_WALL)
        return [self._points[number] for number in sorted(int(n) for n in found)]

    def of_house(self, shape: Polygon) -> tuple[float, float]:
        """Return the door of a whole building: its best mapped entrance, else the place of its outline nearest to a street."""
        wall = LineString(shape.exterior.coords)
        mapped = self._on(wall)
        if mapped:
            return min(mapped, key=lambda point: (_RANK[point.tags["entrance"]], point.osm_id)).at
        return self._facing(wall, shape.representative_point())

    def of_room(self, at: tuple[float, float], house: Polygon) -> tuple[float, float]:
        """Return the door of a room: a mapped entrance near it, else the place of the house's wall towards the street."""
        wall = LineString(house.exterior.coords)
        spot = Spot(at)
        near = [point for point in self._on(wall) if spot.distance(Spot(point.at)) <= NEAR_ROOM]
        if near:
            return min(near, key=lambda point: (spot.distance(Spot(point.at)), point.osm_id)).at
        return self._facing(wall, spot)

    def _facing(self, wall: LineString, inside: Spot) -> tuple[float, float]:
        _, street = self._streets.nearest((inside.x, inside.y))
        door = wall.interpolate(wall.project(street))
        return float(door.x), float(door.y)
