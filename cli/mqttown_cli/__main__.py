"""The command `mqttown`."""

import typer

from mqttown_cli.lazy import LazyCommands

__all__ = ["app", "main"]

app = typer.Typer(cls=LazyCommands, no_args_is_help=True, pretty_exceptions_show_locals=False)


@app.callback()
def mqttown() -> None:
    """A city whose residents are programs."""


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
