"""A picture of a moment for links: the town from above at an angle, drawn without a browser. Depends on (town, moment) alone."""

import functools
import hashlib
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from mqttown_dashboard.models import Agent

if TYPE_CHECKING:  # Pillow is loaded with the first picture: 4 MiB that most towns never need
    from PIL import ImageDraw, ImageFont

__all__ = ["HEIGHT", "WIDTH", "Eye", "Moment", "draw", "place_of"]

WIDTH: Final = 1200
HEIGHT: Final = 630
_FINE: Final = 2
"""Drawn so many times larger, then made smaller, for smooth edges."""
_VIEW_DEGREES: Final = 34.0
"""Opening of the page's camera."""
_STEEPEST: Final = 70.0
_GROUND, _WATER, _GREEN, _WAY, _SKY = (234, 223, 201), (156, 201, 214), (179, 201, 135), (250, 245, 234), (243, 233, 216)
_WALL, _ACCENT, _LAMP = (240, 226, 203), (212, 87, 42), (255, 205, 120)
_ROOFS: Final = {
    "home": (201, 124, 95),
    "cafe": (221, 159, 88),
    "restaurant": (208, 113, 79),
    "bar": (169, 97, 106),
    "shop": (220, 179, 108),
    "office": (157, 176, 184),
    "school": (211, 178, 95),
    "hotel": (187, 132, 153),
    "church": (116, 163, 143),
    "museum": (138, 160, 127),
    "theatre": (168, 103, 122),
    "station": (132, 138, 152),
    "hospital": (143, 185, 187),
    "civic": (148, 168, 134),
}
_OTHER: Final = (189, 169, 142)
_CLOTHES: Final = ((192, 57, 43), (46, 111, 149), (61, 122, 78), (142, 94, 162), (209, 136, 42), (39, 115, 122), (162, 62, 107))
_WAYS: Final = {"pedestrian": 7, "residential": 8, "tertiary": 10, "secondary": 12, "primary": 14}
_NIGHT: Final = (0.36, 0.4, 0.66)
_DAWN, _DUSK = (6.0, 7.5), (18.0, 20.0)

Colour = tuple[int, int, int]
Spot = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Eye:
    """From where the page looks; see `Pose` there. Metres and degrees."""

    x: float
    y: float
    distance: float
    turn: float
    tilt: float


@dataclass(frozen=True, slots=True)
class Moment:
    """What a picture shows."""

    tick: float
    time: datetime
    eye: Eye
    people: tuple[tuple[str, float, float], ...]
    """Id and place, metres."""
    chosen: str | None
    title: str
    subtitle: str


def place_of(agent: Agent, tick: float) -> Spot | None:
    """Where somebody is at a tick, metres; None while nobody knows."""
    if agent.path and agent.starts_tick is not None and agent.arrives_tick is not None:
        length = max(1, agent.arrives_tick - agent.starts_tick)
        return _along(agent.path, min(1.0, max(0.0, (tick - agent.starts_tick) / length)))
    return None if agent.x is None or agent.y is None else (agent.x, agent.y)


def draw(town: dict[str, Any], moment: Moment) -> bytes:
    """The picture, PNG.

    Args:
        town: the map, as `/api/v1/town` answers it.
        moment: what to show.
    """
    return _Picture(town, moment).png()


class _Picture:
    def __init__(self, town: dict[str, Any], moment: Moment) -> None:
        from PIL import Image, ImageDraw  # noqa: PLC0415

        self._town, self._moment = town, moment
        self._dark = _darkness(moment.time.hour + moment.time.minute / 60)
        self._image = Image.new("RGB", (WIDTH * _FINE, HEIGHT * _FINE), self._lit(_SKY))
        self._pen = ImageDraw.Draw(self._image)
        eye = moment.eye
        self._scale = HEIGHT * _FINE / (2 * eye.distance * math.tan(math.radians(_VIEW_DEGREES / 2)))
        self._sin, self._cos = math.sin(math.radians(eye.turn)), math.cos(math.radians(eye.turn))
        tilt = math.radians(min(_STEEPEST, eye.tilt))
        self._flat, self._up = math.cos(tilt), math.sin(tilt)

    def png(self) -> bytes:
        self._ground()
        for building in sorted(self._town["buildings"], key=lambda entry: -self._depth(entry["door"])):
            self._house(building)
        for name, x, y in self._moment.people:
            self._person(name, x, y)
        from PIL import Image, ImageDraw  # noqa: PLC0415

        picture = self._image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
        self._label(ImageDraw.Draw(picture))
        out = io.BytesIO()
        picture.save(out, "PNG", optimize=False, compress_level=6)
        return out.getvalue()

    def _at(self, x: float, y: float, height: float = 0.0) -> Spot:
        """A point on the picture; parallel lines stay parallel."""
        east, north = x - self._moment.eye.x, y - self._moment.eye.y
        right, away = east * self._cos + north * self._sin, north * self._cos - east * self._sin
        middle_x, middle_y = WIDTH * _FINE / 2, HEIGHT * _FINE / 2
        return middle_x + right * self._scale, middle_y - (away * self._flat + height * self._up) * self._scale

    def _depth(self, point: Sequence[float]) -> float:
        return (point[1] - self._moment.eye.y) * self._cos - (point[0] - self._moment.eye.x) * self._sin

    def _lit(self, colour: Colour, share: float = 1.0) -> Colour:
        red, green, blue = (
            round(part * share * (1 - self._dark + self._dark * night)) for part, night in zip(colour, _NIGHT, strict=True)
        )
        return min(255, red), min(255, green), min(255, blue)

    def _ground(self) -> None:
        x0, y0, x1, y1 = self._town["bounds"]
        self._fill([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], self._lit(_GROUND))
        for polygon in self._town["green"]:
            self._fill(polygon, self._lit(_GREEN))
        for polygon in self._town["water"]:
            self._fill(polygon, self._lit(_WATER))
        for way in self._town["ways"]:
            width = _WAYS.get(way["kind"])
            if width is not None:
                points = [self._at(x, y) for x, y in way["points"]]
                self._pen.line(points, self._lit(_WAY), max(1, round(width * self._scale * self._flat)), joint="curve")

    def _fill(self, polygon: Sequence[Sequence[float]], colour: Colour, height: float = 0.0) -> None:
        if len(polygon) > 2:
            self._pen.polygon([self._at(x, y, height) for x, y in polygon], colour)

    def _house(self, building: dict[str, Any]) -> None:
        height, outline = building["height"], [tuple(point) for point in building["footprint"]]
        if height <= 0 or len(outline) < 3 or not self._seen(outline[0], height):
            return
        if sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(outline, outline[1:] + outline[:1], strict=True)) < 0:
            outline.reverse()
        walls = list(zip(outline, outline[1:] + outline[:1], strict=True))
        for a, b in sorted(walls, key=lambda wall: -(self._depth(wall[0]) + self._depth(wall[1]))):
            self._wall(a, b, height, building["id"])
        roof = _ACCENT if building["id"] == self._moment.chosen else _ROOFS.get(building["kind"], _OTHER)
        self._fill(outline, self._lit(roof), height)

    def _wall(self, a: Spot, b: Spot, height: float, name: str) -> None:
        length = math.hypot(b[0] - a[0], b[1] - a[1])
        if length == 0:
            return
        out_x, out_y = (b[1] - a[1]) / length, (a[0] - b[0]) / length
        if out_y * self._cos - out_x * self._sin > 0:
            return  # turned away
        shade = 0.8 + 0.16 * (out_x * 0.8 - out_y * 0.6)
        self._pen.polygon([self._at(*a), self._at(*b), self._at(*b, height), self._at(*a, height)], self._lit(_WALL, shade))
        if self._dark > 0.4 and self._scale > 1.2:
            self._windows(a, b, length, height, name)

    def _windows(self, a: Spot, b: Spot, length: float, height: float, name: str) -> None:
        across, up = max(1, round(length / 3.4)), max(1, round(height / 3.3))
        for column in range(across):
            for row in range(up):
                if _luck(f"{name} {a} {column} {row}") % 10 > 2:
                    continue
                left, right = ((column + part) / across for part in (0.3, 0.7))
                low, high = ((row + part) / up * height for part in (0.3, 0.75))
                ends = [(a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part) for part in (left, right)]
                corners = [self._at(*ends[0], low), self._at(*ends[1], low), self._at(*ends[1], high), self._at(*ends[0], high)]
                self._pen.polygon(corners, _LAMP)

    def _seen(self, point: Spot, height: float) -> bool:
        x, y = self._at(*point)
        room = (height + 160) * self._scale
        return -room < x < WIDTH * _FINE + room and -room < y < HEIGHT * _FINE + room

    def _person(self, name: str, x: float, y: float) -> None:
        size = max(7.0 * _FINE, 1.6 * self._scale)
        chosen = name == self._moment.chosen
        left, low = self._at(x, y)
        high = low - size * 2
        coat = _CLOTHES[_luck(name) % len(_CLOTHES)]
        self._pen.ellipse(
            [left - size, low - size * 0.4, left + size, low + size * 0.4], _ACCENT if chosen else self._lit(_GROUND, 0.7)
        )
        self._pen.rounded_rectangle([left - size * 0.55, high + size * 0.7, left + size * 0.55, low], size * 0.5, coat)
        self._pen.ellipse([left - size * 0.45, high - size * 0.2, left + size * 0.45, high + size * 0.75], (240, 200, 164))

    def _label(self, pen: "ImageDraw.ImageDraw") -> None:
        large, small = _font(46), _font(26)
        width = max(pen.textlength(self._moment.title, large), pen.textlength(self._moment.subtitle, small))
        pen.rounded_rectangle([36, HEIGHT - 150, 36 + width + 56, HEIGHT - 36], 22, (251, 246, 236))
        pen.text((64, HEIGHT - 138), self._moment.title, (47, 38, 32), large)
        pen.text((64, HEIGHT - 82), self._moment.subtitle, (107, 92, 79), small)
        pen.text(
            (WIDTH - 18, HEIGHT - 12),
            self._town["attribution"],
            (107, 92, 79),
            _font(15),
            anchor="rs",
            stroke_width=2,
            stroke_fill=(251, 246, 236),
        )


@functools.cache
def _font(size: int) -> "ImageFont.FreeTypeFont | ImageFont.ImageFont":
    from PIL import ImageFont  # noqa: PLC0415

    return ImageFont.load_default(size)


def _along(path: Sequence[Spot], share: float) -> Spot:
    lengths = [math.dist(a, b) for a, b in pairwise(path)]
    left = sum(lengths) * share
    for (a, b), length in zip(pairwise(path), lengths, strict=True):
        if length > 0 and left <= length:
            part = left / length
            return a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part
        left -= length
    return path[-1]


def _darkness(hour: float) -> float:
    """0 by day, 1 by night."""
    if _DAWN[1] <= hour <= _DUSK[0]:
        return 0.0
    if hour < _DAWN[0] or hour > _DUSK[1]:
        return 1.0
    return (_DAWN[1] - hour) / (_DAWN[1] - _DAWN[0]) if hour < _DAWN[1] else (hour - _DUSK[0]) / (_DUSK[1] - _DUSK[0])


def _luck(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest(), "big")
