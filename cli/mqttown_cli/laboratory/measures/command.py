"""`mqttown measures`: what can be measured, with unit and definition."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from mqttown_cli.console import JsonOption, console, fail, show_json

__all__ = ["measures"]


def measures(
    write: Annotated[Path | None, typer.Option(help="Write the page of all measures to this file.")] = None,
    json_: JsonOption = False,
) -> None:
    """List what experiments can measure: name, unit, definition, reference."""
    try:
        from mqttown_cli.laboratory.measures.page import measures_page  # noqa: PLC0415  heavy; the command line is not
        from mqttown_cli.laboratory.measures.registry import MEASURES  # noqa: PLC0415
    except ImportError as error:
        fail(f"{error}; measures need an extra: pip install 'mqttown-town[research]'")
    if write is not None:
        write.write_text(measures_page(), encoding="utf-8")
        console.print(f"{len(MEASURES)} measures in {write}", markup=False)
        return
    if json_:
        show_json([{key: value for key, value in asdict(one).items() if key != "function"} for one in MEASURES.values()])
        return
    table = Table("measure", "unit", "definition", "reference")
    for one in MEASURES.values():
        table.add_row(one.name, one.unit, one.definition, one.reference)
    console.print(table)
