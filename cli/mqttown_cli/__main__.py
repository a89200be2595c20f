"""The command `mqttown`: its sub-commands and nothing else."""

import typer

from mqttown_cli import agent, control
from mqttown_cli.bench.command import app as bench
from mqttown_cli.content.command import app as content
from mqttown_cli.contract import contract
from mqttown_cli.export import export
from mqttown_cli.tail import tail
from mqttown_cli.townpack.command import app as town
from mqttown_cli.up import up
from mqttown_cli.verify import verify

__all__ = ["app", "main"]

app = typer.Typer(
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_show_locals=False,
    help="A city whose residents are programs.",
)
app.command()(up)
app.add_typer(agent.app, name="agent")
app.command()(tail)
control.add_to(app)
app.command()(verify)
app.command()(export)
app.add_typer(town, name="town")
app.add_typer(content, name="content")
app.add_typer(bench, name="bench")
app.command()(contract)


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
