"""Which parameter matters for which measure, from an experiment whose samples SALib has drawn."""

from statistics import fmean
from typing import Any, Final

from mqttown_cli.laboratory.report.charts import Bar, bars
from mqttown_cli.laboratory.report.sets import RunSet
from mqttown_cli.laboratory.report.side import Panel, Side
from mqttown_cli.laboratory.sensitivity import Index, Sensitivity, indices, samples

__all__ = ["effects"]

_ABOUT: Final = {
    "sobol": (
        "Sobol's indices: the share of an outcome's variance that a parameter explains by itself (first order), and with all that "
        "it does together with others (total); Saltelli et al. (2010), Computer Physics Communications 181."
    ),
    "morris": (
        "Morris' mu*: the mean size of an elementary effect over the parameter's whole range, in units of the outcome. Sigma is "
        "its spread, large where effects are curved or hang on other parameters. Morris (1991), Technometrics 33(2)."
    ),
}


def effects(side: Side) -> dict[str, Any] | None:
    """Bars of the indices of each measure at the end of a run; None where no parameters were sampled."""
    sensitivity = side.experiment.sensitivity
    if sensitivity is None:
        return None
    drawn = len(samples(sensitivity))
    panels = [panel for metric in side.metrics if (panel := _panel(side, metric, sensitivity, drawn)) is not None]
    seeds = len(side.manifest["runs"]) // drawn
    told = f"{_ABOUT[sensitivity.method]} {drawn} samples by SALib, each the mean of {seeds} seeds; whiskers: 95 % by bootstrap."
    return {"about": told, "panels": panels}


def _panel(side: Side, metric: str, sensitivity: Sensitivity, drawn: int) -> Panel | None:
    """Indices of one measure; None if a sample has no value of it."""
    outcomes = []
    for sample in range(drawn):  # runs are numbered by seeds, and within a seed by samples
        runs = [run["RunId"] for run in side.manifest["runs"] if run["RunId"] % drawn == sample]
        ends = side.ends(metric, RunSet("", {}, runs))
        if not ends:
            return None
        outcomes.append(fmean(ends))
    found = indices(sensitivity, outcomes)
    shown = [bar for index in found for bar in _bars(index)]
    label = "share of variance" if sensitivity.method == "sobol" else f"mu*, {side.unit(metric) or metric}"
    sigma = "; ".join(f"{index.parameter} {index.sigma:.3g}" for index in found if index.sigma is not None)
    return Panel(bars(shown, f"what matters for {metric}", label), f"{metric}{f'. sigma: {sigma}' if sigma else ''}")


def _bars(index: Index) -> list[Bar]:
    if index.first is None:
        return [Bar(index.parameter, index.total, index.total_95, 0)]
    return [Bar(index.parameter, index.first, index.first_95, 0), Bar("total", index.total, index.total_95, 5)]
