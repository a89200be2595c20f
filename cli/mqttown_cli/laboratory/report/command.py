"""`mqttown report`: a run folder, or two side by side, as one HTML file."""

from pathlib import Path
from typing import Annotated

import typer

from mqttown_cli.console import console, fail

__all__ = ["report"]


def report(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.", exists=True, file_okay=False)],
    other: Annotated[
        Path | None, typer.Argument(metavar="OTHER", help="Another one, to compare.", exists=True, file_okay=False)
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The file; RUN/report.html without it.")] = None,
) -> None:
    """Write curves with bands, networks, maps, parameters, power and provenance into one file that needs no network."""
    try:
        from mqttown_cli.laboratory.folder import RunFolder, RunFolderError  # noqa: PLC0415  heavy; the command line is not
        from mqttown_cli.laboratory.report.page import report_page  # noqa: PLC0415
    except ImportError as error:
        fail(f"reports need an extra: pip install 'mqttown-town[research]' ({error})")
    try:
        page = report_page([RunFolder(folder) for folder in (run, other) if folder is not None])
    except RunFolderError as error:
        fail(error)
    file = out or run / "report.html"
    file.write_text(page, encoding="utf-8")
    console.print(f"{file}, {len(page) // 1024 + 1} KiB", markup=False)
