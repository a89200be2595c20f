"""`mqttown experiment`: run experiments, fork towns, follow facts, export run folders."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Self

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from mqttown_cli.console import DataOption, JsonOption, console, fail, run, show_json
from mqttown_cli.folder import DEFAULT_DATA

__all__ = ["app"]


class Form(StrEnum):
    """Forms of files."""

    PARQUET = "parquet"
    CSV = "csv"
    JSONL = "jsonl"
    GRAPHML = "graphml"


app = typer.Typer(no_args_is_help=True, help="Experiments: run, resume, fork, ask who knew what from whom, export.")
_progress = Console(stderr=True, highlight=False)

RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.", exists=True, file_okay=False)]


@app.command("run")
def run_command(
    file: Annotated[Path, typer.Argument(help="The experiment.", exists=True, dir_okay=False)],
    seeds: Annotated[str | None, typer.Option(help="Seeds, as `1-20` or `3,5,8-10`; those of the file without it.")] = None,
    workers: Annotated[int, typer.Option(min=1, max=256, help="Processes.")] = 1,
    out: Annotated[Path | None, typer.Option(help="Run folder; runs/NAME without it. What is there is not run again.")] = None,
    short: Annotated[bool, typer.Option("--short", help="The short form, with what the file says under `short`.")] = False,
    ray: Annotated[bool, typer.Option("--ray", help="Spread over a Ray cluster whose nodes share the run folder.")] = False,
    json_: JsonOption = False,
) -> None:
    """Run what is missing of an experiment: headless, in lockstep, without ports."""
    from mqttown_cli.laboratory.experiment import Experiment, ExperimentError, seeds_of  # noqa: PLC0415

    try:
        from mqttown_cli.laboratory.folder import RunFolderError  # noqa: PLC0415
        from mqttown_cli.laboratory.runner import RunError, run_experiment  # noqa: PLC0415
    except ImportError as error:
        fail(f"experiments need an extra: pip install 'mqttown-town[research]' ({error})")
    try:
        experiment = Experiment.read(file, short=short)
        if seeds is not None:
            experiment = experiment.model_copy(update={"seeds": seeds_of(seeds)})
        place = out or Path("runs") / experiment.name
        with _Bar(experiment) as bar:
            manifest = run_experiment(experiment, place, workers=workers, ray=ray, progress=bar.told)
    except (ExperimentError, RunFolderError, RunError) as error:
        fail(error)
    except KeyboardInterrupt:
        fail("stopped; the same command goes on with the runs that are missing")
    if json_:
        show_json({"out": str(place), **{name: manifest[name] for name in ("name", "hash", "experiment_hash", "seconds", "runs")}})
        return
    console.print(f"{len(manifest['runs'])} runs in {place}, hash {manifest['hash']}", markup=False)


@app.command()
def fork(
    out: Annotated[Path, typer.Argument(help="New folder for the fork; an experiment names it as parameter `start`.")],
    data: DataOption = DEFAULT_DATA,
    database: Annotated[str | None, typer.Option(help="PostgreSQL URL, if the town was started with one.")] = None,
    from_run: Annotated[Path | None, typer.Option("--from", help="A run folder, instead of a town.")] = None,
    run_id: Annotated[int, typer.Option("--run", help="RunId in it.")] = 0,
    at: Annotated[int | None, typer.Option(min=0, help="Tick; the newest without it.")] = None,
    json_: JsonOption = False,
) -> None:
    """Take a town as it was at a tick, to go on from there in experiments. A running town is only read."""
    from mqttown_cli.database import database_of  # noqa: PLC0415
    from mqttown_cli.folder import DataFolder, FolderError  # noqa: PLC0415
    from mqttown_cli.laboratory.fork import ForkError  # noqa: PLC0415
    from mqttown_cli.laboratory.taking import fork_of_run, fork_of_town  # noqa: PLC0415

    try:
        if from_run is not None:
            taken = fork_of_run(from_run, run_id, at)
        else:
            with database_of(DataFolder(data), database) as url:
                taken = run(fork_of_town(url, at))
        taken.write(out)
    except (ForkError, FolderError, ValueError) as error:
        fail(error)
    if json_:
        show_json({"out": str(out), "tick": taken.tick, "seed": taken.seed, "hash": taken.hash, "origin": taken.origin})
        return
    console.print(f"{taken.origin} at tick {taken.tick} is in {out}; name it as `start` in an experiment", markup=False)


@app.command()
def chain(
    folder: RunArgument,
    fact: Annotated[str | None, typer.Option(help="Words, or an event's id; the first planted news without it.")] = None,
    resident: Annotated[str | None, typer.Option(help="Only the chain to this one.")] = None,
    run_id: Annotated[int, typer.Option("--run", help="RunId.")] = 0,
    json_: JsonOption = False,
) -> None:
    """Who knows a fact, and by which messages from its source; ends with code 1 if somebody knows it who can't."""
    from mqttown_cli.laboratory.folder import RunFolder, RunFolderError  # noqa: PLC0415  an extra
    from mqttown_cli.laboratory.provenance import provenance  # noqa: PLC0415

    try:
        found = provenance(RunFolder(folder).table("knows", run_id), fact)
    except RunFolderError as error:
        fail(error)
    broken = found.broken()
    chains = {agent: links for agent, links in found.chains.items() if resident in (None, agent)}
    if json_:
        told = {agent: [link.to_json() for link in links] for agent, links in chains.items()}
        show_json({"origin": found.origin, "chains": told, "broken": broken, "false_knowers": found.false_knowers})
    else:
        if found.origin is None:
            console.print("nobody ever heard of it")
        if resident is not None and not chains:
            console.print(f"{resident} does not know it", markup=False)
        for agent, links in chains.items():
            console.print(f"{agent}: " + " → ".join(f"{link.hearer} ({link.event})" for link in links), markup=False)
        for agent, why in broken.items():
            console.print(f"{agent}'s chain is broken: {why}", style="red", markup=False)
        for agent, event in found.false_knowers.items():
            console.print(f"{agent} said it in {event} without having heard it", style="red", markup=False)
    raise typer.Exit(1 if broken or found.false_knowers else 0)


@app.command()
def gathering(
    folder: RunArgument,
    fact: Annotated[str, typer.Option(help="Words of the invitation.")],
    building: Annotated[str, typer.Option(help="Where it was held.")],
    begins: Annotated[int, typer.Option(help="Tick at which it began.")],
    tick: Annotated[int, typer.Option(help="Tick at which it is looked who is there; there must be a measurement of it.")],
    run_id: Annotated[int, typer.Option("--run", help="RunId.")] = 0,
    json_: JsonOption = False,
) -> None:
    """Who heard of an occasion and from whom, who meant to come, who came, and why the others did not."""
    from rich.table import Table  # noqa: PLC0415

    from mqttown_cli.laboratory.folder import RunFolder, RunFolderError  # noqa: PLC0415  an extra
    from mqttown_cli.laboratory.gathering import gathering as gather  # noqa: PLC0415

    try:
        found = gather(RunFolder(folder), run_id, fact, building, begins, tick)
    except RunFolderError as error:
        fail(error)
    if json_:
        show_json(found.to_dicts())
        return
    shown = Table("resident", "heard of it from", "at tick", "meant to come", "came", "why not")
    for row in found.to_dicts():
        told = (
            row["invited_by"] or "",
            str(row["invited_tick"] or ""),
            "yes" if row["planned"] else "",
            "yes" if row["came"] else "",
        )
        shown.add_row(row["agent"], *told, row["why_not"] or "")
    console.print(shown)


@app.command()
def export(
    folder: RunArgument,
    out: Annotated[Path, typer.Option(help="New or empty folder.")],
    form: Annotated[Form, typer.Option("--format", help="Of the files; GraphML is of the networks of who heard and paid whom.")],
    tables: Annotated[list[str] | None, typer.Option("--table", help="Only this table; may be given more than once.")] = None,
    pseudonymise: Annotated[
        bool, typer.Option("--pseudonymise", help="Other names for everybody, owners' texts left out.")
    ] = False,
) -> None:
    """Write the tables of a run folder in another form."""
    from mqttown_cli.laboratory.export import export_run  # noqa: PLC0415  an extra
    from mqttown_cli.laboratory.folder import RunFolderError  # noqa: PLC0415

    try:
        files = export_run(folder, out, form.value, tables, hide=pseudonymise)
    except RunFolderError as error:
        fail(error)
    console.print(f"{len(files)} files in {out}", markup=False)


class _Bar:
    """Shows how far an experiment is, on standard error."""

    def __init__(self, experiment: Any) -> None:
        from mqttown_cli.laboratory.design import varied  # noqa: PLC0415

        runs = len(experiment.all_seeds) * len(list(varied(experiment)))
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("left"),
            TimeRemainingColumn(), console=_progress, transient=False,
        )  # fmt: skip
        self._runs = self._bar.add_task("runs", total=runs)
        self._steps = self._bar.add_task("steps", total=runs * experiment.time_limit)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def told(self, runs: int, steps: int) -> None:
        """So many more runs are done, and so many more steps."""
        self._bar.advance(self._runs, runs)
        self._bar.advance(self._steps, steps)
