"""Districts that the map itself draws: administrative boundaries and areas of places."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from shapely import STRtree
from shapely.geometry import LineString, MultiLineString, Polygon
from shapely.geometry import Point as Spot
from shapely.ops import unary_union

from mqttown_cli.townpack.extract import Extract
from mqttown_cli.townpack.faces import faces, reaching
from mqttown_cli.townpack.names import given_name

__all__ = ["DISTRICT_PLACES", "drawn_districts", "joined"]

DISTRICT_PLACES: Final = ("suburb", "quarter", "neighbourhood", "borough")
"""Values of `place` that name a part of a town."""
DEEPEST: Final = 11
"""Administrative levels from here up are looked at, the deepest first; OSM uses 9 to 11 for parts of towns."""
ENOUGH: Final = 0.6
"""Districts on the map count only where they hold at least this share of the buildings."""
FEWEST: Final = 3

Named = list[tuple[str, Polygon]]


def drawn_districts(extract: Extract, homes: Sequence[tuple[float, float]]) -> Named:
    """Return names and polygons of the districts on the map; empty where the map has none that will do.

    Args:
        extract: the map.
        homes: a spot in each building, to tell which districts have any.
    """
    spots = [Spot(at) for at in homes]
    levels = sorted({level for relation in extract.boundaries if (level := _level(relation.tags)) is not None}, reverse=True)
    for level in levels:
        found = _by_level(extract, level)
        if _will_do(found, spots):
            return found
    places = [area for area in extract.areas if area.tags.get("place") in DISTRICT_PLACES and given_name(area.tags)]
    outlines = [LineString(area.shape.exterior.coords) for area in places]
    found = []
    for face in faces(outlines, extract.box):
        inside = [area for area in places if area.shape.contains(face.representative_point())]
        if inside:
            smallest = min(inside, key=lambda area: (area.shape.area, area.key))
            found.append((given_name(smallest.tags) or "", face))
    return found if _will_do(found, spots) else []


def _level(tags: Mapping[str, str]) -> int | None:
    text = tags.get("admin_level", "")
    return int(text) if text.isdigit() and 8 < int(text) <= DEEPEST else None


def _will_do(found: Named, spots: Sequence[Spot]) -> bool:
    """Say whether the districts are enough, and hold enough of the buildings."""
    if not spots or len({name for name, _ in found}) < FEWEST:
        return False
    tree = STRtree([polygon for _, polygon in found])
    held = sum(len(tree.query(spot, predicate="intersects")) > 0 for spot in spots)
    return held >= ENOUGH * len(spots)


def _by_level(extract: Extract, level: int) -> Named:
    """Return the faces between the boundaries of one level, each with the name of the relation that it belongs to.

    The extract cuts most boundaries, so that few relations close. All lines of the level cut the rectangle into faces. A
    face whole inside an assembled area has its name. Else a face belongs to a relation that all its sides (but those
    along the border) are part of; a place node of that name, then a relation that has no face yet, settles a draw.
    """
    border = LineString(extract.box.exterior.coords)
    relations = [relation for relation in extract.boundaries if given_name(relation.tags) and _level(relation.tags) == level]
    members = {ref for relation in relations for ref in relation.ways}
    runs = reaching([way for way in extract.ways if way.osm_id in members], extract.box)
    lines: dict[str, MultiLineString] = {}
    for relation in relations:
        name, parts = given_name(relation.tags), [part for ref in relation.ways for part in runs.get(ref, [])]
        if name and parts:
            lines[name] = MultiLineString(parts)
    whole = {name: area.shape for area in extract.areas if (name := given_name(area.tags)) in lines and "boundary" in area.tags}
    named: Named = []
    open_faces: list[tuple[list[str], Polygon]] = []
    for face in faces([part for name in sorted(lines) for part in lines[name].geoms], extract.box):
        inside = sorted(name for name, shape in whole.items() if shape.contains(face.representative_point()))
        if inside:
            named.append((inside[0], face))
        else:
            open_faces.append((_candidates(face, lines, border), face))
    nodes: dict[str, list[Spot]] = defaultdict(list)
    for point in extract.points:
        if "place" in point.tags and "name" in point.tags:
            nodes[point.tags["name"]].append(Spot(point.at))
    for candidates, face in sorted(open_faces, key=lambda pair: (len(pair[0]), pair[1].bounds)):
        marked = [name for name in candidates if any(face.contains(spot) for spot in nodes[name])]
        taken = {name for name, _ in named}
        fresh = [name for name in candidates if name not in taken]
        choice = (marked or fresh or candidates)[:1]
        named.extend((name, face) for name in choice)
    return named


def _candidates(face: Polygon, lines: Mapping[str, MultiLineString], border: LineString) -> list[str]:
    """Return the names of the relations that all sides of the face are part of."""
    sides = LineString(face.exterior.coords).difference(border.buffer(2.0))
    if sides.length == 0:
        return []
    near = {name: sides.intersection(line.buffer(2.0)).length / sides.length for name, line in sorted(lines.items())}
    return [name for name, share in near.items() if share > 0.97]


def joined(named: Named) -> Named:
    """Join the polygons of one name where they touch; of what stays apart each piece is its own entry."""
    by_name: dict[str, list[Polygon]] = defaultdict(list)
    for name, polygon in named:
        by_name[name].append(polygon)
    result: Named = []
    for name in sorted(by_name):
        shape = unary_union(by_name[name])
        result.extend((name, piece) for piece in getattr(shape, "geoms", [shape]))
    return result
