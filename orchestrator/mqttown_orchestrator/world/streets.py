"""The street network: how far it is, and which way to go. Lengths are centimetres."""

from array import array
from heapq import heappop, heappush
from math import isqrt
from typing import Final

import rustworkx

__all__ = ["FAR", "Point", "Streets", "straight"]

Point = tuple[int, int]
"""A place in the town's frame, centimetres."""
FAR: Final = -1
"""Distance to a node that can't be reached."""
_KEPT: Final = 4096
"""Destinations whose distances are kept; a table of 5,000 nodes takes 40 kB."""
_NEAR: Final = 600
"""So many nodes around a destination are looked at before all are; most walks are short."""


def straight(a: Point, b: Point) -> int:
    """Straight distance between two points, rounded down, cm."""
    return isqrt((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2)


class Streets:
    """An immutable graph of streets. Its tables are a cache: they never change a result.

    rustworkx finds the lengths of shortest paths, which are unique; the way itself is then chosen here, by the lowest
    node among equals, so that no library's habit of breaking ties can change the town.

    Attributes:
        nodes: where each node is.
        node_district: index into the town's districts, for each node.
    """

    def __init__(self, nodes: list[Point], node_district: list[int], edges: list[tuple[int, int, int]]) -> None:
        self.nodes = nodes
        self.node_district = node_district
        self._graph: rustworkx.PyGraph[None, float] = rustworkx.PyGraph()
        self._graph.add_nodes_from([None] * len(nodes))
        self._graph.extend_from_weighted_edge_list([(a, b, float(length)) for a, b, length in edges])
        shortest: list[dict[int, int]] = [{} for _ in nodes]
        for a, b, length in edges:
            shortest[a][b] = min(length, shortest[a].get(b, length))
            shortest[b][a] = min(length, shortest[b].get(a, length))
        self._neighbours = [sorted(way.items()) for way in shortest]
        self._tables: dict[int, array[int]] = {}
        self._trees: dict[int, _Tree] = {}

    def distances(self, goal: int) -> "array[int]":
        """Length of the shortest way from every node to `goal`, cm; `FAR` where there is none."""
        table = self._tables.get(goal)
        if table is None:
            table = array("q", [FAR]) * len(self.nodes)
            for node, length in rustworkx.dijkstra_shortest_path_lengths(self._graph, goal, float).items():
                table[node] = int(length)
            table[goal] = 0
            if len(self._tables) >= _KEPT:
                del self._tables[next(iter(self._tables))]
            self._tables[goal] = table
        return table

    def towards(self, goal: int, start: int) -> "array[int]":
        """As `distances`, but only nodes no further from `goal` than `start` count; others may look as if out of reach."""
        table = self._tables.get(goal)
        if table is not None:
            return table
        tree = self._trees.get(goal)
        if tree is None:
            if len(self._trees) >= _KEPT:
                del self._trees[next(iter(self._trees))]
            tree = self._trees[goal] = _Tree(goal, len(self.nodes))
        if tree.reaches(start, self._neighbours):
            return tree.left
        del self._trees[goal]
        return self.distances(goal)

    def way(self, start: int, goal: int) -> list[int]:
        """Nodes from `start` to `goal`, both included; `goal` must be reachable."""
        left, neighbours = self.towards(goal, start), self._neighbours
        here, nodes = start, [start]
        while here != goal:
            still = left[here]
            for node, length in neighbours[here]:
                if still - length == left[node] >= 0:
                    here = node
                    nodes.append(node)
                    break
        return nodes


class _Tree:
    """Shortest ways to one goal (Dijkstra, 1959), known as far out as they have been asked for.

    Attributes:
        left: length of the way from each node, cm; `FAR` where it isn't known.
    """

    __slots__ = ("_edge", "_settled", "left")

    def __init__(self, goal: int, nodes: int) -> None:
        self.left = array("q", [FAR]) * nodes
        self._edge = [(0, goal)]
        self._settled = 0

    def reaches(self, start: int, neighbours: list[list[tuple[int, int]]]) -> bool:
        """Grow until `start` is known; False if it is too far for that, or out of reach."""
        left, edge = self.left, self._edge
        while left[start] == FAR:
            if not edge or self._settled >= _NEAR:
                return False
            length, node = heappop(edge)
            if left[node] == FAR:
                left[node] = length
                self._settled += 1
                for other, step in neighbours[node]:
                    if left[other] == FAR:
                        heappush(edge, (length + step, other))
        return True
