"""How opinions differ: variance, and how far people stand in two camps."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl

from mqttown_cli.laboratory.measure import Measure, Number, Tables

__all__ = ["OPINION", "polarisation", "variance"]


def variance(opinions: Sequence[float]) -> float:
    """Population variance of opinions.

    Raises:
        ValueError: there are none.
    """
    if not len(opinions):
        raise ValueError("variance needs at least one opinion")
    return float(np.var(opinions))


def polarisation(opinions: Sequence[float], low: float = 0.0, high: float = 1.0) -> float:
    """Variance of the distances between pairs, scaled so that two equal camps at the ends have 1 (Flache & Mäs, 2008).

    P = 4 Var(d_ij) over all ordered pairs, i = j among them, with d the distance as a share of the scale.

    Args:
        opinions: numbers on a scale.
        low: one end of the scale.
        high: the other end.

    Raises:
        ValueError: there are none, one is off the scale, or the scale has no length.
    """
    from scipy.spatial.distance import pdist  # noqa: PLC0415  scipy takes seconds to load, and every worker loads it

    if not low < high:
        raise ValueError(f"a scale goes up, not from {low} to {high}")
    values = np.asarray(opinions, float)
    if not len(values) or values.min() < low or values.max() > high:
        raise ValueError(f"polarisation needs opinions from {low} to {high}")
    apart = pdist(values[:, None]) / (high - low)
    everybody = len(values) ** 2
    mean, square = 2 * apart.sum() / everybody, 2 * (apart**2).sum() / everybody
    return float(4 * (square - mean**2))


def _opinions(tables: Tables, survey: str | None, of: str) -> list[float]:
    """The newest answers to a survey, yes as 1; or a column of `residents`."""
    if survey is None:
        residents = tables["residents"]
        return residents[of].drop_nulls().cast(pl.Float64).to_list() if of in residents.columns else []
    answers = tables["answers"].filter(pl.col("survey") == survey)
    newest = answers.group_by("agent", maintain_order=True).last()
    return (
        newest.select(pl.coalesce("number", pl.col("boolean").cast(pl.Float64)).alias("opinion"))["opinion"].drop_nulls().to_list()
    )


def _variance(tables: Tables, *, survey: str | None, of: str) -> Number:
    found = _opinions(tables, survey, of)
    return variance(found) if found else None


def _mean(tables: Tables, *, survey: str | None, of: str) -> Number:
    found = _opinions(tables, survey, of)
    return float(np.mean(found)) if found else None


def _polarisation(tables: Tables, *, survey: str | None, of: str, low: float, high: float) -> Number:
    found = _opinions(tables, survey, of)
    return polarisation(found, low, high) if found else None


_FROM: Final = "Opinions are the newest answers to a `survey` (yes is 1), or without one column `of` of `residents`."
_CHOICE: Final = {"survey": None, "of": "opinion"}
OPINION: Final = (
    Measure("opinion_mean", "of the scale", f"Mean opinion. {_FROM}", "the mean", _mean, ("answers", "residents"), _CHOICE),
    Measure(
        "opinion_variance", "of the scale, squared", f"Population variance of opinions. {_FROM}",
        "Bramson et al. (2016), J. Mathematical Sociology 40(2), dispersion", _variance, ("answers", "residents"), _CHOICE,
    ),
    Measure(
        "polarisation", "1",
        f"4 times the variance of the distances between all pairs on a scale from `low` to `high`: 0 where all agree, 1 with two equal "
        f"camps at the ends. {_FROM}",
        "Flache & Mäs (2008), Computational and Mathematical Organization Theory 14(1)",
        _polarisation, ("answers", "residents"), {**_CHOICE, "low": 0.0, "high": 1.0},
    ),
)  # fmt: skip
