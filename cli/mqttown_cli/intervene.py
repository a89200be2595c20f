"""`mqttown intervene`: changes the running town from outside, as an experiment does."""

import json
from typing import Annotated, Any

import typer

from mqttown_cli.ask import ask
from mqttown_cli.console import DataOption, console, fail, run
from mqttown_cli.folder import DEFAULT_DATA, DataFolder

__all__ = ["intervene"]


def intervene(
    kind: Annotated[str, typer.Argument(help="close, open, usual, price, wage, rule, plant, broadcast, cut, mend or weather.")],
    data: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME=VALUE]...", help="What it needs: building=cafe-engel; JSON will do."),
    ] = None,
    folder: DataOption = DEFAULT_DATA,
) -> None:
    """Close a place, change a price, plant a piece of news, ...: journaled as an event, and in force from the next tick."""
    run(ask(DataFolder(folder), "intervene", kind=kind, data=_values(data or [])))
    console.print(f"{kind}: done with the last tick", markup=False)


def _values(pairs: list[str]) -> dict[str, Any]:
    """Names and values; a value that reads as JSON is that, any other is text."""
    found: dict[str, Any] = {}
    for pair in pairs:
        name, mark, value = pair.partition("=")
        if not mark or not name:
            fail(f"{pair!r} is no NAME=VALUE")
        try:
            found[name] = json.loads(value)
        except json.JSONDecodeError:
            found[name] = value
    return found
