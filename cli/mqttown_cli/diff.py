"""`mqttown diff`: where two runs part."""

from pathlib import Path
from typing import Annotated

import typer

from mqttown_cli.console import JsonOption, console, fail, show_json

__all__ = ["diff"]


def diff(
    one: Annotated[Path, typer.Argument(metavar="RUN1", help="A run folder.", exists=True, file_okay=False)],
    other: Annotated[Path, typer.Argument(metavar="RUN2", help="A run folder; may be the same.", exists=True, file_okay=False)],
    run: Annotated[int, typer.Option(help="RunId in the first.")] = 0,
    other_run: Annotated[int | None, typer.Option(help="RunId in the second; the same without it.")] = None,
    json_: JsonOption = False,
) -> None:
    """Find the first tick, agent and cause where two runs part; ends with code 1 if they do."""
    from mqttown_cli.laboratory.difference import difference  # noqa: PLC0415  an extra
    from mqttown_cli.laboratory.folder import RunFolderError  # noqa: PLC0415

    try:
        found = difference(one, other, run, other_run)
    except RunFolderError as error:
        fail(error)
    if json_:
        show_json(found.to_json())
    else:
        for name, (here, there) in found.made_otherwise.items():
            console.print(f"made with {name} {here} and {there}", markup=False)
        if found.tick is None:
            console.print("the runs are the same")
        else:
            console.print(f"they part at tick {found.tick}" + (f", at {found.agent}" if found.agent else ""), markup=False)
            console.print(f"  {found.cause}", markup=False)
            console.print(f"  here:  {found.here}", markup=False)
            console.print(f"  there: {found.there}", markup=False)
    raise typer.Exit(0 if found.tick is None else 1)
