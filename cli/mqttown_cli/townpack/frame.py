"""The town's flat frame: centimetres east and north of its centre."""

import math
from dataclasses import dataclass

__all__ = ["Frame"]

_A = 6_378_137.0
"""Semi-major axis of WGS 84 in metres."""
_F = 1 / 298.257_223_563
"""Flattening of WGS 84."""
_E2 = _F * (2 - _F)


def _geocentric(lat: float, lon: float) -> tuple[float, float, float]:
    """Return earth-centred coordinates in metres of a point on the ellipsoid, given in degrees."""
    phi, lam = math.radians(lat), math.radians(lon)
    normal = _A / math.sqrt(1 - _E2 * math.sin(phi) ** 2)
    return normal * math.cos(phi) * math.cos(lam), normal * math.cos(phi) * math.sin(lam), normal * (1 - _E2) * math.sin(phi)


@dataclass(frozen=True, slots=True)
class Frame:
    """The plane that touches the ellipsoid at the origin; x is east, y is north.

    The formula is "geodetic to topocentric", EPSG method 9837 (IOGP Guidance Note 7-2, "Geographic/topocentric
    conversions"), with all heights 0 and the third coordinate left out. A length at distance d from the origin comes out
    short by a factor of at most 1 - d²/2R²: 0.3 parts in a million at 5 km (1.5 mm over those 5 km), 5 in a million at 20 km.

    Attributes:
        lat: latitude of the origin in degrees north, WGS 84.
        lon: longitude of the origin in degrees east, WGS 84.
    """

    lat: float
    lon: float

    def place(self, lat: float, lon: float) -> tuple[float, float]:
        """Return the point in centimetres east and north of the origin, rounded to whole centimetres."""
        x0, y0, z0 = _geocentric(self.lat, self.lon)
        x, y, z = _geocentric(lat, lon)
        dx, dy, dz = x - x0, y - y0, z - z0
        phi, lam = math.radians(self.lat), math.radians(self.lon)
        east = -math.sin(lam) * dx + math.cos(lam) * dy
        north = -math.sin(phi) * math.cos(lam) * dx - math.sin(phi) * math.sin(lam) * dy + math.cos(phi) * dz
        return float(round(east * 100)), float(round(north * 100))
