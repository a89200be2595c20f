"""Who knows whom and what: acquaintance, unbroken chains, false knowers, who keeps a custom, who is at a place."""

from typing import Final

import polars as pl

from mqttown_cli.laboratory.measure import Measure, Number, Tables
from mqttown_cli.laboratory.provenance import provenance

__all__ = ["KNOWLEDGE", "acquainted", "keepers"]


def acquainted(residents: list[str], relations: pl.DataFrame, knows: pl.DataFrame) -> set[tuple[str, str]]:
    """Pairs (in order of name) of whom each knows of the other: by a relation from before, or by having heard words of them."""
    there = set(residents)
    of_each: set[tuple[str, str]] = set(relations.select("agent", "other").rows())
    of_each |= set(knows.filter(pl.col("speaker").is_not_null()).select("agent", "speaker").rows())
    return {(one, other) for one, other in of_each if one < other and (other, one) in of_each and one in there and other in there}


def keepers(speech: pl.DataFrame, words: str) -> list[str]:
    """Who has said some words themselves, in the order in which they first did."""
    said = speech.filter(pl.col("text").str.contains(words, literal=True))
    return said["speaker"].unique(maintain_order=True).to_list()


def _acquaintance(tables: Tables) -> Number:
    residents = tables["residents"]["agent"].to_list()
    pairs = len(residents) * (len(residents) - 1) / 2
    return len(acquainted(residents, tables["relations"], tables["knows"])) / pairs if pairs else None


def _unbroken(tables: Tables, *, fact: str | None) -> Number:
    found = provenance(tables["knows"], fact)
    return 1 - len(found.broken()) / len(found.chains) if found.chains else None


def _false_knowers(tables: Tables, *, fact: str | None) -> Number:
    return len(provenance(tables["knows"], fact).false_knowers)


def _keepers(tables: Tables, *, words: str) -> Number:
    return len(keepers(tables["speech"], words))


def _guests(tables: Tables, *, building: str, knowing: str | None) -> Number:
    inside = tables["residents"].filter(pl.col("building") == building)["agent"].to_list()
    if knowing is None:
        return len(inside)
    known = provenance(tables["knows"], knowing).chains
    return sum(agent in known for agent in inside)


KNOWLEDGE: Final = (
    Measure(
        "acquaintance", "1",
        "Share of pairs of residents of whom each knows of the other: by a relation from before the run, or by having heard words of "
        "them. 2|E| / |V|(|V|-1).",
        "Park et al. (2023), Generative Agents, 7.1.2, where each is asked whether they know of the other",
        _acquaintance, ("residents", "relations", "knows"),
    ),
    Measure(
        "unbroken", "1",
        "Share of those who know a `fact` to whom a chain of messages leads from its source without a gap: each teller had heard it before.",
        "Park et al. (2023), 7.1.1: no answer without a memory in which it was heard", _unbroken, ("knows",), {"fact": None},
    ),
    Measure(
        "false_knowers", "residents", "Residents who said the words of a `fact` without ever having witnessed them.",
        "Park et al. (2023), 7.1.1: hallucinated knowledge", _false_knowers, ("knows",), {"fact": None},
    ),
    Measure(
        "keepers", "residents", "Residents who keep a custom: who have said its `words` themselves at least once.",
        "Centola & Macy (2007), American Journal of Sociology 113(3): adopters", _keepers, ("speech",), {"words": ""},
    ),
    Measure(
        "guests", "residents", "Residents who are in a `building` now; with `knowing`, only those who know that fact.",
        "Park et al. (2023), 7.1.3: who came to the party", _guests, ("residents", "knows"), {"building": "", "knowing": None},
    ),
)  # fmt: skip
