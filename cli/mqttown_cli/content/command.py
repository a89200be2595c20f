"""`mqttown content`: check a town's content, and write the schemas that editors use."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from mqttown_cli.content.check import check
from mqttown_cli.content.load import content_folder, find_town, load
from mqttown_cli.content.problem import ContentError, Problem
from mqttown_cli.content.schema import write_schemas

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Check what people write about a town.")
_out = Console(soft_wrap=True, highlight=False, markup=False)


@app.command("check")
def check_command(
    town: Annotated[str, typer.Argument(metavar="TOWN_DIR", help="A town's folder, or a name under content/towns.")] = "helsinki",
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Find every mistake in a town's content, with file, line and column. Exit code 1 if there is one."""
    try:
        problems: list[Problem] = check(load(find_town(town)))
    except ContentError as error:
        problems = error.problems
    ordered = ContentError(problems).problems
    if as_json:
        _out.print(json.dumps({"ok": not ordered, "problems": [problem.to_json() for problem in ordered]}, ensure_ascii=False))
    else:
        for problem in ordered:
            _out.print(str(problem))
        _out.print(f"{town}: {len(ordered)} mistake{'s' if len(ordered) != 1 else ''}" if ordered else f"{town}: fine")
    if ordered:
        raise typer.Exit(1)


@app.command("schemas")
def schemas_command(
    out: Annotated[Path | None, typer.Option(help="Folder; `schemas` of the content by default.")] = None,
) -> None:
    """Write the JSON Schemas of all kinds of content."""
    for file in write_schemas(out if out is not None else content_folder() / "schemas"):
        _out.print(str(file))
