"""Networks of who heard or paid whom: density, degree, clustering, modularity, reciprocity."""

from collections.abc import Callable, Iterable
from typing import Any, Final

import networkx as nx
import polars as pl

from mqttown_cli.laboratory.measure import Measure, Number, Tables

__all__ = ["NETWORK", "clustering", "degree", "density", "graph", "modularity", "mutual", "reciprocity", "relation", "undirected"]

RELATIONS: Final = ("heard", "paid")


def graph(pairs: Iterable[tuple[str, str]], agents: Iterable[str] = ()) -> "nx.DiGraph[str]":
    """A directed graph; the `weight` of an edge counts how often its pair occurs. Nobody is related to themselves.

    Args:
        pairs: from, to.
        agents: who is there even if alone; the others come from the pairs.
    """
    made: nx.DiGraph[str] = nx.DiGraph()
    made.add_nodes_from(agents)
    for one, other in pairs:
        if one != other:
            weight = made.edges[one, other]["weight"] if made.has_edge(one, other) else 0
            made.add_edge(one, other, weight=weight + 1)
    return made


def mutual(directed: "nx.DiGraph[str]") -> "nx.Graph[str]":
    """Those who are related both ways; the `weight` is the sum of the two."""
    made: nx.Graph[str] = nx.Graph()
    made.add_nodes_from(directed)
    for one, other, weight in directed.edges(data="weight"):
        if directed.has_edge(other, one):
            made.add_edge(one, other, weight=weight + directed.edges[other, one]["weight"])
    return made


def undirected(network: "nx.Graph[str]") -> "nx.Graph[str]":
    """Those who are related either way; the `weight` is the sum of both, an edge without one counts 1."""
    made: nx.Graph[str] = nx.Graph()
    made.add_nodes_from(network)
    for one, other, weight in network.edges(data="weight", default=1):
        known = made.edges[one, other]["weight"] if made.has_edge(one, other) else 0
        made.add_edge(one, other, weight=known + weight)
    return made


def density(network: "nx.Graph[str]") -> float | None:
    """Edges by all that could be: 2m / n(n-1), half of it where directed. None with fewer than two agents."""
    return float(nx.density(network)) if len(network) > 1 else None


def degree(network: "nx.Graph[str]") -> float | None:
    """Mean number of others that one is related to (in a directed graph: to whom an edge leads)."""
    edges = network.number_of_edges() * (1 if network.is_directed() else 2)
    return edges / len(network) if len(network) else None


def clustering(network: "nx.Graph[str]") -> float | None:
    """Mean over agents of the share of pairs of one's relations that are related; unweighted, direction left out."""
    return float(nx.average_clustering(network.to_undirected())) if len(network) else None


def modularity(network: "nx.Graph[str]", seed: int = 1) -> float | None:
    """Newman's Q of the communities that Louvain's method finds with a seed. None without any edge."""
    plain = undirected(network)
    if not plain.number_of_edges():
        return None
    found = nx.community.louvain_communities(plain, weight="weight", seed=seed)
    return float(nx.community.modularity(plain, found, weight="weight"))


def reciprocity(network: "nx.DiGraph[str]") -> float | None:
    """Share of edges that are answered by one the other way. None without any edge."""
    return float(nx.overall_reciprocity(network)) if network.number_of_edges() else None


def relation(tables: Tables, of: str = "heard", window: int | None = None) -> "nx.DiGraph[str]":
    """The network of a run so far, over all who have a body now.

    Args:
        tables: of the run.
        of: `heard` (speaker to hearer) or `paid` (payer to payee, both of them residents).
        window: only what happened in the last so many ticks; all without it.

    Raises:
        ValueError: there is no such relation.
    """
    if of not in RELATIONS:
        raise ValueError(f"there is no relation {of!r}; there are {', '.join(RELATIONS)}")
    since = -1 if window is None else tables.tick - window
    agents = tables["residents"]["agent"].to_list()
    if of == "heard":
        rows = tables["knows"].filter(pl.col("tick") > since, pl.col("speaker").is_not_null()).select("speaker", "agent")
    else:
        purses = pl.col("payer").str.starts_with("purse:") & pl.col("payee").str.starts_with("purse:")
        rows = (
            tables["money"]
            .filter(pl.col("tick") > since, purses)
            .select(pl.col("payer").str.strip_prefix("purse:"), pl.col("payee").str.strip_prefix("purse:"))
        )
    there = set(agents)
    return graph(((one, other) for one, other in rows.iter_rows() if one in there and other in there), agents)


def _of(function: Callable[[Any], float | None], *, both_ways: bool) -> Callable[..., Number]:
    def measured(tables: Tables, *, of: str, window: int | None) -> Number:
        network = relation(tables, of, window)
        return function(mutual(network) if both_ways else network)

    return measured


def _modularity(tables: Tables, *, of: str, window: int | None, seed: int) -> Number:
    return modularity(relation(tables, of, window), seed)


_NEEDS: Final = ("residents", "knows", "money")
_CHOICE: Final = {"of": "heard", "window": None}
_EDGES: Final = "Edges: who `heard` or was `paid` by whom (`of`), in the last `window` ticks or ever."
NETWORK: Final = (
    Measure(
        "density", "1", f"Share of the possible directed edges that are there: m / n(n-1). {_EDGES}",
        "Wasserman & Faust (1994), Social Network Analysis, 4.3", _of(density, both_ways=False), _NEEDS, _CHOICE,
    ),
    Measure(
        "relationship_density", "1",
        f"Share of pairs who are related both ways: 2m / n(n-1) with m such pairs. {_EDGES}",
        "Park et al. (2023), Generative Agents, 7.1.2: eta = 2|E| / |V|(|V|-1)",
        _of(density, both_ways=True), _NEEDS, _CHOICE,
    ),
    Measure(
        "degree", "residents", f"Mean number of residents to whom an edge leads: m / n. {_EDGES}",
        "Wasserman & Faust (1994), 4.2", _of(degree, both_ways=False), _NEEDS, _CHOICE,
    ),
    Measure(
        "clustering", "1",
        f"Mean share of pairs of one's relations that are related themselves; direction left out. {_EDGES}",
        "Watts & Strogatz (1998), Nature 393, C", _of(clustering, both_ways=False), _NEEDS, _CHOICE,
    ),
    Measure(
        "modularity", "1",
        "Newman's Q of the communities that Louvain's method finds with `seed`, edges weighted by how often; direction left out. "
        f"{_EDGES}",
        "Newman & Girvan (2004), Phys. Rev. E 69, 026113; Blondel et al. (2008), J. Stat. Mech. P10008",
        _modularity, _NEEDS, {**_CHOICE, "seed": 1},
    ),
    Measure(
        "reciprocity", "1", f"Share of edges that are answered by an edge the other way. {_EDGES}",
        "Wasserman & Faust (1994), 4.3; Newman (2010), Networks, 7.10", _of(reciprocity, both_ways=False), _NEEDS, _CHOICE,
    ),
)  # fmt: skip
