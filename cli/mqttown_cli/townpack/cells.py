"""Districts for a map that names none: H3 cells."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from shapely.geometry import Point as Spot
from shapely.geometry import Polygon

from mqttown_cli.townpack.errors import ExtractError
from mqttown_cli.townpack.extract import Extract

__all__ = ["cells"]

COARSEST: Final = 6
"""H3 resolution with edges of 3.7 km."""
FINEST: Final = 11
"""H3 resolution with edges of 29 m."""


def cells(extract: Extract, homes: Sequence[tuple[float, float]], largest: int) -> list[tuple[str, Polygon]]:
    """Return the H3 cells of the coarsest resolution at which none holds more than `largest` of the buildings.

    Args:
        extract: the map.
        homes: a spot in each building.
        largest: the most buildings that a district may have.

    Returns:
        Cells cut to the rectangle, without names; at the finest resolution even those that hold too many.

    Raises:
        ExtractError: the package h3 is not there.
    """
    try:
        import h3  # noqa: PLC0415  # in the extra `maps`
    except ImportError as error:
        raise ExtractError(
            "this map names no districts, and H3 cells need the package h3: pip install 'mqttown-town[maps]'"
        ) from error
    calls: Any = h3  # its functions carry no types
    spots = [Spot(at) for at in homes]
    found: list[Polygon] = []
    for resolution in range(COARSEST, FINEST + 1):
        centre = calls.latlng_to_cell(extract.frame.lat, extract.frame.lon, resolution)
        found, ring, reaches = [], 0, True
        while reaches:
            shapes = [
                Polygon([extract.frame.place(lat, lon) for lat, lon in calls.cell_to_boundary(cell)])
                for cell in sorted(calls.grid_ring(centre, ring))
            ]
            pieces = [piece for shape in shapes if isinstance(piece := shape.intersection(extract.box), Polygon) and piece.area > 0]
            reaches = bool(pieces)
            found.extend(pieces)
            ring += 1
        counts = Counter(next((n for n, cell in enumerate(found) if cell.intersects(spot)), -1) for spot in spots)
        if max(counts.values()) <= largest:
            break
    return [("", cell) for cell in found]
