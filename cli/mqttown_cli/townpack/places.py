"""The places of a town: which buildings and rooms become one, of which kind, under which name.

A building whose use the map tells (a school, a hotel, apartments) is that. Of the uses inside a plain `building=yes` the first by
`kinds.PRIORITY` names it, but a house of more than `BIG` is not named for a room on its street: it is a home where it has an
address, and the room becomes a place of its own, with a small footprint around its spot. So do further uses in any building,
as many of each kind as `ROOMS` allows; the best described come first.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from shapely import STRtree
from shapely.geometry import Point as Spot
from shapely.geometry import Polygon, box

from mqttown_cli.townpack.extract import Area, Extract, Point
from mqttown_cli.townpack.faces import cut_shape
from mqttown_cli.townpack.kinds import PRIORITY, fills_a_house, kind_of_building, kind_of_use
from mqttown_cli.townpack.names import address_of, given_name

__all__ = ["Place", "find_places"]

BIG: Final = 400_00_00.0
"""Square centimetres (400 m²) beyond which a house is not named for a café in it."""
SMALL: Final = 15_00_00.0
"""Footprints below so many square centimetres (15 m²) without name and use are left out."""
LARGEST: Final = 50_000_00_00.0
"""A cut building beyond so many square centimetres (5 ha) was put together wrongly."""
SMALL_GREEN: Final = 300_00_00.0
"""Parks below so many square centimetres (300 m²) are no place to go to."""
ROOM: Final = 400.0
"""A room's footprint reaches so many centimetres from its spot, as far as the house does."""
ROOMS: Final[Mapping[str, int]] = {"cafe": 2, "restaurant": 1, "bar": 1, "shop": 1, "office": 1}
"""So many rooms of a kind become places in one house; of other kinds all do."""
APART: Final = 2_000.0
"""Places that stand free are at least so many centimetres apart."""
ADDRESS_REACH: Final = 150.0
"""An address node belongs to a house within so many centimetres."""
STOREY: Final = 320
"""Height of a storey in centimetres."""
HEIGHTS: Final[Mapping[str, int]] = {"church": 2000, "station": 1200, "museum": 1500, "theatre": 1500, "civic": 1200,
                                     "school": 1200, "hospital": 1600, "hotel": 2000, "office": 1600, "other": 400}  # fmt: skip
"""Height in centimetres of a building of which the map tells neither height nor storeys."""
DEFAULT_HEIGHT: Final = 1000
_DESCRIBED: Final = ("opening_hours", "website", "contact:website", "phone", "contact:phone", "cuisine", "wheelchair")


@dataclass(frozen=True, slots=True)
class Place:
    """A place before it has an id and a door.

    Attributes:
        kind: one of `kinds.KINDS`.
        name: as on the map, or None.
        address: street and number, or None.
        shape: footprint in centimetres.
        house: the house around a room; for a whole building its own shape; None in the open.
        spot: where a room is; None for a whole building.
        height: centimetres above the ground; 0 in the open.
        levels: storeys above the ground.
        tags: OSM tags that made it.
    """

    kind: str
    name: str | None
    address: str | None
    shape: Polygon
    house: Polygon | None
    spot: tuple[float, float] | None
    height: int
    levels: int
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Use:
    """A spot with a use: a shop, a café, an office."""

    point: Point
    kind: str
    name: str

    @property
    def rank(self) -> tuple[int, int, int]:
        """Sorts the uses of one kind: the better described first, then the older object."""
        told = sum(key in self.point.tags for key in _DESCRIBED)
        return -told, -len(self.point.tags), self.point.osm_id


def find_places(extract: Extract) -> list[Place]:
    """Return houses, then rooms, then places in the open; each group in the order of OSM ids."""
    houses = _houses(extract)
    shapes = [area.shape for area in houses]
    tree = STRtree(shapes)
    uses = _uses(extract.points)
    inside: dict[int, list[_Use]] = {}
    outside: list[_Use] = []
    for use in uses:
        found = sorted(int(n) for n in tree.query(Spot(use.point.at), predicate="intersects"))
        if found:
            inside.setdefault(min(found, key=lambda n: (shapes[n].area, n)), []).append(use)
        else:
            outside.append(use)
    addresses = _addresses(extract.points, shapes, tree)
    whole: list[Place] = []
    rooms: list[Place] = []
    for number, house in enumerate(houses):
        place, left = _house(house, inside.get(number, []), addresses.get(number))
        if place is not None:
            whole.append(place)
            rooms.extend(_room(use, place) for use in left)
    return [*whole, *rooms, *_kiosks(outside), *_in_the_open(extract.areas)]


def _houses(extract: Extract) -> list[Area]:
    """Return the buildings; of one that the extract cuts, what lies in the rectangle."""
    houses = [area for area in extract.areas if _is_house(area.tags)]
    for way in extract.ways:
        if way.closed and way.is_cut and _is_house(way.tags):
            piece = cut_shape(way, extract.box)
            if piece is not None and piece.area <= LARGEST:
                houses.append(Area((0, way.osm_id, 0), way.tags, piece))
    return sorted(houses, key=lambda area: area.key)


def _is_house(tags: Mapping[str, str]) -> bool:
    if tags.get("building") in {None, "no"} or tags.get("location") == "underground":
        return False
    return not tags.get("layer", "0").startswith("-")


def _uses(points: Iterable[Point]) -> list[_Use]:
    uses: list[_Use] = []
    for point in points:
        kind, name = kind_of_use(point.tags), given_name(point.tags)
        if kind is not None and name is not None and "disused" not in point.tags:
            uses.append(_Use(point, kind, name))
    return uses


def _addresses(points: Iterable[Point], shapes: Sequence[Polygon], tree: STRtree) -> dict[int, str]:
    """Return an address for each house that an address node lies in or at: the main entrance's, else the first by id."""
    found: dict[int, tuple[bool, int, str]] = {}
    for point in points:
        address = address_of(point.tags)
        if address is None:
            continue
        spot = Spot(point.at)
        near = [int(n) for n in tree.query(spot, predicate="dwithin", distance=ADDRESS_REACH)]
        if near:
            number = min(near, key=lambda n: (shapes[n].distance(spot), n))
            candidate = (point.tags.get("entrance") != "main", point.osm_id, address)
            found[number] = min(found.get(number, candidate), candidate)
    return {number: address for number, (_, _, address) in found.items()}


def _house(house: Area, uses: Sequence[_Use], address: str | None) -> tuple[Place | None, list[_Use]]:
    """Decide what a building is, and which of the uses in it become rooms."""
    name, address = given_name(house.tags), address_of(house.tags) or address
    kind = kind_of_use(house.tags) or kind_of_building(house.tags)
    ordered = sorted(uses, key=lambda use: (PRIORITY.index(use.kind), use.rank))
    chosen: _Use | None = None
    if kind is None:
        fits = [use for use in ordered if fills_a_house(use.point.tags) or house.shape.area <= BIG]
        chosen = fits[0] if fits else None
        kind = chosen.kind if chosen else "home" if address else "other"
    elif name is None and kind != "home":
        chosen = next((use for use in ordered if use.kind == kind), None)
    if chosen is not None:
        name = chosen.name
    if name is None and kind == "other" and not uses and house.shape.area < SMALL:
        return None, []
    height, levels = _height(house.tags, kind)
    tags = chosen.point.tags if chosen else house.tags
    place = Place(kind, name, address, house.shape, house.shape, None, height, levels, tags)
    return place, _worth_a_room([use for use in ordered if use is not chosen and use.name != name])


def _worth_a_room(uses: Iterable[_Use]) -> list[_Use]:
    """Keep as many of each kind as `ROOMS` allows, in their order, and none twice by name."""
    kept: list[_Use] = []
    for use in uses:
        same = sum(other.kind == use.kind for other in kept)
        if use.kind != "park" and same < ROOMS.get(use.kind, same + 1) and all(use.name != other.name for other in kept):
            kept.append(use)
    return kept


def _around(at: tuple[float, float]) -> Polygon:
    around: Polygon = box(at[0] - ROOM, at[1] - ROOM, at[0] + ROOM, at[1] + ROOM)
    return around


def _room(use: _Use, house: Place) -> Place:
    """Make a place of a use inside a house: ground floor, no larger than the house allows."""
    around = _around(use.point.at)
    part = around.intersection(house.shape)
    pieces = [piece for piece in getattr(part, "geoms", [part]) if isinstance(piece, Polygon) and piece.area >= ROOM * ROOM]
    shape = max(pieces, key=lambda piece: (piece.area, piece.bounds)) if pieces else around
    address = address_of(use.point.tags) or house.address
    return Place(use.kind, use.name, address, shape, house.shape, use.point.at, min(house.height, STOREY + 80), 1, use.point.tags)


def _kiosks(uses: Iterable[_Use]) -> list[Place]:
    """Make places of uses that are in no building on the map; of those that would stand in each other the first by rank."""
    kept: list[_Use] = []
    for use in sorted(uses, key=lambda use: (PRIORITY.index(use.kind), use.rank)):
        apart = all(math.dist(use.point.at, other.point.at) >= APART for other in kept)
        if apart and use.kind not in {"office", "park"}:
            kept.append(use)
    places: list[Place] = []
    for use in sorted(kept, key=lambda use: use.point.osm_id):
        shape, tags = _around(use.point.at), use.point.tags
        places.append(Place(use.kind, use.name, address_of(tags), shape, shape, use.point.at, STOREY, 1, tags))
    return places


def _in_the_open(areas: Iterable[Area]) -> list[Place]:
    """Return parks and squares that have a name; of namesakes the largest, which stands for all pieces that streets cut."""
    best: dict[tuple[str, str], Place] = {}
    for area in areas:
        kind, name = kind_of_use(area.tags), given_name(area.tags)
        in_the_open = kind == "park" or area.tags.get("place") == "square"
        if kind is None or name is None or not in_the_open or "building" in area.tags or area.shape.area < SMALL_GREEN:
            continue
        if (kind, name) not in best or area.shape.area > best[kind, name].shape.area:
            best[kind, name] = Place(kind, name, None, Polygon(area.shape.exterior), None, None, 0, 0, area.tags)
    return list(best.values())


def _number(text: str | None) -> float | None:
    """Return a length or count such as `12`, `12.5 m`; None for anything else."""
    try:
        value = float((text or "").replace(",", ".").removesuffix("m").strip())
    except ValueError:
        return None
    return value if 0 < value < 1000 else None


def _height(tags: Mapping[str, str], kind: str) -> tuple[int, int]:
    """Return height in centimetres and storeys: as mapped, else one from the other, else by the kind."""
    metres, storeys, roof = _number(tags.get("height")), _number(tags.get("building:levels")), _number(tags.get("roof:levels")) or 0
    if metres is not None:
        height = round(metres * 100)
    elif storeys is not None:
        height = round((storeys + roof / 2) * STOREY) + 80
    else:
        height = HEIGHTS.get(kind, DEFAULT_HEIGHT)
    return height, max(1, round(storeys) if storeys is not None else height // STOREY)
