"""`mqttown pause`, `resume`, `step`, `speed`, `quarantine`, `release`, `permit`: what the operator tells the running town."""

from typing import Annotated

import typer

from mqttown_cli.ask import ask
from mqttown_cli.console import DataOption, console, run
from mqttown_cli.folder import DEFAULT_DATA, DataFolder

__all__ = ["pause", "permit", "quarantine", "release", "resume", "speed", "step"]


def pause(data: DataOption = DEFAULT_DATA) -> None:
    """Stop town time; agents stay connected."""
    run(ask(DataFolder(data), "pause"))
    console.print("the town is paused")


def resume(data: DataOption = DEFAULT_DATA) -> None:
    """Let town time go on."""
    run(ask(DataFolder(data), "resume"))
    console.print("the town goes on")


def step(ticks: Annotated[int, typer.Argument(min=1, help="Ticks (town minutes).")] = 1, data: DataOption = DEFAULT_DATA) -> None:
    """Let a paused town take single ticks."""
    run(ask(DataFolder(data), "step", ticks=ticks))
    console.print(f"{ticks} tick(s) asked for")


def speed(
    speed: Annotated[float, typer.Argument(min=0, help="Town seconds per real second; 0 is as fast as the machine allows.")],
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Change how fast town time passes."""
    run(ask(DataFolder(data), "speed", speed=speed))
    console.print(f"{speed:g} town seconds per real second")


def quarantine(
    agent: Annotated[str, typer.Argument(help="Id of the agent.")],
    why: Annotated[str, typer.Option(help="The reason, which the agent is told.")],
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Hold an agent: its actions are refused until it is released."""
    run(ask(DataFolder(data), "quarantine", agent=agent, why=why))
    console.print(f"{agent} is held")


def release(agent: Annotated[str, typer.Argument(help="Id of the agent.")], data: DataOption = DEFAULT_DATA) -> None:
    """Let a held agent act again."""
    run(ask(DataFolder(data), "release", agent=agent))
    console.print(f"{agent} is released")


def permit(
    agent: Annotated[str, typer.Argument(help="Id of the agent.")],
    verbs: Annotated[list[str], typer.Argument(help="Verbs it may use; `all` for all.")],
    data: DataOption = DEFAULT_DATA,
    max_actions_per_hour: Annotated[int | None, typer.Option(min=0, help="Actions in any 60 minutes of real time.")] = None,
    per_action: Annotated[int | None, typer.Option(min=0, help="Cents that it may pay in one action.")] = None,
    per_day: Annotated[int | None, typer.Option(min=0, help="Cents that it may pay in one town day.")] = None,
    per_counterparty: Annotated[int | None, typer.Option(min=0, help="Cents in one town day to the same agent or place.")] = None,
) -> None:
    """Set what an agent may do, in place of what was said before; what has no option has no limit."""
    limits = {"per_action": per_action, "per_day": per_day, "per_counterparty": per_counterparty}
    spending = {name: cents for name, cents in limits.items() if cents is not None}
    run(
        ask(
            DataFolder(data),
            "permit",
            agent=agent,
            allowed_actions=None if verbs == ["all"] else verbs,
            max_actions_per_hour=max_actions_per_hour,
            spending=spending or None,
        )
    )
    counted = {**spending, **({} if max_actions_per_hour is None else {"max_actions_per_hour": max_actions_per_hour})}
    console.print(f"{agent} may {', '.join(verbs)}" + "".join(f"; {name} {limit}" for name, limit in counted.items()))
