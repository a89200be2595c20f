"""Charts as SVG text: curves with bands, bars with whiskers, points. Colours are the page's own."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from math import ceil, floor, isfinite, log10
from typing import Final

__all__ = ["COLOURS", "Axes", "Bar", "Curve", "bars", "curves", "number", "ticks"]

COLOURS: Final = 8
"""So many sets can be told apart; `c0` to `c7` in the page's style, after Okabe & Ito (2008)."""
WIDTH, HEIGHT = 520, 280
LEFT, RIGHT, TOP, BOTTOM = 56, 12, 10, 40


@dataclass(frozen=True, slots=True)
class Curve:
    """A mean over steps with what is around it.

    Attributes:
        inner: confidence interval of the mean at each x, where known.
        outer: smallest and largest at each x.
        colour: number of it.
    """

    label: str
    x: Sequence[float]
    y: Sequence[float]
    inner: Sequence[tuple[float, float]] = ()
    outer: Sequence[tuple[float, float]] = ()
    colour: int = 0


@dataclass(frozen=True, slots=True)
class Bar:
    """A value with whiskers."""

    label: str
    value: float
    half: float | None = None
    colour: int = 0


@dataclass(frozen=True)
class Axes:
    """Where numbers are on paper.

    Attributes:
        x, y: smallest and largest of each.
        x_label, y_label: with units.
    """

    x: tuple[float, float]
    y: tuple[float, float]
    x_label: str = ""
    y_label: str = ""
    width: int = WIDTH
    height: int = HEIGHT
    _pieces: list[str] = field(default_factory=list)

    def at(self, x: float, y: float) -> tuple[float, float]:
        """A point on paper."""
        return self._along(x), self._up(y)

    def draw(self, pieces: Sequence[str], title: str) -> str:
        """The whole picture, with axes behind the pieces.

        Args:
            pieces: SVG elements.
            title: for those who can't see it.
        """
        inside = "".join([*self._grid(), *pieces])
        head = f'<svg viewBox="0 0 {self.width} {self.height}" role="img" aria-label="{escape(title)}">'
        return f"{head}{inside}</svg>"

    def _grid(self) -> list[str]:
        made = []
        for value in ticks(*self.y):
            y = self._up(value)
            made.append(f'<line class="grid" x1="{LEFT}" x2="{self.width - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
            made.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{number(value)}</text>')
        for value in ticks(*self.x):
            x = self._along(value)
            made.append(f'<text x="{x:.1f}" y="{self.height - BOTTOM + 16}" text-anchor="middle">{number(value)}</text>')
        middle = (LEFT + self.width - RIGHT) / 2
        made.append(
            f'<text class="label" x="{middle:.0f}" y="{self.height - 6}" text-anchor="middle">{escape(self.x_label)}</text>'
        )
        y = (TOP + self.height - BOTTOM) / 2
        turned = f'transform="rotate(-90 12 {y:.0f})"'
        made.append(f'<text class="label" x="12" y="{y:.0f}" text-anchor="middle" {turned}>{escape(self.y_label)}</text>')
        return made

    def _along(self, x: float) -> float:
        first, last = self.x
        return LEFT + (x - first) / ((last - first) or 1) * (self.width - LEFT - RIGHT)

    def _up(self, y: float) -> float:
        first, last = self.y
        return self.height - BOTTOM - (y - first) / ((last - first) or 1) * (self.height - TOP - BOTTOM)


def curves(shown: Sequence[Curve], title: str, x_label: str, y_label: str, span: tuple[float, float] | None = None) -> str:
    """Curves in one picture.

    Args:
        shown: at least one.
        title: for those who can't see it.
        x_label: with unit.
        y_label: with unit.
        span: smallest and largest y; from the curves without it.
    """
    values = [value for curve in shown for value in (*curve.y, *(edge for pair in curve.outer for edge in pair))]
    places = [value for curve in shown for value in curve.x]
    axes = Axes((min(places), max(places)), span or roomy(values), x_label, y_label)
    pieces = []
    for curve in shown:
        for bounds, shade in ((curve.outer, "outer"), (curve.inner, "inner")):
            if bounds:
                low = [axes.at(x, max(edge[0], axes.y[0])) for x, edge in zip(curve.x, bounds, strict=True)]
                high = [axes.at(x, min(edge[1], axes.y[1])) for x, edge in zip(curve.x, bounds, strict=True)]
                pieces.append(f'<polygon class="{shade} c{curve.colour}" points="{_path([*low, *reversed(high)])}"/>')
    for curve in shown:
        path = _path([axes.at(x, y) for x, y in zip(curve.x, curve.y, strict=True)])
        pieces.append(f'<polyline class="line c{curve.colour}" points="{path}"><title>{escape(curve.label)}</title></polyline>')
    return axes.draw(pieces, title)


def bars(shown: Sequence[Bar], title: str, label: str) -> str:
    """Bars from the left, one below the other, with whiskers.

    Args:
        shown: at least one.
        title: for those who can't see it.
        label: of the values, with unit.
    """
    edges = [0.0, *(bar.value + sign * (bar.half or 0.0) for bar in shown for sign in (-1, 1))]
    low, high, height = min(edges), max(edges), TOP + BOTTOM + 24 * len(shown)
    start, pieces = 150.0, []
    scale = (WIDTH - 3 * RIGHT - start) / ((high - low) or 1)
    for row, bar in enumerate(shown):
        y, zero, end = TOP + 24 * row, start - low * scale, start + (bar.value - low) * scale
        pieces.append(f'<text x="{start - 8}" y="{y + 15}" text-anchor="end">{escape(bar.label)}</text>')
        left, width = min(zero, end), abs(end - zero)
        pieces.append(f'<rect class="bar c{bar.colour}" x="{left:.1f}" y="{y + 4}" width="{width:.1f}" height="14"/>')
        if bar.half is not None:
            reach = bar.half * scale
            pieces.append(f'<line class="whisker" x1="{end - reach:.1f}" x2="{end + reach:.1f}" y1="{y + 11}" y2="{y + 11}"/>')
    for value in ticks(low, high):
        x = start + (value - low) * scale
        pieces.append(f'<text x="{x:.1f}" y="{height - BOTTOM + 16}" text-anchor="middle">{number(value)}</text>')
    pieces.append(f'<text class="label" x="{(start + WIDTH) / 2:.0f}" y="{height - 6}" text-anchor="middle">{escape(label)}</text>')
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}">{"".join(pieces)}</svg>'


def roomy(values: Sequence[float]) -> tuple[float, float]:
    """Smallest and largest with some air; a single value gets a span around it."""
    known = [value for value in values if isfinite(value)] or [0.0]
    low, high = min(known), max(known)
    air = (high - low) * 0.04 or abs(high) * 0.1 or 1.0
    return (low if low == 0 else low - air), high + air


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers between two, about so many: steps of 1, 2 or 5 times a power of ten."""
    if high <= low:
        return [low]
    rough = (high - low) / about
    power = 10 ** floor(log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
    return [round(mark * step, 12) for mark in range(ceil(low / step - 1e-9), floor(high / step + 1e-9) + 1)]


def number(value: float) -> str:
    """A number for people: four digits that count, thousands apart."""
    if not isfinite(value):
        return "n/a"
    if value and (abs(value) < 0.001 or abs(value) >= 1e7):
        return f"{value:.3g}"
    if value == int(value):
        return f"{int(value):,}"
    digits = max(0, 3 - floor(log10(abs(value)))) if abs(value) < 1000 else 0
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _path(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
