"""One run folder in a report: what it was, what was measured, how people stood and who heard whom."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
import polars as pl

from mqttown_cli.laboratory.folder import RunFolder, RunFolderError
from mqttown_cli.laboratory.measures.inequality import gini, lorenz
from mqttown_cli.laboratory.measures.network import graph
from mqttown_cli.laboratory.report.charts import COLOURS, Curve, curves, number
from mqttown_cli.laboratory.report.pictures import Legend, map_picture, network_picture
from mqttown_cli.laboratory.report.sets import RunSet, Series, endings, series, sets_of

__all__ = ["SETS_SHOWN", "Panel", "Side", "band"]

SETS_SHOWN: Final = COLOURS
MAPS_SHOWN: Final = 4
TALES_SHOWN: Final = 40
_OF_EVERY_TOWN: Final = (
    "AgentID", "kind", "home", "home_district", "job", "district", "building", "x", "y", "doing", "purse", "energy", "food",
    "company", "present",
)  # fmt: skip


@dataclass(frozen=True)
class Panel:
    """A picture with what belongs under it."""

    picture: str
    caption: str
    legend: Legend = field(default_factory=list)


class Side:
    """A run folder, read for a report.

    Args:
        folder: with a manifest.

    Attributes:
        manifest: of the folder.
        sets: runs that differ by their seed alone.
        metrics: columns of measures, in the order of the experiment.
    """

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self.manifest = folder.manifest()
        self.experiment = folder.experiment()
        self.sets = sets_of(folder)
        self.model_vars = folder.table("model_vars")
        self.metrics = [metric.column for metric in self.experiment.metrics if metric.column in self.model_vars.columns]
        self._dictionary: dict[str, Any] = orjson.loads((folder.path / "dictionary.json").read_bytes())

    @property
    def name(self) -> str:
        """What the report calls it: its folder."""
        return self.folder.path.name

    @property
    def parameters(self) -> dict[str, list[str]]:
        """Values of each parameter over the runs, as texts."""
        found: dict[str, dict[str, None]] = {}
        for runs in self.sets:
            for name, value in runs.parameters.items():
                found.setdefault(name, {})[str(value)] = None
        return {name: list(values) for name, values in found.items()}

    def unit(self, metric: str) -> str:
        """Unit of a measure; empty for a ratio."""
        unit = str(self._column(metric).get("unit", ""))
        return "" if unit == "1" else unit

    def meaning(self, metric: str) -> str:
        """Definition of a measure."""
        return str(self._column(metric).get("meaning", ""))

    def ends(self, metric: str, runs: RunSet) -> list[float]:
        """A measure at the end of each run."""
        return endings(self.model_vars, runs, metric) if metric in self.metrics else []

    def over_time(self, metric: str) -> list[tuple[RunSet, Series]]:
        """A measure over the steps, for each set that can be told apart."""
        if metric not in self.metrics:
            return []
        found = ((runs, series(self.model_vars, runs, metric)) for runs in self.sets[:SETS_SHOWN])
        return [(runs, line) for runs, line in found if line is not None]

    def curve_panel(self, metric: str, span: tuple[float, float] | None = None) -> Panel | None:
        """Curves of a measure with bands over seeds."""
        lines = self.over_time(metric)
        if not lines:
            return None
        shown = [band(runs, line, self.sets.index(runs)) for runs, line in lines]
        unit = self.unit(metric)
        picture = curves(shown, f"{metric} over the steps", "step", f"{metric}{f' ({unit})' if unit else ''}", span)
        legend = [(curve.colour, curve.label) for curve in shown] if len(self.sets) > 1 else []
        left_out = f" {len(self.sets) - SETS_SHOWN} further sets are in the table only." if len(self.sets) > SETS_SHOWN else ""
        return Panel(picture, left_out.strip(), legend)

    def lorenz_panel(self) -> Panel | None:
        """Lorenz curves of the purses at the end, the mean over the runs of a set; None if nobody holds anything."""
        last = self._at_the_end(["purse"])
        if last is None:
            return None
        shown, told = [Curve("equality", [0.0, 1.0], [0.0, 1.0], colour=COLOURS - 1)], []
        for colour, runs in enumerate(self.sets[: SETS_SHOWN - 1]):
            held = [last.filter(pl.col("RunId") == run)["purse"].to_list() for run in runs.runs]
            held = [purses for purses in held if any(purses)]
            if not held or len({len(purses) for purses in held}) > 1:
                continue
            rows = [lorenz(purses) for purses in held]
            y = [sum(float(row[1][point]) for row in rows) / len(rows) for point in range(len(rows[0][0]))]
            shown.append(Curve(runs.label or "runs", [float(x) for x in rows[0][0]], y, colour=colour))
            told.append(f"{runs.label}{': ' if runs.label else ''}Gini {number(sum(map(gini, held)) / len(held))}")
        if len(shown) == 1:
            return None
        picture = curves(shown, "Lorenz curves", "share of residents, poorest first", "share of the money", (0.0, 1.0))
        legend = [(curve.colour, curve.label) for curve in shown]
        return Panel(picture, f"Mean over runs at the end. {'; '.join(told)}.", legend)

    def map_panels(self) -> list[Panel]:
        """Where everybody is at the end of the first run of some sets, coloured by what the model tells of them."""
        last = self._at_the_end(["x", "y"])
        if last is None:
            return []
        own = [name for name in last.columns if name not in (*_OF_EVERY_TOWN, "RunId", "Step", "iteration", *self.parameters)]
        kind = next((name for name in (*own, "home_district", "doing") if name in last.columns), None)
        made = []
        for runs in self.sets[:MAPS_SHOWN]:
            there = last.filter(pl.col("RunId") == runs.runs[0]).drop_nulls(["x", "y"])
            kinds = ["resident"] * len(there) if kind is None else there[kind].cast(pl.String).fill_null("none").to_list()
            people = list(zip(there["x"].to_list(), there["y"].to_list(), kinds, strict=True))
            if people:
                step = there["Step"].to_list()[-1]
                picture, legend = map_picture(people, self._ground(), f"where everybody is, {runs.label}")
                caption = f"Run {runs.runs[0]}{f' ({runs.label})' if runs.label else ''} at step {step}, by {kind or 'nothing'}."
                made.append(Panel(picture, caption, legend))
        return made

    def network_panels(self) -> list[Panel]:
        """Who heard whom in the first run of some sets."""
        made: list[Panel] = []
        for runs in self.sets[:2]:
            try:
                knows = self.folder.table("knows", runs.runs[0])
            except RunFolderError:
                return made
            pairs = knows.drop_nulls("speaker").select("speaker", "agent").rows()
            if pairs:
                network = graph(pairs)
                picture, left_out = network_picture(network, f"who heard whom, {runs.label}")
                told = f"Run {runs.runs[0]}{f' ({runs.label})' if runs.label else ''}: {len(network)} who spoke or heard, "
                told += (
                    f"{number(network.number_of_edges())} directed edges; a colour is a community by Louvain's method. {left_out}"
                )
                made.append(Panel(picture, told.strip()))
        return made

    def interventions(self) -> list[dict[str, Any]]:
        """What was done from outside in the first run."""
        try:
            rows = self.folder.table("interventions", self.sets[0].runs[0])
        except RunFolderError:
            return []
        return rows.select("tick", "kind", "data", "because").head(TALES_SHOWN).to_dicts()

    def _column(self, metric: str) -> Mapping[str, Any]:
        columns: Mapping[str, Any] = self._dictionary.get("model_vars", {}).get("columns", {})
        told: Mapping[str, Any] = columns.get(metric, {})
        return told

    def _at_the_end(self, columns: Sequence[str]) -> pl.DataFrame | None:
        """Rows of `agent_vars` of each run's last step; None if a column was not kept."""
        try:
            rows = self.folder.table("agent_vars")
        except RunFolderError:
            return None
        if not set(columns) <= set(rows.columns):
            return None
        return rows.filter(pl.col("Step") == pl.col("Step").max().over("RunId"))

    def _ground(self) -> list[list[list[float]]]:
        """Outlines of the buildings, metres, where the model is a town that can be compiled here as it was."""
        if self.experiment.model != "town" or "start" in self.sets[0].parameters:
            return []
        from mqttown_cli.laboratory.town import compiled  # noqa: PLC0415  compiling takes its time

        parameters = self.sets[0].parameters
        receipt = next(run for run in self.manifest["runs"] if run["RunId"] == self.sets[0].runs[0])
        town = compiled(parameters.get("town", "helsinki"), parameters.get("residents", 25), receipt["seed"])
        return [[[x / 100, y / 100] for x, y in building["footprint"]] for building in town["buildings"]]


def band(runs: RunSet, line: Series, colour: int) -> Curve:
    """A curve with its bands, as it is drawn."""
    known = [(one.mean - one.half, one.mean + one.half) if one.half is not None else (one.mean, one.mean) for one in line.estimates]
    several = any(one.n > 1 for one in line.estimates)
    return Curve(
        label=runs.label or "all runs",
        x=line.steps,
        y=[one.mean for one in line.estimates],
        inner=known if several else (),
        outer=[(one.least, one.most) for one in line.estimates] if several else (),
        colour=colour,
    )
