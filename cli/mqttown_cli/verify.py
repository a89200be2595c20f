"""`mqttown verify`: replays the journal and compares every tick and every snapshot."""

from typing import Annotated

import typer

from mqttown_cli.console import DataOption, JsonOption, console, fail, run, show_json
from mqttown_cli.database import database_of
from mqttown_cli.folder import DEFAULT_DATA, DataFolder, FolderError

__all__ = ["verify"]


def verify(
    data: DataOption = DEFAULT_DATA,
    database: Annotated[str | None, typer.Option(help="PostgreSQL URL, if the town was started with one.")] = None,
    from_snapshot: Annotated[bool, typer.Option("--from-snapshot", help="Begin at the newest snapshot, not at the seed.")] = False,
    json_: JsonOption = False,
) -> None:
    """Feed the journaled inputs through the world again; ends with code 1 if anything differs."""
    from mqttown_orchestrator.journal import JournalError  # noqa: PLC0415  the world loads when it is replayed
    from mqttown_orchestrator.replay import verify as replay  # noqa: PLC0415

    try:
        with database_of(DataFolder(data), database) as url:
            found = run(replay(url, from_snapshot=from_snapshot))
    except (FolderError, JournalError) as error:
        fail(error)
    if json_:
        show_json(found.to_json())
    elif found.ok:
        console.print(f"{found.ticks} ticks replayed, all as journaled; the last state is {found.hash}")
    else:
        console.print(f"tick {found.first_bad_tick} is not as journaled: {found.detail}", style="red", markup=False)
    raise typer.Exit(0 if found.ok else 1)
