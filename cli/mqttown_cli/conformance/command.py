"""`mqttown conformance`: judges an agent by playing the town, or a town by playing a stranger."""

import sys
from pathlib import Path
from typing import Annotated

import structlog
import typer

from mqttown_cli.conformance.report import Report
from mqttown_cli.console import JsonOption, console, fail, run, show_json
from mqttown_contract.types import is_id

__all__ = ["conformance"]


def conformance(
    agent_cmd: Annotated[str | None, typer.Option(help="Command that starts the agent to judge: 'node my_agent.js'.")] = None,
    town: Annotated[str | None, typer.Option(help="The town to judge: mqtt://HOST:PORT.")] = None,
    credentials: Annotated[Path | None, typer.Option(help="With --town: credentials file of an agent of that town.")] = None,
    broker: Annotated[
        str | None, typer.Option(help="With --agent-cmd: play on mqtt://USER:PASSWORD@HOST:PORT, not on a private broker.")
    ] = None,
    name: Annotated[str, typer.Option(help="With --agent-cmd: id of the agent.")] = "guest",
    patience: Annotated[float, typer.Option(min=0.5, help="Seconds that an answer may take.")] = 6.0,
    scene: Annotated[list[str] | None, typer.Option(help="With --agent-cmd: play only this scene; may be given again.")] = None,
    transcript: Annotated[Path | None, typer.Option(help="With --agent-cmd: write what was said to this file, JSON Lines.")] = None,
    json_: JsonOption = False,
) -> None:
    """Play the town against an agent in any language, or a stranger against a town, and say what is wrong."""
    if (agent_cmd is None) == (town is None):
        fail("give either --agent-cmd or --town")
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))  # what the broker says is no part of the report
    if agent_cmd is not None:
        report = _judge_agent(agent_cmd, name, broker, patience, tuple(scene or ()), transcript, quiet=json_)
    else:
        assert town is not None
        if credentials is None:
            fail("--town needs --credentials FILE; `mqttown agent new NAME` writes one")
        report = _judge_town(town, credentials, patience, quiet=json_)
    if json_:
        show_json(report.to_json())
    else:
        console.print(report.table())
        for remark in report.remarks:
            console.print(f"· {remark}", markup=False)
    raise typer.Exit(0 if report.ok else 1)


def _judge_agent(
    command: str, name: str, broker: str | None, patience: float, scenes: tuple[str, ...], transcript: Path | None, *, quiet: bool
) -> Report:
    from mqttown_broker.nats import BrokerError  # noqa: PLC0415  the broker loads when one is started
    from mqttown_cli.conformance.agent_play import AgentPlay, play_with_agent  # noqa: PLC0415
    from mqttown_cli.conformance.scenes import SCENES  # noqa: PLC0415

    known = [one.name for one in SCENES]
    if strange := [one for one in scenes if one not in known]:
        fail(f"there is no scene {strange[0]!r}; there are {', '.join(known)}")
    if not is_id(name):
        fail(f"{name!r} is no id of an agent")
    asked = AgentPlay(command, name, broker, patience, scenes, _tell_nothing if quiet else _tell_scene)
    try:
        report, spoken = run(play_with_agent(asked))
    except (OSError, BrokerError) as error:
        fail(f"{command}: {error}")
    if transcript is not None:
        transcript.write_text(spoken.lines(), encoding="utf-8")
    return report


def _judge_town(town: str, credentials: Path, patience: float, *, quiet: bool) -> Report:
    from mqttown.rejections import CredentialsError  # noqa: PLC0415
    from mqttown_cli.conformance.town_play import play_with_town  # noqa: PLC0415

    try:
        return run(play_with_town(town, credentials, patience, _tell_nothing if quiet else _tell_scene))
    except CredentialsError as error:
        fail(error)


def _tell_scene(name: str) -> None:
    console.print(f"· {name}", markup=False)


def _tell_nothing(_name: str) -> None:
    """For machines, nothing but the one JSON object is told."""
