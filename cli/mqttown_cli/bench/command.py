"""`mqttown bench`: the workloads that the speed goals are measured with."""

from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.console import Console

from mqttown_cli.console import JsonOption, console, show_json

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Measure: the pure world, the whole loop, spectators, recall.")
_progress = Console(stderr=True, highlight=False)


class Detail(StrEnum):
    """How much an observation holds."""

    FULL = "full"
    BRIEF = "brief"


@app.command()
def world(
    agents: Annotated[int, typer.Option(min=1, max=100_000, help="Residents with routine minds.")] = 10_000,
    ticks: Annotated[int, typer.Option(min=10, help="Ticks (town minutes).")] = 1440,
    json_: JsonOption = False,
) -> None:
    """The pure world with routine minds in one process, no wire: agent-ticks and decisions a second."""
    from mqttown_cli.bench.world import measure  # noqa: PLC0415

    _show(measure(agents=agents, ticks=ticks), as_json=json_)


@app.command()
def loop(
    agents: Annotated[int, typer.Option(min=1, max=15_000, help="Real MQTT connections.")] = 1000,
    ticks: Annotated[int, typer.Option(min=10, help="Measured ticks.")] = 60,
    detail: Annotated[Detail, typer.Option(help="Of the observations.")] = Detail.BRIEF,
    memory: Annotated[bool, typer.Option("--memory", help="With the memory service remembering for everybody.")] = False,
    json_: JsonOption = False,
) -> None:
    """Broker, orchestrator and journal under a crowd that is observed, acts and is answered every tick."""
    from mqttown_cli.bench.loop import bench_loop  # noqa: PLC0415  measured code is loaded when measured

    _show(bench_loop(agents, ticks, detail.value, _tell, memory=memory), as_json=json_)


@app.command()
def spectators(
    agents: Annotated[int, typer.Option(min=1, max=2000, help="Acting agents.")] = 500,
    watching: Annotated[int, typer.Option("--spectators", min=1, max=15_000, help="Connections that only watch.")] = 10_000,
    ticks: Annotated[int, typer.Option(min=10, help="Measured ticks without, and as many with spectators.")] = 30,
    json_: JsonOption = False,
) -> None:
    """What spectators on the public topics cost: processor time a tick of each process, with none and with many."""
    from mqttown_cli.bench.spectators import bench_spectators  # noqa: PLC0415

    _show(bench_spectators(agents, watching, ticks, _tell), as_json=json_)


@app.command()
def recall(json_: JsonOption = False) -> None:
    """Recall of one agent with 5,000 memories, and of cold agents among 1,000,000 memories."""
    from mqttown_cli.bench.recall import measure  # noqa: PLC0415

    for result in measure():
        _show(result, as_json=json_)


def _tell(line: str) -> None:
    _progress.print(f"· {line}", style="dim")


def _show(result: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        show_json(result)
        return
    for name, value in result.items():
        console.print(f"{name:<18} {value}", markup=False)
