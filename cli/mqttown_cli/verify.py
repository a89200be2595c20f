"""`mqttown verify`: replays the journal and compares every tick and every snapshot; or makes an experiment's runs again."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from mqttown_cli.console import DataOption, JsonOption, console, fail, run, show_json
from mqttown_cli.database import database_of
from mqttown_cli.folder import DEFAULT_DATA, DataFolder, FolderError

if TYPE_CHECKING:
    from mqttown_cli.laboratory.verification import RunVerification
    from mqttown_orchestrator.replay import Verification

__all__ = ["verify"]


def verify(
    run_folder: Annotated[
        Path | None,
        typer.Argument(metavar="[RUN]", help="A run folder; the town of --data without it.", exists=True, file_okay=False),
    ] = None,
    data: DataOption = DEFAULT_DATA,
    database: Annotated[str | None, typer.Option(help="PostgreSQL URL, if the town was started with one.")] = None,
    from_snapshot: Annotated[bool, typer.Option("--from-snapshot", help="Begin at the newest snapshot, not at the seed.")] = False,
    only: Annotated[list[int] | None, typer.Option("--run", help="Of a run folder: make only this run again.")] = None,
    json_: JsonOption = False,
) -> None:
    """Feed the journaled inputs through the world again, or make the runs of a folder again; code 1 if anything differs."""
    if run_folder is not None:
        _verify_run(run_folder, only, as_json=json_)
        return
    from mqttown_orchestrator.journal import JournalError  # noqa: PLC0415  the world loads when it is replayed
    from mqttown_orchestrator.replay import verify as replay  # noqa: PLC0415

    try:
        with database_of(DataFolder(data), database) as url:
            found = run(replay(url, from_snapshot=from_snapshot))
    except (FolderError, JournalError) as error:
        fail(error)
    agreed = f"{found.ticks} ticks replayed, all as journaled; the last state is {found.hash}"
    _end(found, agreed, f"tick {found.first_bad_tick} is not as journaled: {found.detail}", as_json=json_)


def _verify_run(folder: Path, only: list[int] | None, *, as_json: bool) -> None:
    from mqttown_cli.laboratory.experiment import ExperimentError  # noqa: PLC0415  an extra
    from mqttown_cli.laboratory.folder import RunFolderError  # noqa: PLC0415
    from mqttown_cli.laboratory.verification import verify_run  # noqa: PLC0415

    try:
        found = verify_run(folder, only)
    except (ExperimentError, RunFolderError) as error:
        fail(error)
    agreed = f"{found.runs} runs made again, all as they were; the hash is {found.hash}"
    _end(found, agreed, f"run {found.first_bad_run} is not as it was: {found.detail}", as_json=as_json)


def _end(found: "Verification | RunVerification", agreed: str, differs: str, *, as_json: bool) -> NoReturn:
    """Tell what was found, and end with code 0 or 1."""
    if as_json:
        show_json(found.to_json())
    elif found.ok:
        console.print(agreed)
    else:
        console.print(differs, style="red", markup=False)
    raise typer.Exit(0 if found.ok else 1)
