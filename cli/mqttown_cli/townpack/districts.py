"""The parts of a town: none empty, none with more than a third of its buildings, every spot in exactly one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from shapely import STRtree, coverage_simplify, voronoi_polygons
from shapely.geometry import MultiPoint, Polygon, box
from shapely.geometry import Point as Spot
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

from mqttown_cli.townpack.boundaries import DISTRICT_PLACES, drawn_districts, joined
from mqttown_cli.townpack.cells import cells
from mqttown_cli.townpack.errors import ExtractError
from mqttown_cli.townpack.extract import Extract
from mqttown_cli.townpack.names import given_name

__all__ = ["District", "assign", "divide"]

SHARE: Final = 3
"""No district holds more than one part in so many of the buildings."""
TOLERANCE: Final = 200.0
"""Common borders are simplified to within so many centimetres, together, so that no gap opens."""
LITTLE: Final = 50
"""A district with fewer than one in so many of the buildings joins its neighbour."""
VILLAGES: Final = ("village", "hamlet", "town", "isolated_dwelling")
"""Places that count where there are no suburbs or the like."""

At = tuple[float, float]


@dataclass(frozen=True, slots=True)
class District:
    """A part of the town: `polygon` in centimetres, `name` may be empty."""

    name: str
    polygon: Polygon


def assign(districts: Sequence[District], spots: Sequence[At]) -> list[int]:
    """Return the district of each spot: the first that holds it, else the nearest."""
    tree = STRtree([district.polygon for district in districts])
    return [min(int(n) for n in tree.query_nearest(Spot(at))) for at in spots]


def divide(extract: Extract, homes: Sequence[At]) -> list[District]:
    """Divide the rectangle of the extract into districts.

    Districts are taken from the map: boundaries drawn on it, else Voronoi cells around its named places, else H3 cells. Then those
    that are too large are cut, by the named places in them or in halves, and the little ones join a neighbour.

    Args:
        extract: the map.
        homes: a spot in each building.

    Raises:
        ExtractError: There are fewer than three buildings.
    """
    if len(homes) < SHARE:
        raise ExtractError(f"the extract has {len(homes)} buildings; a town needs at least {SHARE} (areas with building=*)")
    largest = len(homes) // SHARE
    found = joined(drawn_districts(extract, homes))
    if not found:
        found = _around_places(extract, extract.box, DISTRICT_PLACES) or _around_places(extract, extract.box, VILLAGES)
    if not found:
        found = cells(extract, homes, largest)
    districts = _without_gaps([District(name, polygon) for name, polygon in found], extract.box)
    districts = _join_little(_cut_large(extract, districts, homes, largest), homes, largest)
    thin = coverage_simplify([district.polygon for district in districts], TOLERANCE)
    smooth = [District(district.name, polygon) for district, polygon in zip(districts, thin, strict=True)]
    # A building at a border may have changed sides, in a village to the point of breaking the rule.
    kept = all(0 < len(held) <= largest for held in _members(smooth, homes))
    return smooth if kept else districts


def _around_places(extract: Extract, within: Polygon, kinds: Sequence[str]) -> list[tuple[str, Polygon]]:
    """Return the Voronoi cells of the named places in a polygon; none where there is but one place."""
    places: dict[At, str] = {}
    for point in extract.points:
        name = given_name(point.tags)
        if point.tags.get("place") in kinds and name and within.contains(Spot(point.at)):
            places.setdefault(point.at, name)
    if len(places) < 2:
        return []
    found: list[tuple[str, Polygon]] = []
    for cell in voronoi_polygons(MultiPoint(sorted(places)), extend_to=within).geoms:
        name = next(name for at, name in sorted(places.items()) if cell.contains(Spot(at)))
        found.extend((name, piece) for piece in _pieces(cell.intersection(within)))
    return sorted(found, key=lambda pair: (pair[0], pair[1].bounds))


def _pieces(shape: BaseGeometry) -> list[Polygon]:
    return [piece for piece in getattr(shape, "geoms", [shape]) if isinstance(piece, Polygon) and piece.area > 0]


def _without_gaps(districts: Sequence[District], rectangle: Polygon) -> list[District]:
    """Add what no district covers as nameless ones, which then are joined to a neighbour."""
    rest = rectangle.difference(unary_union([district.polygon for district in districts]))
    return [*districts, *(District("", piece) for piece in _pieces(rest) if piece.area > 1)]


def _members(districts: Sequence[District], homes: Sequence[At]) -> list[list[At]]:
    members: list[list[At]] = [[] for _ in districts]
    for home, number in zip(homes, assign(districts, homes), strict=True):
        members[number].append(home)
    return members


def _cut_large(extract: Extract, districts: list[District], homes: Sequence[At], largest: int) -> list[District]:
    """Cut each district with too many buildings, by the named places in it at first, then in halves."""
    by_places = True
    while True:
        members = _members(districts, homes)
        large = [number for number, held in enumerate(members) if len(held) > largest]
        if not large:
            return districts
        fresh: list[District] = []
        for number, district in enumerate(districts):
            if number not in large:
                fresh.append(district)
                continue
            parts = _around_places(extract, district.polygon, DISTRICT_PLACES) if by_places else []
            fresh.extend([District(name, part) for name, part in parts] or _halves(district, members[number]))
        districts, by_places = fresh, False


def _halves(district: District, held: Sequence[At]) -> list[District]:
    """Cut a district across its longer side, with half of its buildings on each."""
    xs, ys = sorted({x for x, _ in held}), sorted({y for _, y in held})
    wide = xs[-1] - xs[0] >= ys[-1] - ys[0]
    values = xs if wide else ys
    if len(values) < 2:
        raise ExtractError(f"{len(held)} buildings stand in one spot near {held[0]} cm; they can't be shared out to districts")
    middle = sorted(x if wide else y for x, y in held)[len(held) // 2]
    high = max(middle, values[1])
    at = (high + values[values.index(high) - 1]) / 2
    west, south, east, north = district.polygon.bounds
    first, second = (
        (box(west, south, at, north), box(at, south, east, north))
        if wide
        else (box(west, south, east, at), box(west, at, east, north))
    )
    words = ("West", "East") if wide else ("South", "North")
    return [
        District(f"{district.name} {word}".strip() if district.name else "", piece)
        for word, half in zip(words, (first, second), strict=True)
        for piece in _pieces(district.polygon.intersection(half))
    ]


def _join_little(districts: list[District], homes: Sequence[At], largest: int) -> list[District]:
    """Join districts with few buildings, and nameless ones beside named ones, to the neighbour with the longest border."""
    districts = list(districts)
    for _ in range(len(districts)):  # each round joins one
        counts = [len(held) for held in _members(districts, homes)]
        some_named = any(district.name for district in districts)
        order = sorted(range(len(districts)), key=lambda n: (counts[n], districts[n].polygon.bounds))
        pair = next((pair for n in order if (pair := _neighbour(n, districts, counts, largest, some_named, len(homes)))), None)
        if pair is None:
            break
        little, host = pair
        merged = District(districts[host].name, unary_union([districts[host].polygon, districts[little].polygon]))
        districts = [merged if n == host else district for n, district in enumerate(districts) if n != little]
    return sorted(districts, key=lambda district: (district.name, district.polygon.bounds))


def _neighbour(
    little: int, districts: Sequence[District], counts: Sequence[int], largest: int, some_named: bool, homes: int
) -> tuple[int, int] | None:
    """Return the pair to join, or None where the district stays as it is."""
    nameless = some_named and not districts[little].name
    if counts[little] > homes // LITTLE and not nameless:
        return None
    polygon = districts[little].polygon
    borders = [
        (polygon.intersection(other.polygon).length, -n)
        for n, other in enumerate(districts)
        if n != little and counts[n] + counts[little] <= largest
    ]
    length, number = max(borders, default=(0.0, 0))
    return (little, -number) if length > 0 else None
