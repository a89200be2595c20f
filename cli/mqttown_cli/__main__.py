"""The command `mqttown`."""

from importlib.metadata import version
from typing import Annotated

import typer

from mqttown_cli.lazy import LazyCommands

__all__ = ["app", "main"]

app = typer.Typer(cls=LazyCommands, no_args_is_help=True, pretty_exceptions_show_locals=False)


def _tell_version(asked: bool) -> None:
    if asked:
        typer.echo(f"mqttown {version('mqttown-town')}")
        raise typer.Exit


@app.callback()
def mqttown(
    version_asked: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Say which version this is.")
    ] = False,
) -> None:
    """A city whose residents are programs."""


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
