"""Where people were, and who heard whom, as pictures."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, Final

import networkx as nx

from mqttown_cli.laboratory.measures.network import undirected
from mqttown_cli.laboratory.report.charts import COLOURS

__all__ = ["Legend", "map_picture", "network_picture"]

SIDE: Final = 420
EDGES_SHOWN: Final = 1_500
NODES_SHOWN: Final = 600
Legend = list[tuple[int, str]]
"""Numbers of colours, and what they stand for."""


def map_picture(
    people: Sequence[tuple[float, float, str]], ground: Iterable[Sequence[Sequence[float]]], title: str
) -> tuple[str, Legend]:
    """Everybody where they are, north up.

    Args:
        people: x, y in metres, and the kind of each.
        ground: outlines of buildings, metres.
        title: for those who can't see it.
    """
    outlines = [outline for outline in ground if outline]
    points = [(x, y) for x, y, _ in people] + [(x, y) for outline in outlines for x, y in outline]
    west, east = min(x for x, _ in points), max(x for x, _ in points)
    south, north = min(y for _, y in points), max(y for _, y in points)
    size = max(east - west, north - south) or 1.0
    scale = (SIDE - 20) / size

    def at(x: float, y: float) -> tuple[float, float]:
        return 10 + (x - west) * scale, 10 + (north - y) * scale

    kinds = _numbered(kind for _, _, kind in people)
    pieces = []
    for outline in outlines:
        path = " ".join("{:.1f},{:.1f}".format(*at(x, y)) for x, y in outline)
        pieces.append(f'<polygon class="ground" points="{path}"/>')
    radius = max(1.5, min(5.0, 0.35 * SIDE / max(1.0, len(people) ** 0.5)))
    for x, y, kind in people:
        px, py = at(x, y)
        pieces.append(f'<circle class="dot c{kinds[kind]}" cx="{px:.1f}" cy="{py:.1f}" r="{radius:.1f}"/>')
    width, height = 20 + (east - west) * scale, 20 + (north - south) * scale
    picture = f'<svg viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label="{escape(title)}">{"".join(pieces)}</svg>'
    return picture, [(number, kind) for kind, number in kinds.items()][:COLOURS]


def network_picture(network: "nx.DiGraph[str]", title: str, seed: int = 1) -> tuple[str, str]:
    """A network, those of one community in one colour, who has more relations larger.

    Args:
        network: with `weight` on its edges.
        title: for those who can't see it.
        seed: of the layout and the communities, so that the picture is the same each time.

    Returns:
        The picture, and what was left out of it, in words.
    """
    plain = undirected(network)
    left_out = _thin(plain)
    places = nx.spring_layout(plain, seed=seed, weight="weight", iterations=60)
    community = _communities(plain, seed)
    most = max((weight for _, _, weight in plain.edges(data="weight")), default=1)
    pieces = []
    for one, other, weight in plain.edges(data="weight"):
        (x1, y1), (x2, y2) = _on_paper(places[one]), _on_paper(places[other])
        width = 0.4 + 2.6 * weight / most
        pieces.append(f'<line class="edge" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke-width="{width:.2f}"/>')
    for node, neighbours in plain.degree():
        x, y = _on_paper(places[node])
        radius, colour = 2.5 + 5 * neighbours / max(1, len(plain) - 1), community[node] % COLOURS
        pieces.append(
            f'<circle class="dot c{colour}" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}"><title>{escape(node)}</title></circle>'
        )
    return f'<svg viewBox="0 0 {SIDE} {SIDE}" role="img" aria-label="{escape(title)}">{"".join(pieces)}</svg>', left_out


def _thin(network: "nx.Graph[str]") -> str:
    """Take out what no picture can hold: those with fewest relations, then the weakest edges; says how many."""
    told = []
    if len(network) > NODES_SHOWN:
        by_degree = sorted(network.degree(), key=lambda pair: (-pair[1], pair[0]))
        gone = [node for node, _ in by_degree[NODES_SHOWN:]]
        network.remove_nodes_from(gone)
        told.append(f"{len(gone)} with the fewest relations")
    if network.number_of_edges() > EDGES_SHOWN:
        by_weight = sorted(network.edges(data="weight"), key=lambda edge: (-edge[2], edge[0], edge[1]))
        weak = by_weight[EDGES_SHOWN:]
        network.remove_edges_from([(one, other) for one, other, _ in weak])
        told.append(f"the {len(weak)} weakest edges")
    return f"Not shown: {' and '.join(told)}." if told else ""


def _communities(network: "nx.Graph[str]", seed: int) -> Mapping[str, int]:
    found = nx.community.louvain_communities(network, weight="weight", seed=seed) if network.number_of_edges() else [set(network)]
    ordered = sorted(found, key=lambda members: (-len(members), min(members)))
    return {node: number for number, members in enumerate(ordered) for node in members}


def _on_paper(place: Any) -> tuple[float, float]:
    return float(SIDE / 2 + place[0] * (SIDE / 2 - 12)), float(SIDE / 2 - place[1] * (SIDE / 2 - 12))


def _numbered(kinds: Iterable[str]) -> dict[str, int]:
    """A colour for each kind, in the order of their names; beyond the last colour they share it."""
    return {kind: min(number, COLOURS - 1) for number, kind in enumerate(sorted(set(kinds)))}
