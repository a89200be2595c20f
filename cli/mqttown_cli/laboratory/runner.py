"""Running an experiment: what is missing is spread over processes, and each run is kept as soon as it is done."""

import gc
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from pathlib import Path
from typing import Any, Final

from mqttown_cli.laboratory.circumstances import circumstances
from mqttown_cli.laboratory.design import Run, runs_of
from mqttown_cli.laboratory.experiment import Experiment
from mqttown_cli.laboratory.folder import RunFolder
from mqttown_cli.laboratory.trial import Trial

__all__ = ["RunError", "run_experiment"]

Progress = Callable[[int, int], None]
"""Told of runs that are done, and of steps made, since the last time."""
_LOOK_SECONDS: Final = 0.2
_YOUNG: Final = 50_000
"""New objects before the first garbage collection: a step makes many that live until the next."""
_made: Any = None


class RunError(RuntimeError):
    """Some runs failed; the message names the first with its reason. The others are kept."""


def run_experiment(
    experiment: Experiment, out: Path, *, workers: int = 1, ray: bool = False, progress: Progress = lambda _runs, _steps: None
) -> dict[str, Any]:
    """Run what is missing of an experiment, and write the manifest.

    Args:
        experiment: what to run.
        out: the run folder, new or to be gone on with.
        workers: processes; with 1 the runs are made here.
        ray: spread over a Ray cluster instead.
        progress: told how far it is.

    Returns:
        The manifest.

    Raises:
        RunError: a run failed.
        ExperimentError, RunFolderError: it can't be run as asked.
    """
    runs = runs_of(experiment)
    folder = RunFolder(out)
    folder.prepare(experiment)
    left = folder.missing(experiment, runs)
    progress(len(runs) - len(left), (len(runs) - len(left)) * experiment.time_limit)
    if ray:
        spread = _on_ray(experiment, out, left)
    elif workers == 1:
        spread = _here(experiment, out, left, progress)
    else:
        spread = _in_processes(experiment, out, left, workers, progress)
    failed = []
    for run, fault in spread:
        if fault is not None:
            failed.append((run, fault))
        progress(1, experiment.time_limit if ray else 0)
    manifest = folder.close(experiment, circumstances()) if folder.receipts() else {}
    if failed:
        run, fault = failed[0]
        raise RunError(
            f"{len(failed)} of {len(left)} runs failed; run {run.run_id} (seed {run.seed}, {dict(run.parameters)}): {fault}"
        )
    return manifest


Done = tuple[Run, str | None]


def _here(experiment: Experiment, out: Path, runs: Sequence[Run], progress: Progress) -> Iterator[Done]:
    for run in runs:
        yield run, _run_one(experiment, out, run, lambda steps: progress(0, steps))


def _in_processes(experiment: Experiment, out: Path, runs: Sequence[Run], workers: int, progress: Progress) -> Iterator[Done]:
    context = multiprocessing.get_context("spawn")
    made = context.Value("q", 0)
    told = 0
    workers = min(workers, max(1, len(runs)))
    with ProcessPoolExecutor(workers, context, _begin, (made, max(1, (os.cpu_count() or 1) // workers))) as pool:
        waiting: dict[Future[str | None], Run] = {pool.submit(_run_counted, experiment, out, run): run for run in runs}
        try:
            while waiting:
                done, _ = wait(waiting, _LOOK_SECONDS, FIRST_COMPLETED)
                steps = made.value
                progress(0, steps - told)
                told = steps
                for future in sorted(done, key=lambda future: waiting[future].run_id):
                    yield waiting.pop(future), _fault(future)
        except BaseException:  # stopped by hand: what is being run is not waited for
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _fault(future: Future[str | None]) -> str | None:
    """Why a run failed, if it did; a process that was killed takes the runs with it that were still to be made."""
    error = future.exception()
    return future.result() if error is None else f"its process ended: {error}"


def _on_ray(experiment: Experiment, out: Path, runs: Sequence[Run]) -> Iterator[Done]:
    """On a Ray cluster, whose nodes share the folder."""
    import ray  # noqa: PLC0415  an extra

    ray.init(ignore_reinit_error=True, log_to_driver=False, include_dashboard=False)
    work = ray.remote(_run_on_a_node)
    waiting = {work.remote(experiment, out.absolute(), run): run for run in runs}
    while waiting:
        done, _ = ray.wait(list(waiting))
        for reference in done:
            yield waiting.pop(reference), ray.get(reference)


def _begin(made: Any, threads: int) -> None:
    """What a worker does first: it keeps the counter of steps, takes no core from the others, and collects garbage rarely."""
    global _made  # noqa: PLW0603  the one thing that a worker process shares with its parent
    _made = made
    _bound(threads)
    gc.set_threshold(_YOUNG)


def _bound(threads: int) -> None:
    """Let polars have so many threads when it is first used; else each worker has as many as there are cores."""
    os.environ.setdefault("POLARS_MAX_THREADS", str(threads))


def _run_counted(experiment: Experiment, out: Path, run: Run) -> str | None:
    def count(steps: int) -> None:
        with _made.get_lock():
            _made.value += steps

    return _run_one(experiment, out, run, count)


def _run_on_a_node(experiment: Experiment, out: Path, run: Run) -> str | None:
    _bound(1)
    return _run_one(experiment, out, run)


def _run_one(experiment: Experiment, out: Path, run: Run, stepped: Callable[[int], None] = lambda _steps: None) -> str | None:
    """Make one run and keep it; says why it failed, if it did."""
    began = time.perf_counter()
    try:
        outcome = Trial(experiment, run).live(stepped)
    except Exception as error:  # noqa: BLE001  whatever a model of somebody else's raises, the other runs go on
        return f"{type(error).__name__}: {error}"
    RunFolder(out).keep(experiment, run, outcome, time.perf_counter() - began)
    del outcome
    gc.collect()  # a town is full of cycles, and the next one is as large
    return None
