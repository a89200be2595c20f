"""The street network: how far it is, and which way to go. Lengths are centimetres."""

from array import array
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

    def way(self, start: int, goal: int) -> list[int]:
        """Nodes from `start` to `goal`, both included; `goal` must be reachable."""
        left = self.distances(goal)
        nodes = [start]
        while (here := nodes[-1]) != goal:
            nodes.append(
                next(node for node, length in self._neighbours[here] if left[node] + length == left[here] and left[node] >= 0)
            )
        return nodes
