"""The faces into which lines cut the town's rectangle."""

from collections import Counter
from collections.abc import Iterable

from shapely import node, polygonize
from shapely.geometry import LineString, MultiLineString, Point, Polygon
from shapely.ops import unary_union

from mqttown_cli.townpack.extract import Way

__all__ = ["cut_shape", "faces", "reaching"]


def reaching(ways: Iterable[Way], rectangle: Polygon) -> dict[int, list[LineString]]:
    """Return the lines of the ways by id, drawn on to the border where the extract cut them.

    The cut left out the next node, so the last known one lies a little inside. An end that no other of the ways goes on from is
    taken for cut as well: the way that goes on may lie outside whole.
    """
    border, listed = LineString(rectangle.exterior.coords), list(ways)
    ends = Counter(ref for way in listed for run in way.runs for ref in (run.refs[0], run.refs[-1]))
    lines: dict[int, list[LineString]] = {}
    for way in listed:
        for run in way.runs:
            points = list(run.points)
            if run.cut_start or ends[run.refs[0]] == 1:
                points.insert(0, _onto(border, points[0]))
            if run.cut_end or ends[run.refs[-1]] == 1:
                points.append(_onto(border, points[-1]))
            lines.setdefault(way.osm_id, []).append(LineString(points))
    return lines


def _onto(border: LineString, at: tuple[float, float]) -> tuple[float, float]:
    spot = border.interpolate(border.project(Point(at)))
    return float(spot.x), float(spot.y)


def faces(lines: Iterable[LineString], rectangle: Polygon) -> list[Polygon]:
    """Return the polygons into which the lines cut the rectangle, sorted by their bounds."""
    net = node(MultiLineString([rectangle.exterior, *lines]))
    found = polygonize([unary_union(net)]).geoms
    inside = [face for face in found if isinstance(face, Polygon) and rectangle.contains(face.representative_point())]
    return sorted(inside, key=lambda face: face.bounds)


def cut_shape(way: Way, rectangle: Polygon) -> Polygon | None:
    """Return what lies in the rectangle of a closed way that the extract cut.

    A closed way has no inside by its direction, so of the faces on both sides the smaller is taken.
    """
    pieces = faces(reaching([way], rectangle)[way.osm_id], rectangle)
    if len(pieces) < 2:
        return None
    return min(pieces, key=lambda face: (face.area, face.bounds))
