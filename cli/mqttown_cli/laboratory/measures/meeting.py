"""How many others residents meet: who is awake and within earshot, in the same building or some metres off in the open."""

from typing import Final

import numpy as np
import polars as pl

from mqttown_cli.laboratory.measure import Measure, Number, Tables

__all__ = ["MEETING", "in_earshot"]

EARSHOT: Final = 15.0
"""Metres that words carry in the open (docs/rules.md)."""


def in_earshot(residents: pl.DataFrame, metres: float = EARSHOT) -> pl.Series:
    """How many others each resident could speak to now; null for those who sleep.

    Args:
        residents: columns `doing`, `building`, `x` and `y` of table `residents`, or of one step of `agent_vars`.
        metres: that words carry in the open.
    """
    from scipy.spatial import KDTree  # noqa: PLC0415  scipy takes seconds to load, and every worker loads it

    awake = pl.col("doing") != "sleeping"
    indoors = awake.sum().over("building").cast(pl.Int64) - 1
    found = residents.select(pl.when(awake).then(indoors).alias("met"), (awake & pl.col("building").is_null()).alias("open"))
    met, rows = found["met"].to_list(), found["open"].arg_true().to_list()
    if rows:
        places = residents[rows].select("x", "y").to_numpy()
        near = KDTree(places).query_ball_point(places, metres, return_length=True)
        for row, others in zip(rows, np.asarray(near).tolist(), strict=True):
            met[row] = others - 1
    return pl.Series("met", met, pl.Int64)


def _met(tables: Tables, *, metres: float) -> Number:
    found = in_earshot(tables["residents"], metres).drop_nulls().to_list()
    return sum(found) / len(found) if found else None


MEETING: Final = (
    Measure(
        "met", "residents",
        "Mean number of others awake and in earshot of a resident who is awake: in the same building, or within `metres` in the open.",
        "ours; contacts a unit of time, as in Anderson & May (1991), Infectious Diseases of Humans, 12",
        _met, ("residents",), {"metres": EARSHOT},
    ),
)  # fmt: skip
