"""The faces into which lines cut the town's rectangle."""

from collections.abc import Iterable

from shapely import node, polygonize
from shapely.geometry import LineString, MultiLineString, Point, Polygon
from shapely.ops import unary_union

from mqttown_cli.townpack.extract import Run, Way

__all__ = ["cut_shape", "faces", "reach"]


def reach(run: Run, border: LineString) -> LineString:
    """Return the run as a line, drawn on to the nearest point of the border where the extract cut it.

    The cut left out the next node, so the last known one lies a little inside the border.
    """
    points = list(run.points)
    if run.cut_start:
        points.insert(0, _onto(border, points[0]))
    if run.cut_end:
        points.append(_onto(border, points[-1]))
    return LineString(points)


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
    border = LineString(rectangle.exterior.coords)
    pieces = faces((reach(run, border) for run in way.runs), rectangle)
    if len(pieces) < 2:
        return None
    return min(pieces, key=lambda face: (face.area, face.bounds))
