"""The streets that people may walk on, as a graph with whole centimetres."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

from shapely import STRtree
from shapely.geometry import LineString, Point

from mqttown_cli.townpack.errors import ExtractError
from mqttown_cli.townpack.extract import Area, Way

__all__ = ["Streets", "lay", "walkable"]

WALKED: Final = frozenset({
    "footway", "path", "pedestrian", "steps", "living_street", "residential", "service", "unclassified", "tertiary",
    "tertiary_link", "secondary", "secondary_link", "primary", "primary_link", "cycleway", "track", "road", "bridleway", "platform",
})  # fmt: skip
"""Values of `highway` that people walk on; motorways and trunk roads only with `foot=yes`."""
_UNDERPASS: Final = frozenset({"footway", "steps", "cycleway", "path", "pedestrian"})
"""Ways that people walk on in a tunnel too; others there are for deliveries and garages."""
_ON_FOOT: Final = ("foot", "access")
_YES: Final = frozenset({"yes", "designated", "permissive", "official"})
_NO: Final = frozenset({"no", "private", "use_sidepath"})

TOLERANCE: Final = 100.0
"""Douglas and Peucker's tolerance in centimetres: a drawn path leaves its street by no more."""
NEAR_NODE: Final = 300.0
"""A door joins a node that is there within so many centimetres, rather than a new one."""

Spot = tuple[int, int]
Net = dict[int, set[int]]
"""The neighbours of each node."""


def walkable(tags: Mapping[str, str]) -> bool:
    """Say whether people may walk here: the most special access tag decides, then the kind of street."""
    if tags.get("indoor") in {"yes", "corridor", "room"} or tags.get("highway") in {None, "corridor", "construction", "proposed"}:
        return False
    if tags.get("tunnel") == "yes" and tags["highway"] not in _UNDERPASS:
        return False
    for key in _ON_FOOT:
        value = tags.get(key)
        if value in _YES:
            return True
        if value in _NO:
            return False
    return tags["highway"] in WALKED


@dataclass(slots=True)
class Streets:
    """A graph whose edges are straight, so that a path is drawn by its nodes alone.

    Attributes:
        nodes: places of the nodes in centimetres.
        edges: pairs of node numbers, the lower first, without doubles; sorted once laid.
    """

    nodes: list[Spot]
    edges: list[tuple[int, int]]
    _tree: Any = field(init=False)  # an STRtree, whose types leave out that `nearest` finds one

    def __post_init__(self) -> None:
        """Index the edges for `nearest`."""
        self._index()

    def _index(self) -> None:
        self._tree = STRtree([LineString([self.nodes[a], self.nodes[b]]) for a, b in self.edges])

    def length(self, a: int, b: int) -> int:
        """Return the length of a straight edge in centimetres."""
        return max(1, round(math.dist(self.nodes[a], self.nodes[b])))

    def nearest(self, at: tuple[float, float]) -> tuple[int, Point]:
        """Return the nearest edge's number and the point on it that is nearest."""
        number = int(self._tree.nearest(Point(at)))
        segment = self._tree.geometries[number]
        return number, segment.interpolate(segment.project(Point(at)))

    def join(self, doors: Iterable[tuple[float, float]]) -> list[int]:
        """Tie each door to the graph and return its node, in the order of the doors.

        The nearest edge is split where it passes the door, unless a node lies within `NEAR_NODE` of that point.
        """
        places = list(doors)
        wanted: dict[int, list[tuple[float, int, Spot]]] = defaultdict(list)
        for door, at in enumerate(places):
            number, foot = self.nearest(at)
            start = self.nodes[self.edges[number][0]]
            wanted[number].append((math.dist(start, (foot.x, foot.y)), door, (round(foot.x), round(foot.y))))
        joined = [0] * len(places)
        edges: set[tuple[int, int]] = {edge for number, edge in enumerate(self.edges) if number not in wanted}
        for number in sorted(wanted):
            a, b = self.edges[number]
            last = a
            for _, door, spot in sorted(wanted[number]):
                near = [node for node in (last, b) if math.dist(self.nodes[node], spot) <= NEAR_NODE]
                if near:
                    joined[door] = min(near, key=lambda node: (math.dist(self.nodes[node], spot), node))
                    continue
                self.nodes.append(spot)
                node = len(self.nodes) - 1
                edges.add((min(last, node), max(last, node)))
                joined[door] = last = node
            edges.add((min(last, b), max(last, b)))
        self.edges = sorted(edges)
        self._index()
        return joined


def lay(ways: Iterable[Way], squares: Iterable[Area]) -> Streets:
    """Build the graph of walkable ways: the largest connected part, each edge straight.

    A square for walkers counts by its outline. Chains of nodes between junctions are simplified to within `TOLERANCE`.

    Raises:
        ExtractError: Nobody can walk anywhere in the extract.
    """
    links: set[tuple[int, int]] = set()
    spots: dict[int, Spot] = {}
    for way in ways:
        if walkable(way.tags):
            for run in way.runs:
                spots.update((ref, (round(x), round(y))) for ref, (x, y) in zip(run.refs, run.points, strict=True))
                links.update(pairwise(run.refs))
    by_spot = {spot: ref for ref, spot in sorted(spots.items(), reverse=True)}
    unknown = -1
    for square in squares:
        ring = [(round(x), round(y)) for x, y in square.shape.exterior.coords]
        for at in ring:
            if at not in by_spot:
                by_spot[at], spots[unknown] = unknown, at
                unknown -= 1
        links.update(pairwise(by_spot[spot] for spot in ring))
    net: Net = defaultdict(set)
    for a, b in sorted(links):
        first, second = by_spot[spots[a]], by_spot[spots[b]]  # nodes in one spot are one
        if first != second:
            net[first].add(second)
            net[second].add(first)
    if not net:
        raise ExtractError(
            "the extract has no street that people may walk on; it must hold ways with highway=* (not only motorways)"
        )
    return _straighten(_largest(net, spots), spots)


def _largest(net: Net, spots: Mapping[int, Spot]) -> Net:
    """Return the connected part with the greatest length of streets."""
    parts: list[tuple[float, int, set[int]]] = []
    left = set(net)
    for start in sorted(net):
        if start not in left:
            continue
        part, waiting = {start}, [start]
        while waiting:
            fresh = net[waiting.pop()] - part
            part |= fresh
            waiting.extend(fresh)
        left -= part
        parts.append((sum(math.dist(spots[a], spots[b]) for a in sorted(part) for b in sorted(net[a])), -start, part))
    _, _, largest = max(parts)
    return {node: net[node] for node in sorted(largest)}


def _straighten(net: Net, spots: Mapping[int, Spot]) -> Streets:
    """Drop the nodes between junctions that a straight edge does without."""
    kept: set[tuple[Spot, Spot]] = set()
    for chain in _chains(net):
        line = [spots[ref] for ref in chain]
        thin = [(round(x), round(y)) for x, y in LineString(line).simplify(TOLERANCE).coords]
        kept.update((min(a, b), max(a, b)) for a, b in pairwise(thin) if a != b)
    nodes = sorted({spot for edge in kept for spot in edge})
    number = {spot: n for n, spot in enumerate(nodes)}
    return Streets(nodes, sorted((number[a], number[b]) for a, b in kept))


def _chains(net: Net) -> list[list[int]]:
    """Return the paths between junctions and dead ends; a ring without any starts at its lowest node."""
    ends = sorted(node for node in net if len(net[node]) != 2)
    seen: set[tuple[int, int]] = set()
    chains: list[list[int]] = []
    for start in [*ends, *sorted(node for node in net if len(net[node]) == 2)]:
        for step in sorted(net[start]):
            if (start, step) in seen:
                continue
            chain = [start, step]
            while len(net[chain[-1]]) == 2 and chain[-1] != start:
                chain.append(next(node for node in sorted(net[chain[-1]]) if node != chain[-2]))
            seen.update((a, b) for pair in pairwise(chain) for a, b in (pair, pair[::-1]))
            chains.append(chain)
    return chains
