"""`mqttown broker`: shows whether somebody else's broker holds the grants."""

from typing import Annotated

import typer

from mqttown_broker.nats import BrokerError
from mqttown_broker.remote import RemoteBroker, prove
from mqttown_broker.suite import play
from mqttown_broker.target import Stranger, Target
from mqttown_cli.console import DataOption, JsonOption, console, fail, run, show_json
from mqttown_cli.folder import DEFAULT_DATA, DataFolder

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Somebody else's broker: does it hold the grants?")


@app.callback()
def broker() -> None:
    """Somebody else's broker: does it hold the grants?"""


@app.command()
def check(
    url: Annotated[str, typer.Argument(help="The broker, mqtt://HOST:PORT.")],
    agent: Annotated[
        list[str], typer.Option(help="NAME:DISTRICT:KEY of an agent that is entered there; give two. They are used as strangers.")
    ],
    town: Annotated[str, typer.Option(help="Id of the town that the rules were entered for.")] = "helsinki",
    town_key: Annotated[
        str | None,
        typer.Option(envvar="MQTTOWN_TOWN_KEY", help="Key of user orchestrator there; out of the data directory without it."),
    ] = None,
    spectator: Annotated[str | None, typer.Option(help="NAME:KEY of spectators, where the broker lets nobody in without.")] = None,
    data: DataOption = DEFAULT_DATA,
    json_: JsonOption = False,
) -> None:
    """Play what a client that means harm tries, over real connections, while no town runs there; `up --public` asks for it."""
    if len(agent) != 2:
        fail("give --agent twice: one that means harm, and one that is harmed")
    folder = DataFolder(data)
    try:
        where = RemoteBroker.from_url(url)
        key = town_key or folder.secrets(("orchestrator",))["services"]["orchestrator"]
        mean, other = (_stranger(one) for one in agent)
        target = Target(where.host, where.port, town, key, mean, other, _pair(spectator))
        findings = run(play(target))
    except (BrokerError, OSError) as error:
        fail(f"{url.rpartition('@')[2]}: {error}")
    held = prove(folder.path / "broker-proof.json", where, town, findings)
    if json_:
        show_json({"held": held, "cases": {found.case: found.problem or "held" for found in findings}})
    else:
        for found in findings:
            console.print(
                f"{'not held' if found.problem else 'held':<9} {found.case}{': ' + found.problem if found.problem else ''}"
            )
    if not held:
        raise typer.Exit(1)


def _stranger(text: str) -> Stranger:
    parts = text.split(":", 2)
    if len(parts) != 3:
        fail("--agent takes NAME:DISTRICT:KEY")
    return Stranger(parts[0], parts[2], parts[1])


def _pair(text: str | None) -> tuple[str, str] | None:
    if text is None:
        return None
    name, _, key = text.partition(":")
    return name, key
