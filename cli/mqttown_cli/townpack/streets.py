"""The streets that people may walk on, as a graph with whole centimetres."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import networkx
from shapely import STRtree
from shapely.geometry import LineString, Point

from mqttown_cli.townpack.errors import ExtractError
from mqttown_cli.townpack.extract import Area, Way

__all__ = ["Streets", "lay", "walkable"]

WALKED: Final = frozenset({
    "footway", "path", "pedestrian", "steps", "living_street", "residential", "service", "unclassified", "tertiary", "tertiary_link",
    "secondary", "secondary_link", "primary", "primary_link", "cycleway", "track", "road", "bridleway", "platform",
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
        nodes: Places of the nodes in centimetres.
        edges: Pairs of node numbers, the lower first, without doubles; sorted once laid.
    """

    nodes: list[Spot]
    edges: list[tuple[int, int]]
    _tree: STRtree = field(init=False)

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
            number, spot = self.nearest(at)
            start = self.nodes[self.edges[number][0]]
            wanted[number].append((math.dist(start, (spot.x, spot.y)), door, (round(spot.x), round(spot.y))))
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
    net: networkx.Graph[int] = networkx.Graph()
    spots: dict[int, Spot] = {}
    for way in ways:
        if walkable(way.tags):
            for run in way.runs:
                spots.update((ref, (round(x), round(y))) for ref, (x, y) in zip(run.refs, run.points, strict=True))
                networkx.add_path(net, run.refs)
    by_spot = {spot: ref for ref, spot in sorted(spots.items(), reverse=True)}
    unknown = -1
    for square in squares:
        ring = [(round(x), round(y)) for x, y in square.shape.exterior.coords]
        for spot in ring:
            if spot not in by_spot:
                by_spot[spot], spots[unknown] = unknown, spot
                unknown -= 1
        networkx.add_path(net, [by_spot[spot] for spot in ring])
    net = networkx.relabel_nodes(net, {ref: by_spot[spots[ref]] for ref in net})
    net.remove_edges_from(list(networkx.selfloop_edges(net)))
    if net.number_of_edges() == 0:
        raise ExtractError(
            "the extract has no street that people may walk on; it must hold ways with highway=* (not only motorways)"
        )
    return _straighten(net.subgraph(_largest(net, spots)), spots)


def _largest(net: "networkx.Graph[int]", spots: Mapping[int, Spot]) -> set[int]:
    """Return the nodes of the connected part with the greatest length of streets."""

    def weight(part: set[int]) -> tuple[float, int]:
        return sum(math.dist(spots[a], spots[b]) for a, b in net.subgraph(part).edges), -min(part)

    return max(networkx.connected_components(net), key=weight)


def _straighten(net: "networkx.Graph[int]", spots: Mapping[int, Spot]) -> Streets:
    """Drop the nodes between junctions that a straight edge does without."""
    kept: set[tuple[Spot, Spot]] = set()
    for chain in _chains(net):
        line = [spots[ref] for ref in chain]
        thin = [(round(x), round(y)) for x, y in LineString(line).simplify(TOLERANCE).coords]
        kept.update((min(a, b), max(a, b)) for a, b in zip(thin, thin[1:], strict=False) if a != b)
    nodes = sorted({spot for edge in kept for spot in edge})
    number = {spot: n for n, spot in enumerate(nodes)}
    return Streets(nodes, sorted((number[a], number[b]) for a, b in kept))


def _chains(net: "networkx.Graph[int]") -> list[list[int]]:
    """Return the paths between junctions and dead ends; a ring without any starts at its lowest node."""
    ends = sorted(node for node in net if net.degree(node) != 2)
    seen: set[tuple[int, int]] = set()
    chains: list[list[int]] = []
    for start in [*ends, *sorted(node for node in net if net.degree(node) == 2)]:
        for step in sorted(net[start]):
            if (start, step) in seen:
                continue
            chain = [start, step]
            while net.degree(chain[-1]) == 2 and chain[-1] != start:
                chain.append(next(node for node in sorted(net[chain[-1]]) if node != chain[-2]))
            seen.update((a, b) for pair in zip(chain, chain[1:], strict=False) for a, b in (pair, pair[::-1]))
            chains.append(chain)
    return chains
