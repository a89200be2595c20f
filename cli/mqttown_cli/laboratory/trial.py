"""One run of an experiment: the model is made, changed, asked and measured as the file says."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import polars as pl

from mqttown_cli.laboratory.collector import reported
from mqttown_cli.laboratory.design import Run, accepted, attribute, filled, model_class
from mqttown_cli.laboratory.experiment import Experiment, ExperimentError, Intervention, Metric, Survey, moment_of
from mqttown_cli.laboratory.expression import Expression
from mqttown_cli.laboratory.measure import Measure, Tables
from mqttown_cli.laboratory.model import Digested, Intervened, Model, Surveyed, Tabled
from mqttown_cli.laboratory.schema import TABLES, frame

__all__ = ["Outcome", "Trial", "measure_of"]

_KEPT: Final = tuple(name for name, table in TABLES.items() if name != "residents" and not table.measured)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to.

    Attributes:
        steps: made.
        ended: `time_limit`, `exit_condition`, or `over` by the model itself.
        state: hash of the last state, if the model has one.
        tables: by name, without `RunId` and `iteration`.
        facts: further ones of the model's, for the manifest.
    """

    steps: int
    ended: str
    state: str | None
    tables: dict[str, pl.DataFrame]
    facts: dict[str, Any]


class Trial:
    """Runs one run.

    Args:
        experiment: whose run it is.
        run: which one.

    Attributes:
        model: that is run.

    Raises:
        ExperimentError: the model can't do what the file asks of it.
    """

    def __init__(self, experiment: Experiment, run: Run) -> None:
        self._experiment = experiment
        self._run = run
        made = model_class(experiment)
        self.model: Model = made(seed=run.seed, **accepted(made, run.parameters))
        self._metrics = [metric.model_copy(update=filled(metric.model_dump(), run.parameters)) for metric in experiment.metrics]
        self._setup = [self._filled(entry) for entry in experiment.setup]
        self._interventions = [self._filled(entry) for entry in experiment.interventions]
        self._surveys = [self._filled(entry) for entry in experiment.surveys]
        self._exit = self._condition(experiment.exit_condition)
        self._measured_when = self._condition(experiment.metrics_condition)
        self._found: dict[str, Measure | None] = {}
        self._moments: dict[int, set[int]] = {}
        self._whens: dict[int, Expression] = {}
        self._fired: set[int] = set()
        for entry in (*self._interventions, *self._surveys):
            self._plan_ahead(entry)
        self._model_vars: list[dict[str, Any]] = []
        self._agent_vars: list[pl.DataFrame] = []
        self._answers: list[dict[str, Any]] = []
        self._first = self.model.steps
        self._check()

    def live(self, stepped: Callable[[int], None] = lambda _steps: None) -> Outcome:
        """Run it to its end.

        Args:
            stepped: told of steps made, now and then.
        """
        try:
            return self._live(stepped)
        finally:
            if hasattr(self.model, "close"):
                self.model.close()

    def _live(self, stepped: Callable[[int], None]) -> Outcome:
        model, limit = self.model, self._experiment.time_limit
        self._ask(setting_up=True)
        self._measure()
        ended, told = "time_limit", model.steps
        while model.steps - self._first < limit:
            self._intervene()
            model.step()
            self._ask()
            over = not model.running
            if over or (self._exit is not None and self._exit(self._values(self._exit))):
                ended = "over" if over else "exit_condition"
                break
            if self._due() and model.steps - self._first < limit:
                self._measure()
            if model.steps - told >= 20:
                stepped(model.steps - told)
                told = model.steps
        self._measure()
        stepped(model.steps - told)
        state = model.digest() if isinstance(model, Digested) else None
        facts = model.facts() if hasattr(model, "facts") else {}
        return Outcome(model.steps, ended, state, self._tables(), facts)

    def _filled(self, entry: Any) -> Any:
        return type(entry).model_validate(filled(entry.model_dump(exclude_none=True), self._run.parameters))

    def _condition(self, text: str | None) -> Expression | None:
        return None if text is None else Expression(str(filled(text, self._run.parameters)))

    def _plan_ahead(self, entry: Intervention | Survey) -> None:
        """Work out when something is to be done; a time of day counts from the model's own clock."""
        if entry.when is not None:
            self._whens[id(entry)] = Expression(entry.when)
        for moment in entry.at if isinstance(entry.at, list) else [entry.at]:
            if moment is None:
                continue
            when = moment_of(moment)
            if isinstance(when, tuple):
                if not hasattr(self.model, "tick_at"):
                    raise ExperimentError(f"the model {self._experiment.model} has no clock, so `at` is a step, not {moment!r}")
                when = int(self.model.tick_at(*when))
            self._moments.setdefault(id(entry), set()).add(when)

    def _check(self) -> None:
        """See that the model can do what the file asks of it, before anything is run."""
        wanted = (
            (self._setup or self._interventions, Intervened, "interventions"),
            (self._surveys, Surveyed, "surveys"),
        )
        for entries, ability, name in wanted:
            if entries and not isinstance(self.model, ability):
                raise ExperimentError(f"the model {self._experiment.model} takes no {name}")
        for metric in self._metrics:
            self._reporter(metric)

    def _intervene(self) -> None:
        """Do what is to be done in the step that is made next."""
        step = self.model.steps + 1
        if step == self._first + 1:
            for entry in self._setup:
                self._do(entry, "setup")
        for entry in self._interventions:
            if why := self._now(entry, step):
                self._do(entry, why)

    def _do(self, entry: Intervention, why: str) -> None:
        assert isinstance(self.model, Intervened), "checked at the beginning"
        self.model.intervene(entry.do, entry.data, why)

    def _ask(self, *, setting_up: bool = False) -> None:
        """Put the questions that are due after the step that was made last."""
        for entry in self._surveys:
            if self._now(entry, self.model.steps, also_at_zero=setting_up):
                assert isinstance(self.model, Surveyed), "checked at the beginning"
                group = None if entry.of == "all" else self.model.choose(entry.of)  # type: ignore[attr-defined]
                asked = self.model.survey(entry.question, group)
                self._answers += [{"tick": self.model.steps, "survey": entry.name, **answer} for answer in asked]

    def _now(self, entry: Intervention | Survey, step: int, *, also_at_zero: bool = False) -> str | None:
        """Why something is to be done at a step; None if it is not."""
        if not entry.since <= step <= (entry.until if entry.until is not None else step):
            return None
        if step in self._moments.get(id(entry), ()):
            return "at"
        if entry.every is not None and step % entry.every == 0 and (step > self._first or also_at_zero):
            return "every"
        condition = self._whens.get(id(entry))
        if condition is None or (id(entry) in self._fired and not entry.again) or not condition(self._values(condition)):
            return None
        self._fired.add(id(entry))
        return "when"

    def _due(self) -> bool:
        every = self._experiment.metrics_every
        if every is not None and (self.model.steps - self._first) % every == 0:
            return True
        return self._measured_when is not None and self._measured_when(self._values(self._measured_when))

    def _values(self, condition: Expression) -> dict[str, Any]:
        """What the names of an expression stand for now."""
        values: dict[str, Any] = {"tick": self.model.steps, "seed": self._run.seed, **self._run.parameters}
        if hasattr(self.model, "minute_and_day"):
            values["minute"], values["day"] = self.model.minute_and_day()
        by_column = {metric.column: metric for metric in self._metrics}
        tables = None
        for name in condition.names:
            if name not in values:
                tables = tables or self._so_far()
                values[name] = self._reporter(by_column.get(name, Metric(measure=name, column=name)))(tables)
        return values

    def _so_far(self) -> Tables:
        known = self.model.tables() if isinstance(self.model, Tabled) else Tables(self.model.steps, {})
        if not self._surveys:
            return known
        return Tables(known.tick, {**{name: partial(known.__getitem__, name) for name in known}, "answers": self._answered})

    def _measure(self) -> None:
        """Take all measures now."""
        tables = self._so_far()
        at = {"Step": self.model.steps, **self._run.parameters}
        self._model_vars.append({**at, **{metric.column: self._reporter(metric)(tables) for metric in self._metrics}})
        agents = self._agents_now(tables)
        if agents is not None and self._experiment.agent_metrics != []:
            constants = [pl.lit(value).alias(name) for name, value in at.items()]
            self._agent_vars.append(agents.select(*constants, *agents.columns))

    def _agents_now(self, tables: Tables) -> pl.DataFrame | None:
        """Table `agent_vars` of this moment, without step and parameters."""
        wanted = self._experiment.agent_metrics
        if "residents" in tables:
            found = tables["residents"].rename({"agent": "AgentID"})
        else:
            collector = getattr(self.model, "datacollector", None)
            if collector is None or not collector.agent_reporters:
                return None
            reporters = collector.agent_reporters
            rows = [
                {"AgentID": agent.unique_id, **{name: reported(reporter, agent) for name, reporter in reporters.items()}}
                for agent in self.model.agents  # type: ignore[attr-defined]
            ]
            found = pl.DataFrame(rows)
        if wanted is None:
            return found
        unknown = [name for name in wanted if name not in found.columns]
        if unknown:
            raise ExperimentError(f"agents have no {', '.join(unknown)}; they have {', '.join(found.columns)}")
        return found.select("AgentID", *wanted)

    def _reporter(self, metric: Metric) -> Callable[[Tables], Any]:
        """What takes one measure."""
        if metric.measure not in self._found:
            self._found[metric.measure] = measure_of(metric.measure, self._experiment.base)
        measure = self._found[metric.measure]
        if measure is not None:
            return lambda tables: measure(tables, **metric.parameters)
        collector = getattr(self.model, "datacollector", None)
        if collector is not None and metric.measure in collector.model_reporters:
            reporter = collector.model_reporters[metric.measure]
            return lambda _tables: reported(reporter, self.model)
        raise ExperimentError(
            f"there is no measure {metric.measure!r}: it is none of `mqttown measures`, no `module:attribute` or "
            "`file.py:attribute`, and no reporter of the model's own"
        )

    def _tables(self) -> dict[str, pl.DataFrame]:
        """All tables that are kept."""
        made = {"model_vars": pl.DataFrame(self._model_vars, infer_schema_length=None)}
        if self._agent_vars:
            made["agent_vars"] = pl.concat(self._agent_vars)
        so_far = self._so_far()
        made |= {name: so_far[name] for name in so_far if name != "residents" and self._kept(name)}
        return {name: table for name, table in made.items() if self._kept(name)}

    def _answered(self) -> pl.DataFrame:
        return frame("answers", [tuple(row.get(name) for name in TABLES["answers"].schema) for row in self._answers])

    def _kept(self, name: str) -> bool:
        keep: Iterable[str] | None = self._experiment.keep
        return keep is None or name in ("model_vars", *keep)


def measure_of(name: str, base: Path = Path()) -> Measure | None:
    """A measure by its name, by `module:attribute`, or by `file.py:attribute` beside the experiment; None if there is none.

    Raises:
        ExperimentError: the module can't be loaded, or has no such measure.
    """
    from mqttown_cli.laboratory.measures.registry import MEASURES  # noqa: PLC0415  scipy and networkx take their time to load

    if ":" not in name:
        return MEASURES.get(name)
    try:
        found = attribute(name, base)
    except (ImportError, AttributeError, FileNotFoundError, ValueError) as error:
        raise ExperimentError(f"the measure {name!r} can't be loaded: {error}") from error
    if not isinstance(found, Measure):
        raise ExperimentError(f"{name!r} is no Measure")
    return found
