"""`batch_run` with Mesa's name, arguments and rows, for models of the laboratory and of Mesa."""

import inspect
import itertools
import multiprocessing
from collections.abc import Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Any

from rich.progress import track

__all__ = ["batch_run"]

_Run = tuple[int, int, dict[str, Any]]


def batch_run(
    model_cls: type[Any],
    parameters: Mapping[str, Any | Iterable[Any]],
    number_processes: int | None = 1,
    iterations: int = 1,
    data_collection_period: int = -1,
    max_steps: int = 1000,
    *,
    display_progress: bool = True,
) -> list[dict[str, Any]]:
    """Run a model with every combination of parameters, as Mesa's `batch_run` does.

    A model that takes a `seed` which is no parameter gets 1, 2, … by iteration, so that a batch can be run again.

    Args:
        model_cls: with `steps`, `running`, `step()` and `datacollector`.
        parameters: name to a value, or to several.
        number_processes: None for as many as there are cores.
        iterations: of each combination.
        data_collection_period: steps between two rows; -1 for the last step alone.
        max_steps: a model still makes a step while it has made no more than these.
        display_progress: on standard output.

    Returns:
        Rows of `RunId`, `iteration`, `Step`, the parameters, the model's reporters and, a row for each agent, `AgentID` and the
        agents' reporters; in the order of the runs.

    Raises:
        AttributeError: the model has no `datacollector`.
        ValueError: a parameter has no values.
    """
    combinations = [dict(pairs) for pairs in itertools.product(*(_choices(name, values) for name, values in parameters.items()))]
    seeded = "seed" in inspect.signature(model_cls).parameters and "seed" not in parameters
    numbered = enumerate(itertools.product(range(iterations), combinations))
    runs: list[_Run] = [
        (number, iteration, {**values, "seed": iteration + 1} if seeded else values) for number, (iteration, values) in numbered
    ]
    work = partial(_rows, model_cls, data_collection_period, max_steps)
    if number_processes == 1:
        made = [work(run) for run in track(runs, "runs", disable=not display_progress)]
    else:
        with ProcessPoolExecutor(number_processes, multiprocessing.get_context("spawn")) as pool:
            made = list(track(pool.map(work, runs), "runs", total=len(runs), disable=not display_progress))
    return [row for rows in made for row in rows]


def _choices(name: str, values: Any) -> list[tuple[str, Any]]:
    if isinstance(values, str) or not isinstance(values, Iterable):
        return [(name, values)]
    found = [(name, value) for value in values]
    if not found:
        raise ValueError(f"the parameter {name!r} has no values")
    return found


def _rows(model_cls: type[Any], period: int, max_steps: int, run: _Run) -> list[dict[str, Any]]:
    run_id, iteration, values = run
    model = model_cls(**values)
    if getattr(model, "datacollector", None) is None:
        raise AttributeError(f"{model_cls.__name__} has no datacollector: give it a DataCollector, and collect in step()")
    while model.running and model.steps <= max_steps:
        model.step()
    steps = list(range(0, model.steps, period))
    if not steps or steps[-1] != model.steps - 1:
        steps.append(model.steps - 1)
    rows = []
    for step in steps:
        collector = model.datacollector
        row = {"RunId": run_id, "iteration": iteration, "Step": step, **values}
        row |= {name: collected[step] for name, collected in collector.model_vars.items()}
        agents = collector._agent_records.get(step, ())  # noqa: SLF001  where Mesa's collector keeps them, and ours
        reported = [{"AgentID": agent[1], **dict(zip(collector.agent_reporters, agent[2:], strict=True))} for agent in agents]
        rows += [{**row, **agent} for agent in reported] or [row]
    return rows
