"""How a fact spreads: who learned it when and from whom, the curve of knowers, the reproduction number."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import polars as pl

from mqttown_cli.laboratory.measure import Measure, Number, Tables

__all__ = ["DIFFUSION", "RIPE", "Learned", "curve", "reproduction", "source", "spread"]

RIPE: Final = 240
"""Ticks after which a knower has had time to tell others."""
_EVENT: Final = re.compile(r"e-\d+-\d+")


@dataclass(frozen=True, slots=True)
class Learned:
    """How one agent came to know a fact.

    Attributes:
        teacher: from whom; None for those who were told by nobody: planted, or witnesses of the source.
        event: what was heard.
    """

    agent: str
    tick: int
    teacher: str | None
    event: str


def source(knows: pl.DataFrame, fact: str | None = None) -> str | None:
    """The event with which a fact came into the town; None if it hasn't come yet.

    Args:
        knows: table of that name.
        fact: an event's id, or words that its text holds; the first that was planted or announced without it.
    """
    if fact is not None and _EVENT.fullmatch(fact):
        return fact
    if fact is None:
        found = knows.filter(pl.col("speaker").is_null())
    else:
        found = knows.filter(pl.col("text").str.contains(fact, literal=True))
    first = found.head(1)["event"].to_list()
    return first[0] if first else None


def spread(knows: pl.DataFrame, origin: str) -> list[Learned]:
    """Everybody's first learning of a fact, in order of time. Words carry it if they are about words or events that do.

    Args:
        knows: table of that name: who heard what from whom; rows in order of time.
        origin: the event with which the fact came into the town.
    """
    carries = {origin}
    told = knows.filter(pl.col("about").list.len() > 0).select("event", "about").unique(maintain_order=True)
    for event, about in told.iter_rows():
        if not carries.isdisjoint(about):
            carries.add(event)
    learned: dict[str, Learned] = {}
    rows = knows.filter(pl.col("event").is_in(list(carries))).select("agent", "tick", "speaker", "event")
    for agent, tick, speaker, event in rows.iter_rows():
        if speaker is not None and speaker not in learned:
            learned[speaker] = Learned(speaker, tick, None, event)  # they said it first; who hears is taught by them
        if agent not in learned:
            learned[agent] = Learned(agent, tick, speaker, event)
    return list(learned.values())


def curve(learned: Iterable[Learned], residents: int, last: int) -> list[float]:
    """The diffusion curve (Rogers, 1962): share of residents who know, at each tick from 0 to `last`."""
    new = [0] * (last + 1)
    for one in learned:
        if one.tick <= last:
            new[one.tick] += 1
    shares, known = [], 0
    for count in new:
        known += count
        shares.append(known / residents)
    return shares


def reproduction(learned: Iterable[Learned], before: int | None = None) -> float | None:
    """Case reproduction number: how many others one knower was the first to tell, on average.

    Args:
        learned: as `spread` gives it.
        before: only those who learned before this tick count as tellers, since later ones have had little time. Without it
            the answer tells little: k knowers of one source were told by (k - 1) / k each.

    Returns:
        None if nobody counts.
    """
    known = list(learned)
    tellers = {one.agent: 0 for one in known if before is None or one.tick < before}
    for one in known:
        if one.teacher in tellers:
            tellers[one.teacher] += 1
    return sum(tellers.values()) / len(tellers) if tellers else None


def _spread(tables: Tables, fact: str | None) -> list[Learned]:
    origin = source(tables["knows"], fact)
    return [] if origin is None else spread(tables["knows"], origin)


def _knowers(tables: Tables, *, fact: str | None) -> Number:
    return len(_spread(tables, fact))


def _known(tables: Tables, *, fact: str | None) -> Number:
    residents = len(tables["residents"])
    return len(_spread(tables, fact)) / residents if residents else None


def _reproduction(tables: Tables, *, fact: str | None, ripe: int) -> Number:
    return reproduction(_spread(tables, fact), tables.tick - ripe + 1)


def _half_time(tables: Tables, *, fact: str | None) -> Number:
    learned, half = _spread(tables, fact), -(-len(tables["residents"]) // 2)
    return learned[half - 1].tick - learned[0].tick if 0 < half <= len(learned) else None


_FACT: Final = "The `fact` is an event's id, words of its text, or by default the first that was planted or announced."
DIFFUSION: Final = (
    Measure(
        "knowers", "residents", f"Residents who know a fact: who said or heard words that carry it. {_FACT}",
        "Park et al. (2023), Generative Agents, 7.1.1", _knowers, ("knows",), {"fact": None},
    ),
    Measure(
        "known", "1", f"Share of residents who know a fact; over the steps it is the diffusion curve. {_FACT}",
        "Rogers (1962), Diffusion of Innovations; Bass (1969), Management Science 15(5)",
        _known, ("knows", "residents"), {"fact": None},
    ),
    Measure(
        "reproduction", "residents",
        "Case reproduction number: how many others a knower was the first to tell, mean over those who have known for `ripe` ticks. "
        f"{_FACT}",
        "Fraser (2007), PLoS ONE 2(8) e758; Anderson & May (1991), Infectious Diseases of Humans",
        _reproduction, ("knows",), {"fact": None, "ripe": RIPE},
    ),
    Measure(
        "half_time", "ticks", f"Ticks from the first knower until half of the residents know. {_FACT}",
        "Coleman, Katz & Menzel (1957), Sociometry 20(4)", _half_time, ("knows", "residents"), {"fact": None},
    ),
)  # fmt: skip
