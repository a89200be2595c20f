"""What an OSM extract holds, read into plain records in the town's frame."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shapely.geometry import LineString, Polygon, box
from shapely.validation import make_valid

from mqttown_cli.townpack.errors import ExtractError
from mqttown_cli.townpack.frame import Frame

if TYPE_CHECKING:
    import osmium

__all__ = ["FORMATS", "MAX_SPAN", "Area", "Extract", "Point", "Relation", "Run", "Way", "read"]

FORMATS = (".osm.pbf", ".osm", ".osm.gz", ".osm.bz2", ".o5m", ".opl")
"""Endings of files that osmium reads."""
MAX_SPAN = 40_000_00
"""A town is at most so many centimetres across; beyond, the flat frame is no longer good."""


@dataclass(frozen=True, slots=True)
class Point:
    """A tagged OSM node; `at` in centimetres."""

    osm_id: int
    tags: Mapping[str, str]
    at: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of a way whose nodes are all in the extract; `cut_*` says that the way goes on outside."""

    refs: tuple[int, ...]
    points: tuple[tuple[float, float], ...]
    cut_start: bool
    cut_end: bool


@dataclass(frozen=True, slots=True)
class Way:
    """An OSM way as the runs that lie in the extract; `closed` as it is in the whole map."""

    osm_id: int
    tags: Mapping[str, str]
    runs: tuple[Run, ...]
    closed: bool

    @property
    def is_cut(self) -> bool:
        """Say whether nodes of the way lie outside the extract."""
        return any(run.cut_start or run.cut_end for run in self.runs)


@dataclass(frozen=True, slots=True)
class Relation:
    """An OSM relation with the ids of its member ways."""

    osm_id: int
    tags: Mapping[str, str]
    ways: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Area:
    """A closed way or multipolygon, one record for each outer ring.

    Attributes:
        key: sorts and names it: 0 for a way or 1 for a relation, OSM id, number of the outer ring.
        tags: its OSM tags.
        shape: valid polygon in centimetres.
    """

    key: tuple[int, int, int]
    tags: Mapping[str, str]
    shape: Polygon


@dataclass(slots=True)
class Extract:
    """Everything of an extract that a town is made of, each list in the order of ids."""

    frame: Frame
    bounds: tuple[float, float, float, float]
    points: list[Point] = field(default_factory=list)
    ways: list[Way] = field(default_factory=list)
    areas: list[Area] = field(default_factory=list)
    boundaries: list[Relation] = field(default_factory=list)

    @property
    def box(self) -> Polygon:
        """The rectangle of the bounds."""
        rectangle: Polygon = box(*self.bounds)
        return rectangle


def read(path: Path) -> Extract:
    """Read an extract in any format that osmium knows.

    Args:
        path: a file such as `town.osm.pbf`.

    Raises:
        ExtractError: There is no such file, it is not OSM, it is empty or too wide.
    """
    if not path.is_file():
        raise ExtractError(f"{path}: there is no such file; give an OpenStreetMap extract ({', '.join(FORMATS)})")
    try:
        extract = _open(path)
        _fill(extract, path)
    except RuntimeError as error:  # the only way in which osmium tells of a file that it can't read
        raise ExtractError(f"{path}: not an OpenStreetMap file ({error}); allowed are {', '.join(FORMATS)}") from error
    extract.points.sort(key=lambda point: point.osm_id)
    extract.ways.sort(key=lambda way: way.osm_id)
    extract.areas.sort(key=lambda area: area.key)
    extract.boundaries.sort(key=lambda relation: relation.osm_id)
    return extract


def _open(path: Path) -> Extract:
    """Find bounds and centre: from the file's header, else from its nodes."""
    import osmium  # noqa: PLC0415  # heavy, and in the extra `maps`

    reader = osmium.io.Reader(str(path), osmium.osm.osm_entity_bits.NODE)
    header_box = reader.header().box()
    reader.close()
    if header_box.valid():
        (south, west), (north, east) = ((at.lat, at.lon) for at in (header_box.bottom_left, header_box.top_right))
    else:
        nodes: Any = osmium.FileProcessor(str(path), osmium.osm.NODE)
        spots = [(node.location.lat, node.location.lon) for node in nodes if node.location.valid()]
        if not spots:
            raise ExtractError(f"{path}: the extract has no nodes; it must hold streets and at least three buildings")
        south, north = min(lat for lat, _ in spots), max(lat for lat, _ in spots)
        west, east = min(lon for _, lon in spots), max(lon for _, lon in spots)
    frame = Frame(round((south + north) / 2, 7), round((west + east) / 2, 7))
    corners = [frame.place(lat, lon) for lat in (south, north) for lon in (west, east)]
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    bounds = (min(xs), min(ys), max(xs), max(ys))
    if max(bounds[2] - bounds[0], bounds[3] - bounds[1]) > MAX_SPAN:
        wide, high = (bounds[2] - bounds[0]) / 1e5, (bounds[3] - bounds[1]) / 1e5
        raise ExtractError(
            f"{path}: the extract is {wide:.0f} by {high:.0f} km; a town is at most {MAX_SPAN / 1e5:.0f} km across; "
            "cut a piece with `osmium extract --bbox WEST,SOUTH,EAST,NORTH`"
        )
    return Extract(frame, bounds)


def _fill(extract: Extract, path: Path) -> None:
    """Read all objects into the extract."""
    import osmium  # noqa: PLC0415

    things: Iterator[Any] = iter(osmium.FileProcessor(str(path)).with_locations().with_areas())
    for thing in things:
        tags = {tag.k: tag.v for tag in thing.tags}
        if isinstance(thing, osmium.osm.Node):
            if tags and thing.location.valid():
                extract.points.append(Point(thing.id, tags, extract.frame.place(thing.location.lat, thing.location.lon)))
        elif isinstance(thing, osmium.osm.Way):
            runs = _runs(extract.frame, thing.nodes)
            if runs:
                extract.ways.append(Way(thing.id, tags, runs, thing.is_closed()))
        elif isinstance(thing, osmium.osm.Area):
            extract.areas.extend(_shapes(extract.frame, thing, tags))
        elif tags.get("boundary") == "administrative":
            members = tuple(member.ref for member in thing.members if member.type == "w" and member.role in {"outer", ""})
            extract.boundaries.append(Relation(thing.id, tags, members))


def _runs(frame: Frame, nodes: "osmium.osm.WayNodeList") -> tuple[Run, ...]:
    """Split a way where its nodes are not in the extract."""
    runs: list[Run] = []
    refs: list[int] = []
    points: list[tuple[float, float]] = []
    cut_start = False
    for node in nodes:
        if node.location.valid():
            refs.append(node.ref)
            points.append(frame.place(node.location.lat, node.location.lon))
            continue
        if len(refs) > 1:
            runs.append(Run(tuple(refs), tuple(points), cut_start, cut_end=True))
        refs, points, cut_start = [], [], True
    if len(refs) > 1:
        runs.append(Run(tuple(refs), tuple(points), cut_start, cut_end=False))
    return tuple(runs)


def _shapes(frame: Frame, area: Any, tags: Mapping[str, str]) -> list[Area]:
    """Return one record for each outer ring of an assembled area, with its holes."""
    shapes: list[Area] = []
    for number, outer in enumerate(area.outer_rings()):
        shell = [frame.place(node.lat, node.lon) for node in outer]
        holes = [[frame.place(node.lat, node.lon) for node in inner] for inner in area.inner_rings(outer)]
        shape = make_valid(Polygon(shell, holes))
        pieces = [piece for piece in getattr(shape, "geoms", [shape]) if isinstance(piece, Polygon) and piece.area > 0]
        if pieces:
            largest = max(pieces, key=lambda piece: (piece.area, piece.bounds))
            shapes.append(Area((0 if area.from_way() else 1, area.orig_id(), number), tags, largest))
    return shapes


def line(run: Run) -> LineString:
    """Return the run as a line."""
    return LineString(run.points)
