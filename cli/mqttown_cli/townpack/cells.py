"""Districts for a map that names none: H3 cells."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from shapely.geometry import Polygon
from shapely.geometry import Point as Spot

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
        extract: The map.
        homes: A spot in each building.
        largest: The most buildings that a district may have.

    Returns:
        Cells cut to the rectangle, without names; at the finest resolution even those that hold too many.
    """
    try:
        import h3  # noqa: PLC0415  # in the extra `maps`
    except ImportError as error:
        raise ExtractError(
            "this map names no districts, and H3 cells need the package h3: pip install 'mqttown-town[maps]'"
        ) from error
    spots = [Spot(at) for at in homes]
    found: list[Polygon] = []
    for resolution in range(COARSEST, FINEST + 1):
        centre = h3.latlng_to_cell(extract.frame.lat, extract.frame.lon, resolution)
        found, ring = [], 0
        while ring == 0 or any(reaches):
            shapes = [
                Polygon([extract.frame.place(lat, lon) for lat, lon in h3.cell_to_boundary(cell)])
                for cell in sorted(h3.grid_ring(centre, ring))
            ]
            pieces = [shape.intersection(extract.box) for shape in shapes]
            reaches = [piece.area > 0 for piece in pieces]
            found.extend(piece for piece in pieces if isinstance(piece, Polygon) and piece.area > 0)
            ring += 1
        counts = Counter(next((n for n, cell in enumerate(found) if cell.intersects(spot)), -1) for spot in spots)
        if max(counts.values()) <= largest:
            break
    return [("", cell) for cell in found]
