"""From an extract to the map half of a compiled town, as docs/parts.md has it."""

import gzip
import io
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from shapely import STRtree
from shapely.geometry import LineString, Polygon
from shapely.geometry import Point as Spot

from mqttown_cli.townpack.districts import District, assign, divide
from mqttown_cli.townpack.doors import Entrances
from mqttown_cli.townpack.drawing import draw, ring
from mqttown_cli.townpack.errors import ExtractError
from mqttown_cli.townpack.extract import Extract, Way, line, read
from mqttown_cli.townpack.names import given_name, slug, unique_ids, unique_names
from mqttown_cli.townpack.places import Place, find_places
from mqttown_cli.townpack.streets import Streets, lay, walkable

__all__ = ["ATTRIBUTION", "FORMAT", "compile_map", "to_bytes"]

FORMAT: Final = 1
ATTRIBUTION: Final = "© OpenStreetMap contributors, ODbL 1.0"
FOOTPRINT_TOLERANCE: Final = 50.0
"""Footprints are simplified to within so many centimetres."""
NEAR_STREETS: Final = 25_000.0
"""A building farther than so many centimetres from every street is left out."""
_WORDS: Final[Mapping[str, str]] = {
    "home": "House", "cafe": "Café", "restaurant": "Restaurant", "shop": "Shop", "office": "Office", "school": "School",
    "park": "Park", "bar": "Bar", "hotel": "Hotel", "church": "Church", "museum": "Museum", "theatre": "Theatre",
    "station": "Station", "hospital": "Hospital", "civic": "Public building", "other": "Building",
}  # fmt: skip


def compile_map(
    path: Path, *, town: str | None = None, name: str | None = None, progress: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """Compile an OSM extract into a town map.

    Args:
        path: the extract.
        town: id of the town; made from its name if not given.
        name: name of the town; else that of the largest place on the map, else the file's.
        progress: is told each step.

    Returns:
        The map, with whole centimetres; complete, but without what a town's content adds.

    Raises:
        ExtractError: The file is missing, is not OSM, or holds too little for a town.
    """
    progress(f"reading {path}")
    extract = read(path)
    name = name or _town_name(extract) or path.name.split(".")[0]
    town = town or slug(name)
    if not town or town != slug(town):
        raise ExtractError(f"the town {name!r} needs an id of a-z, 0-9 and dashes, at most 48; give one with --id")
    progress(f"laying streets from {len(extract.ways):,} ways")
    streets = lay(extract.ways, [area for area in extract.areas if area.tags.get("area") != "no" and _is_square(area.tags)])
    progress("finding buildings, cafés, shops, parks")
    places = [place for place in find_places(extract) if _reachable(place, streets, extract)]
    progress(f"dividing {len(places):,} places into districts")
    districts = divide(extract, [_middle(place) for place in places])
    doors = _doors(places, Entrances(extract.points, streets), streets)
    nodes = streets.join(doors)
    progress(f"tied {len(places):,} doors to {len(streets.nodes):,} street nodes")
    named = _named_districts(districts, places, extract.ways)
    return {
        "format": FORMAT,
        "town": {
            "id": town,
            "name": name,
            "attribution": ATTRIBUTION,
            "origin": {"lat": extract.frame.lat, "lon": extract.frame.lon},
            "bounds": [round(value) for value in extract.bounds],
        },
        "districts": named,
        "buildings": _buildings(places, doors, nodes, [entry["id"] for entry in named], districts, extract.ways),
        "streets": {
            "nodes": [list(spot) for spot in streets.nodes],
            "node_district": assign(districts, streets.nodes),
            "edges": [[a, b, streets.length(a, b)] for a, b in streets.edges],
        },
        "drawing": draw(extract),
    }


def to_bytes(town_map: Mapping[str, Any]) -> bytes:
    """Return the map as gzipped JSON; the same map gives the same bytes."""
    text = json.dumps(town_map, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", filename="", mtime=0, compresslevel=9) as packed:
        packed.write(text.encode())
    return buffer.getvalue()


def _is_square(tags: Mapping[str, str]) -> bool:
    return tags.get("highway") in {"pedestrian", "footway"} and walkable(tags)


def _town_name(extract: Extract) -> str | None:
    """Return the name of the largest kind of place on the map."""
    for kind in ("city", "town", "village", "suburb", "hamlet"):
        for point in extract.points:
            if point.tags.get("place") == kind and given_name(point.tags):
                return given_name(point.tags)
    return None


def _middle(place: Place) -> tuple[float, float]:
    if place.spot is not None:
        return place.spot
    spot = place.shape.representative_point()
    return float(spot.x), float(spot.y)


def _reachable(place: Place, streets: Streets, extract: Extract) -> bool:
    """Say whether the place lies in the extract and near the streets, not beyond a river without a bridge."""
    at = _middle(place)
    _, street = streets.nearest(at)
    return bool(place.shape.distance(street) <= NEAR_STREETS and extract.box.intersects(Spot(at)))


def _doors(places: Sequence[Place], entrances: Entrances, streets: Streets) -> list[tuple[float, float]]:
    doors: list[tuple[float, float]] = []
    for place in places:
        if place.spot is not None and place.house is not None:
            doors.append(entrances.of_room(place.spot, place.house))
        elif place.house is not None:
            doors.append(entrances.of_house(place.house))
        else:
            doors.append(_gate(place.shape, streets))
    return doors


def _gate(shape: Polygon, streets: Streets) -> tuple[float, float]:
    """Return the spot of a park that is nearest to a street; inside it, if a path leads there."""
    middle = shape.representative_point()
    _, street = streets.nearest((middle.x, middle.y))
    if shape.contains(street):
        return float(street.x), float(street.y)
    edge = LineString(shape.exterior.coords)
    spot = edge.interpolate(edge.project(street))
    return float(spot.x), float(spot.y)


def _named_districts(districts: Sequence[District], places: Sequence[Place], ways: Sequence[Way]) -> list[dict[str, Any]]:
    """Return districts with id, name, centre and ring; a nameless one is named for the street that most of it lies on."""
    members = assign(districts, [_middle(place) for place in places])
    on_street = _streets_at(ways, [_middle(place) for place in places])
    names: list[str] = []
    for number, district in enumerate(districts):
        counted = Counter(street for street, member in zip(on_street, members, strict=True) if member == number and street)
        fresh = [street for street, _ in sorted(counted.items(), key=lambda pair: (-pair[1], pair[0])) if street not in names]
        names.append(district.name or (fresh[0] if fresh else f"District {number + 1}"))
    names = unique_names(names, [None] * len(names))
    ids = unique_ids(names, [f"district-{number + 1}" for number in range(len(names))])
    entries: list[dict[str, Any]] = []
    for key, name, district in zip(ids, names, districts, strict=True):
        centre = district.polygon.representative_point()
        entries.append({"id": key, "name": name, "centre": [round(centre.x), round(centre.y)], "polygon": ring(district.polygon)})
    return entries


def _streets_at(ways: Sequence[Way], spots: Sequence[tuple[float, float]]) -> list[str | None]:
    """Return the name of the nearest named street for each spot."""
    named = [(way.tags["name"], line(run)) for way in ways if "highway" in way.tags and "name" in way.tags for run in way.runs]
    if not named:
        return [None] * len(spots)
    tree: Any = STRtree([shape for _, shape in named])
    return [named[int(tree.nearest(Spot(at)))][0] for at in spots]


def _buildings(
    places: Sequence[Place], doors: Sequence[tuple[float, float]], nodes: Sequence[int], district_ids: Sequence[str],
    districts: Sequence[District], ways: Sequence[Way],
) -> list[dict[str, Any]]:  # fmt: skip
    """Return the entries of all places, sorted by id."""
    on_street = _streets_at(ways, doors)
    plain = [
        place.name or place.address or (f"{_WORDS[place.kind]} on {street}" if street else _WORDS[place.kind])
        for place, street in zip(places, on_street, strict=True)
    ]
    names = unique_names(plain, on_street)
    ids = unique_ids(names, [f"{place.kind} {street or ''}" for place, street in zip(places, on_street, strict=True)])
    members = assign(districts, [_middle(place) for place in places])
    entries: list[dict[str, Any]] = []
    for number, place in enumerate(places):
        x, y = doors[number]
        thin = place.shape.simplify(FOOTPRINT_TOLERANCE)
        entries.append(
            {
                "id": ids[number],
                "name": names[number],
                "kind": place.kind,
                "district": district_ids[members[number]],
                "footprint": ring(thin if isinstance(thin, Polygon) else place.shape),
                "height": place.height,
                "levels": place.levels,
                "door": [round(x), round(y)],
                "node": nodes[number],
                "address": place.address,
            }
        )
    return sorted(entries, key=lambda entry: str(entry["id"]))
