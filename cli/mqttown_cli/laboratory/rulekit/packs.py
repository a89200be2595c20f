"""Plain worlds as compiled towns: a hall, a grid of places, a graph of contacts."""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any, Final

import orjson

__all__ = ["cell", "graph", "grid", "hall", "resident"]

BEGINS: Final = "2026-03-02T06:00:00"
NO_TAXES: Final = {"levy": 0, "poor": 0}
"""Rules of the town that are changed in the first tick: the town takes from no purse and fills none up."""
A_MINUTES_WAY: Final = 8_400
"""What a walker covers in a tick, cm (docs/rules.md)."""


def resident(number: int) -> str:
    """Id of a resident of a plain world."""
    return f"a{number}"


def cell(x: int, y: int) -> str:
    """Id of a place of a grid, columns from the west and rows from the south."""
    return f"c{x}-{y}"


def hall(residents: int, purse: int = 0) -> dict[str, Any]:
    """One room in which everybody is.

    Args:
        residents: how many.
        purse: what each holds at the beginning, cents.
    """
    people = [_person(number, "hall", purse) for number in range(residents)]
    return _pack("hall", [_place("hall", 0, 0, 0)], [(0, 0)], [], people)


def graph(residents: int, edges: Iterable[tuple[int, int]], purse: int = 0) -> dict[str, Any]:
    """A hall in which everybody has contacts: the edges of a graph whose nodes are the residents.

    Args:
        residents: how many nodes.
        edges: pairs of nodes, each pair once.
        purse: what each holds at the beginning, cents.

    Raises:
        ValueError: an edge leads to no node, or from a node to itself.
    """
    contacts: list[list[int]] = [[] for _ in range(residents)]
    for one, other in edges:
        if not (0 <= one < residents and 0 <= other < residents) or one == other:
            raise ValueError(f"an edge joins two of the nodes 0 to {residents - 1}, not {one} and {other}")
        contacts[one].append(other)
        contacts[other].append(one)
    people = [_person(number, "hall", purse, sorted(contacts[number])) for number in range(residents)]
    return _pack("graph", [_place("hall", 0, 0, 0)], [(0, 0)], [], people)


def grid(width: int, height: int, homes: Sequence[tuple[int, int]]) -> dict[str, Any]:
    """Places in rows and columns, streets along both; from any to any other is a walk of one tick.

    Args:
        width: columns.
        height: rows.
        homes: where each resident begins, as column and row.

    Raises:
        ValueError: a home off the grid.
    """
    apart = A_MINUTES_WAY // max(1, width + height - 2)
    at = {(x, y): y * width + x for y in range(height) for x in range(width)}
    for home in homes:
        if home not in at:
            raise ValueError(f"{home} is off a grid of {width} columns and {height} rows")
    nodes = [(x * apart, y * apart) for x, y in at]
    streets = [(at[x, y], at[x + 1, y], apart) for x, y in at if x + 1 < width]
    streets += [(at[x, y], at[x, y + 1], apart) for x, y in at if y + 1 < height]
    places = [_place(cell(x, y), *nodes[node], node) for (x, y), node in at.items()]
    people = [_person(number, cell(x, y), 0) for number, (x, y) in enumerate(homes)]
    return _pack("grid", places, nodes, streets, people)


def _place(name: str, x: int, y: int, node: int) -> dict[str, Any]:
    square = [[x - 20, y], [x + 20, y], [x + 20, y + 40], [x - 20, y + 40]]
    return {
        "id": name, "name": name, "kind": "other", "district": "plain", "footprint": square, "height": 0, "door": [x, y],
        "node": node, "address": None, "levels": 1,
    }  # fmt: skip


def _person(number: int, home: str, purse: int, contacts: Sequence[int] = ()) -> dict[str, Any]:
    relations = [{"with": resident(other), "kind": "contact", "warmth": 1000} for other in contacts]
    return {
        "id": resident(number), "name": resident(number), "age": 30, "home": home, "job": None, "purse": purse, "traits": {},
        "goals": [], "likes": [], "tagline": "", "story": "", "relations": relations, "wakes": 0, "sleeps": 0,
    }  # fmt: skip


def _pack(
    name: str,
    places: list[dict[str, Any]],
    nodes: Sequence[tuple[int, int]],
    streets: Sequence[tuple[int, int, int]],
    people: list[dict[str, Any]],
) -> dict[str, Any]:
    east, north = max(x for x, _ in nodes) + 100, max(y for _, y in nodes) + 100
    edge = [[-100, -100], [east, -100], [east, north], [-100, north]]
    pack: Mapping[str, Any] = {
        "format": 1,
        "town": {
            "id": name, "name": name.title(), "timezone": "UTC", "start": BEGINS, "attribution": "Made by rule, no map data",
            "origin": {"lat": 0.0, "lon": 0.0}, "bounds": [-100, -100, east, north],
        },
        "districts": [{"id": "plain", "name": "Plain", "centre": list(nodes[0]), "polygon": edge}],
        "buildings": places,
        "streets": {
            "nodes": [list(node) for node in nodes], "node_district": [0] * len(nodes),
            "edges": [list(street) for street in streets],
        },
        "drawing": {"ways": [], "water": [], "green": []},
        "items": [],
        "places": {},
        "jobs": [],
        "people": people,
        "prose": {},
        "rules": NO_TAXES,
        "weather": {"start": "clear", "change": {}},
    }  # fmt: skip
    return {**pack, "content_hash": sha256(orjson.dumps(pack)).hexdigest()}
