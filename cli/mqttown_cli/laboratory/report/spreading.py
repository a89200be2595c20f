"""How what was planted or announced went round: curves of those who know, and how many each of them told."""

from collections.abc import Sequence
from statistics import fmean
from typing import Final

import polars as pl

from mqttown_cli.laboratory.folder import RunFolderError
from mqttown_cli.laboratory.measures.diffusion import RIPE, Learned, curve, reproduction, source, spread
from mqttown_cli.laboratory.report.charts import curves, number
from mqttown_cli.laboratory.report.sets import RunSet, Series
from mqttown_cli.laboratory.report.side import SETS_SHOWN, Panel, Side, band
from mqttown_cli.laboratory.report.statistics import estimate

__all__ = ["spreading"]

FACTS_SHOWN: Final = 4
POINTS: Final = 200
"""So many points of a curve are drawn at most."""


def spreading(side: Side) -> list[Panel]:
    """A diffusion curve for each fact; none where it was not kept who heard what, or who lives there."""
    try:
        knows, agents = side.folder.table("knows"), side.folder.table("agents")
    except RunFolderError:
        return []
    planted = knows.filter(pl.col("speaker").is_null())["text"].unique(maintain_order=True).to_list()
    return [_panel(side, knows, agents, fact) for fact in planted[:FACTS_SHOWN]]


def _panel(side: Side, knows: pl.DataFrame, agents: pl.DataFrame, fact: str) -> Panel:
    last = max(run["steps"] for run in side.manifest["runs"])
    steps = sorted({*range(0, last + 1, max(1, last // POINTS)), last})
    shown, told = [], []
    for colour, runs in enumerate(side.sets[:SETS_SHOWN]):
        by_run = [(_learned(knows, run, fact), len(agents.filter(pl.col("RunId") == run))) for run in runs.runs]
        shown.append(band(runs, _series(by_run, steps), colour))
        told.append(_told(runs, [found for learned, _ in by_run if (found := reproduction(learned, last - RIPE)) is not None]))
    picture = curves(shown, f"who knows: {fact}", "step", "share of residents who know", (0.0, 1.0))
    legend = [(line.colour, line.label) for line in shown] if len(side.sets) > 1 else []
    caption = f"“{fact}” To how many who did not know it a knower of {RIPE} ticks has told it, on average: {'; '.join(told)}."
    return Panel(picture, caption, legend)


def _learned(knows: pl.DataFrame, run: int, fact: str) -> list[Learned]:
    of_run = knows.filter(pl.col("RunId") == run)
    origin = source(of_run, fact)
    return [] if origin is None else spread(of_run, origin)


def _series(by_run: Sequence[tuple[list[Learned], int]], steps: Sequence[int]) -> Series:
    shares = [curve(learned, residents, steps[-1]) for learned, residents in by_run if residents]
    found = [estimate([share[step] for share in shares]) for step in steps]
    return Series(list(steps), [one for one in found if one is not None])


def _told(runs: RunSet, numbers: Sequence[float]) -> str:
    mean = number(fmean(numbers)) if numbers else "nobody knew it so long"
    return f"{runs.label}: {mean}" if runs.label else mean
