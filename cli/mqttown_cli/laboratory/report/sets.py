"""The runs of a folder in sets: those that differ by their seed alone, with what was measured in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from mqttown_cli.laboratory.folder import RunFolder
from mqttown_cli.laboratory.report.statistics import Estimate, estimate

__all__ = ["RunSet", "Series", "endings", "series", "sets_of", "varied_in"]


@dataclass(frozen=True)
class RunSet:
    """Runs with the same parameters.

    Attributes:
        label: the parameters that differ between sets, in words.
        parameters: all.
        runs: their `RunId`, in order of seeds.
    """

    label: str
    parameters: Mapping[str, Any]
    runs: Sequence[int]


@dataclass(frozen=True)
class Series:
    """A measure over the steps, in a set of runs."""

    steps: Sequence[int]
    estimates: Sequence[Estimate]


def varied_in(parameters: Sequence[Mapping[str, Any]]) -> list[str]:
    """Names of the parameters that are not the same everywhere."""
    names = dict.fromkeys(name for each in parameters for name in each)
    return [name for name in names if len({repr(each.get(name)) for each in parameters}) > 1]


def sets_of(folder: RunFolder) -> list[RunSet]:
    """The sets of a run folder, in the order of their first run."""
    receipts = list(folder.receipts().values())
    varied = varied_in([receipt["parameters"] for receipt in receipts])
    found: dict[str, tuple[Mapping[str, Any], list[int]]] = {}
    for receipt in receipts:
        label = ", ".join(f"{name} {receipt['parameters'].get(name)}" for name in varied)
        found.setdefault(label, (receipt["parameters"], []))[1].append(receipt["RunId"])
    return [RunSet(label, parameters, runs) for label, (parameters, runs) in found.items()]


def series(model_vars: pl.DataFrame, runs: RunSet, column: str) -> Series | None:
    """A measure over the steps; a run that ended before others keeps its last value. None if it is nowhere defined.

    Args:
        model_vars: table of that name, of all runs.
        runs: the set.
        column: of the measure.
    """
    of_set = model_vars.filter(pl.col("RunId").is_in(list(runs.runs))).select("RunId", "Step", pl.col(column).cast(pl.Float64))
    steps = of_set["Step"].unique().sort().to_list()
    by_run = []
    for run in runs.runs:
        known = dict(of_set.filter(pl.col("RunId") == run).drop_nulls(column).select("Step", column).iter_rows())
        by_run.append(_carried(known, steps))
    shown, estimates = [], []
    for number, step in enumerate(steps):
        found = estimate([values[number] for values in by_run if values[number] is not None])
        if found is not None:
            shown.append(step)
            estimates.append(found)
    return Series(shown, estimates) if shown else None


def endings(model_vars: pl.DataFrame, runs: RunSet, column: str) -> list[float]:
    """The last value of a measure in each run in which it has one."""
    of_set = model_vars.filter(pl.col("RunId").is_in(list(runs.runs))).drop_nulls(column).sort("RunId", "Step")
    last = of_set.group_by("RunId", maintain_order=True).agg(pl.col(column).last().cast(pl.Float64))
    return [float(value) for value in last[column].to_list()]


def _carried(known: Mapping[int, float], steps: Sequence[int]) -> list[Any]:
    values, last = [], None
    for step in steps:
        last = known.get(step, last)
        values.append(last)
    return values
