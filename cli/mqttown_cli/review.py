"""`mqttown held` and `mqttown flags`: what waits for the operator to look at it."""

import json
from typing import Annotated, Any

import typer

from mqttown_cli.ask import ask
from mqttown_cli.console import DataOption, JsonOption, console, fail, run, show_json
from mqttown_cli.database import open_database
from mqttown_cli.folder import DEFAULT_DATA, DataFolder, FolderError

__all__ = ["flags", "held"]

held = typer.Typer(no_args_is_help=True, help="Words that wait for the operator.")
flags = typer.Typer(no_args_is_help=True, help="Agents whose conduct an operator is asked to look at.")

Number = Annotated[int, typer.Argument(min=1, help="Its number, as `list` tells it.")]


@held.command("list")
def held_list(data: DataOption = DEFAULT_DATA, json_: JsonOption = False) -> None:
    """List the words that wait, oldest first."""
    rows = run(
        _rows(
            DataFolder(data), "SELECT id, wall, agent, rule, score, parameters FROM town.held WHERE status = 'waiting' ORDER BY id"
        )
    )
    _show(rows, "parameters", json_=json_)


@held.command("pass")
def held_pass(number: Number, data: DataOption = DEFAULT_DATA) -> None:
    """Let held words be said: they enter the world as a new action of that agent, with the next tick."""
    run(ask(DataFolder(data), "pass_held", id=number))
    console.print(f"{number} is passed; its action id is held-{number}")


@held.command("refuse")
def held_refuse(number: Number, data: DataOption = DEFAULT_DATA) -> None:
    """Let held words stay unsaid."""
    run(ask(DataFolder(data), "refuse_held", id=number))
    console.print(f"{number} is refused")


@flags.command("list")
def flags_list(data: DataOption = DEFAULT_DATA, json_: JsonOption = False) -> None:
    """List the flags that nobody has looked at, oldest first; signs are percentages."""
    rows = run(
        _rows(DataFolder(data), "SELECT id, wall, agent, owner, score, signs FROM town.flags WHERE cleared IS NULL ORDER BY id")
    )
    _show(rows, "signs", json_=json_)


@flags.command("clear")
def flags_clear(number: Number, data: DataOption = DEFAULT_DATA) -> None:
    """Say that a flag has been looked at. An agent in quarantine stays there until `mqttown release`."""
    run(ask(DataFolder(data), "clear_flag", id=number))
    console.print(f"flag {number} is cleared")


async def _rows(folder: DataFolder, query: str) -> list[dict[str, Any]]:
    try:
        async with open_database(folder) as connection:
            rows = await connection.fetch(query)
    except FolderError as error:
        fail(error)
    shown = []
    for row in rows:
        values = {**row, "wall": row["wall"].isoformat(timespec="seconds")}
        shown.append({name: json.loads(value) if name in {"parameters", "signs"} else value for name, value in values.items()})
    return shown


def _show(rows: list[dict[str, Any]], last: str, *, json_: bool) -> None:
    if json_:
        show_json({"items": rows})
        return
    for row in rows:
        what = json.dumps(row[last], ensure_ascii=False)
        console.print(
            f"{row['id']:>5}  {row['wall']}  {row['agent']:<24} {row['score']:>3}  {row.get('rule', '')} {what}", markup=False
        )
