"""The command `mqttown`: its sub-commands and nothing else."""

import typer

from mqttown_cli import agent, control
from mqttown_cli.contract import contract
from mqttown_cli.export import export
from mqttown_cli.tail import tail
from mqttown_cli.up import up

__all__ = ["app", "main"]

app = typer.Typer(
    no_args_is_help=True, add_completion=True, pretty_exceptions_show_locals=False, help="A city whose residents are programs."
)
app.command()(up)
app.add_typer(agent.app, name="agent")
app.command()(tail)
control.add_to(app)
app.command()(export)
app.command()(contract)


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
