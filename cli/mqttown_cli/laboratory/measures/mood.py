"""How residents fare: the mean of their needs."""

from typing import Final

import polars as pl

from mqttown_cli.laboratory.measure import Measure, Number, Tables

__all__ = ["MOOD", "NEEDS", "moods"]

NEEDS: Final = ("energy", "food", "company")


def moods(residents: pl.DataFrame) -> pl.Series:
    """Each resident's mood: the mean of how far their needs are met, 0-1.

    Args:
        residents: table of that name.
    """
    return residents.select(pl.mean_horizontal(NEEDS).alias("mood"))["mood"]


def _mood(tables: Tables) -> Number:
    found = moods(tables["residents"]).to_list()
    return sum(found) / len(found) if found else None


def _unwell(tables: Tables, *, below: float) -> Number:
    residents = tables["residents"]
    if not len(residents):
        return None
    return float((residents.select(pl.min_horizontal(NEEDS).alias("least"))["least"] < below).sum() / len(residents))


MOOD: Final = (
    Measure(
        "mood", "1", "Mean over residents of the mean of energy, food and company, each 0 (none) to 1 (full).",
        "ours; additive as in needs-based agents (Jager & Janssen, 2012, Social Simulation Conference)", _mood, ("residents",),
    ),
    Measure(
        "unwell", "1", "Share of residents one of whose needs is below `below`; at 0.3 the town calls a need pressing.",
        "ours; docs/rules.md, needs", _unwell, ("residents",), {"below": 0.3},
    ),
)  # fmt: skip
