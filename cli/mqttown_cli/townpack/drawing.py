"""What a map draws beside the buildings: ways, water and green."""

import math
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any, Final

from shapely import STRtree
from shapely.geometry import Point, Polygon, box
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

from mqttown_cli.townpack.extract import Extract, Way, line
from mqttown_cli.townpack.faces import cut_shape, faces, reaching

__all__ = ["draw", "polygons", "ring"]

WAYS: Final[Mapping[str, str]] = {
    "motorway": "motorway", "motorway_link": "motorway", "trunk": "primary", "trunk_link": "primary", "primary": "primary",
    "primary_link": "primary", "secondary": "secondary", "secondary_link": "secondary", "tertiary": "tertiary",
    "tertiary_link": "tertiary", "residential": "residential", "unclassified": "residential", "living_street": "residential",
    "road": "residential", "service": "service", "track": "service", "pedestrian": "pedestrian", "cycleway": "cycleway",
    "footway": "footway", "path": "footway", "bridleway": "footway", "steps": "steps",
}  # fmt: skip
"""Kind on the drawing for each value of `highway`."""
RAILS: Final = frozenset({"rail", "tram", "light_rail", "narrow_gauge", "subway"})
WATER: Final = (("natural", {"water", "bay", "strait"}), ("waterway", {"riverbank", "dock"}), ("landuse", {"basin", "reservoir"}))
GREEN: Final = (
    ("leisure", {"park", "garden", "nature_reserve", "golf_course"}),
    ("landuse", {"grass", "forest", "meadow", "recreation_ground", "village_green", "cemetery", "allotments", "orchard"}),
    ("natural", {"wood", "scrub", "grassland", "heath", "wetland"}),
)
TOLERANCE: Final = 100.0
"""Outlines and lines are simplified to within so many centimetres."""
ASIDE: Final = 5.0
"""So many centimetres beside a coastline it is told what is land and what is sea."""
SMALLEST: Final = 60_00_00.0
"""Patches below so many square centimetres (60 m²) are not drawn."""


def draw(extract: Extract) -> dict[str, Any]:
    """Return `ways`, `water` and `green` as docs/parts.md has them; polygons are single rings without holes."""
    water = unary_union([*_areas(extract, WATER), *_sea(extract)])
    green = unary_union(_areas(extract, GREEN)).difference(water)
    return {
        "ways": sorted(_ways(extract), key=lambda way: (way["kind"], way["name"] or "", way["points"])),
        "water": polygons(water.intersection(extract.box)),
        "green": polygons(green.intersection(extract.box)),
    }


def _ways(extract: Extract) -> Iterable[dict[str, Any]]:
    for way in extract.ways:
        kind = _kind(way)
        if kind is None:
            continue
        for run in way.runs:
            points = _whole(line(run).simplify(TOLERANCE).coords)
            if len(points) > 1:
                yield {"kind": kind, "name": way.tags.get("name"), "points": points}


def _kind(way: Way) -> str | None:
    """Return how a way is drawn; None for what is under the ground, indoors or no way."""
    tags = way.tags
    if tags.get("indoor") == "yes" or tags.get("tunnel") in {"yes", "building_passage"} or tags.get("layer", "0").startswith("-"):
        return None
    if tags.get("railway") in RAILS:
        return "tram" if tags["railway"] == "tram" else "rail"
    return WAYS.get(tags.get("highway", ""))


def _matches(tags: Mapping[str, str], wanted: Iterable[tuple[str, set[str]]]) -> bool:
    return any(tags.get(key) in values for key, values in wanted)


def _areas(extract: Extract, wanted: tuple[tuple[str, set[str]], ...]) -> list[Polygon]:
    """Return whole areas with the wanted tags, and the pieces in the rectangle of those that the extract cut."""
    found = [area.shape for area in extract.areas if _matches(area.tags, wanted)]
    for way in extract.ways:
        if way.closed and way.is_cut and _matches(way.tags, wanted):
            piece = cut_shape(way, extract.box)
            if piece is not None:
                found.append(piece)
    return found


def _sea(extract: Extract) -> list[Polygon]:
    """Return the faces on the right of the coastlines (OSM draws them with the land on the left)."""
    lines = reaching([way for way in extract.ways if way.tags.get("natural") == "coastline"], extract.box)
    coasts = [coast for way in sorted(lines) for coast in lines[way]]
    pieces = faces(coasts, extract.box)
    tree = STRtree(pieces)
    wet = [0.0] * len(pieces)
    for coast in coasts:
        for (x0, y0), (x1, y1) in pairwise(coast.coords):
            length = math.dist((x0, y0), (x1, y1))
            if length == 0:
                continue
            right = (y1 - y0) / length * ASIDE, (x0 - x1) / length * ASIDE
            for sign in (1, -1):
                beside = Point((x0 + x1) / 2 + sign * right[0], (y0 + y1) / 2 + sign * right[1])
                for piece in tree.query(beside, predicate="intersects"):
                    wet[int(piece)] += sign * length
    return [piece for piece, share in zip(pieces, wet, strict=True) if share > 0]


def polygons(shape: BaseGeometry) -> list[list[list[int]]]:
    """Return rings without holes that together are the shape, the largest first.

    A polygon with a hole is cut in two through the hole, again and again.
    """
    flat: list[Polygon] = []
    waiting = [piece for piece in getattr(shape, "geoms", [shape]) if isinstance(piece, Polygon)]
    while waiting:
        piece = waiting.pop().simplify(TOLERANCE)
        if piece.area < SMALLEST:
            continue
        holes = [hole for hole in piece.interiors if Polygon(hole).area >= SMALLEST]
        if not holes:
            flat.append(Polygon(piece.exterior))
            continue
        piece = Polygon(piece.exterior, holes)
        west, south, east, north = piece.bounds
        through = Polygon(holes[0]).centroid.x
        for half in (box(west, south, through, north), box(through, south, east, north)):
            part = piece.intersection(half)
            waiting.extend(p for p in getattr(part, "geoms", [part]) if isinstance(p, Polygon))
    rings = [ring(piece) for piece in sorted(flat, key=lambda piece: (-piece.area, piece.bounds))]
    return [points for points in rings if len(points) > 2]


def ring(shape: Polygon) -> list[list[int]]:
    """Return the outer ring in whole centimetres, counterclockwise, its first point not repeated."""
    coords = shape.exterior.coords if shape.exterior.is_ccw else list(shape.exterior.coords)[::-1]
    points = _whole(coords)
    return points[:-1] if points[0] == points[-1] else points


def _whole(coords: Iterable[tuple[float, ...]]) -> list[list[int]]:
    """Round to whole centimetres and drop what then stands still."""
    points: list[list[int]] = []
    for x, y, *_ in coords:
        spot = [round(x), round(y)]
        if not points or points[-1] != spot:
            points.append(spot)
    return points
