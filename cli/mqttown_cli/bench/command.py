"""`mqttown bench`: the workloads that the speed goals are measured with."""

import json
import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from mqttown_cli.console import JsonOption, console, show_json

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Measure: the pure world, the whole loop, spectators, many connections, recall.")
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
def connections(
    agents: Annotated[int, typer.Option(min=3, max=100_000, help="Real MQTT connections.")] = 50_000,
    servers: Annotated[int, typer.Option(min=1, max=9, help="NATS servers of the cluster, each with a crowd of its own.")] = 3,
    minutes: Annotated[float, typer.Option(min=0.1, help="How long they are held.")] = 10.0,
    share: Annotated[float, typer.Option(min=0, max=1, help="Of all agents that act each second.")] = 0.01,
    json_: JsonOption = False,
) -> None:
    """Many connected agents of whom few act: memory a connection, tick and verdict times, on a cluster."""
    from mqttown_cli.bench.connections import bench_connections  # noqa: PLC0415

    _show(bench_connections(agents, servers, minutes, share, _tell), as_json=json_)


@app.command()
def recall(json_: JsonOption = False) -> None:
    """Recall of one agent with 5,000 memories, and of cold agents among 1,000,000 memories."""
    from mqttown_cli.bench.recall import measure  # noqa: PLC0415

    for result in measure():
        _show(result, as_json=json_)


@app.command()
def classics(
    seeds: Annotated[int, typer.Option(min=3, max=10_000, help="Runs of each side.")] = 40,
    short: Annotated[bool, typer.Option("--short", help="Smaller, as in CI.")] = False,
    json_: JsonOption = False,
) -> None:
    """Schelling, SIR and Boltzmann in the town beside the same rules in Mesa (extra mesa): do outcomes agree, how fast is each."""
    from mqttown_cli.bench.classics import measure  # noqa: PLC0415  measured code is loaded when measured

    for result in measure(seeds, _tell, short=short):
        _show(result, as_json=json_)


@app.command()
def crash(
    kills: Annotated[int, typer.Option(min=1, help="How often something is killed.")] = 200,
    agents: Annotated[int, typer.Option(min=5, max=10_000, help="Agents that give each other coins.")] = 100,
    seed: Annotated[int, typer.Option(help="Of who is killed when.")] = 1,
    speed: Annotated[float, typer.Option(min=1, help="Town seconds per real second.")] = 120.0,
    failpoint_ticks: Annotated[
        int, typer.Option(min=0, help="The orchestrator also kills itself, within so many ticks of each start; 0 for never.")
    ] = 30,
    json_: JsonOption = False,
) -> None:
    """Kill orchestrator, broker, database and memory of a town under load, and check that nothing is lost or doubled."""
    from mqttown_cli.bench.crash.harness import Asked, bench_crash  # noqa: PLC0415

    result = bench_crash(Asked(kills, agents, seed, speed, failpoint_ticks), _tell)
    _show(result, as_json=json_)
    raise typer.Exit(1 if result["problems"] else 0)


@app.command()
def soak(
    agents: Annotated[int, typer.Option(min=5, max=10_000, help="Agents that give each other coins.")] = 500,
    minutes: Annotated[float, typer.Option(min=0.5, help="How long.")] = 60.0,
    speed: Annotated[float, typer.Option(min=1, help="Town seconds per real second.")] = 60.0,
    json_: JsonOption = False,
) -> None:
    """A whole town under a steady load: memory, queues and tick time, and by how much they grow an hour."""
    from mqttown_cli.bench.soak import bench_soak  # noqa: PLC0415

    _show(bench_soak(agents, minutes, speed, _tell), as_json=json_)


@app.command()
def simulate(
    town_file: Annotated[Path, typer.Argument(help="A compiled town; a small one is fast.")],
    first: Annotated[int, typer.Option("--seed", help="The first seed.")] = 1,
    seeds: Annotated[int, typer.Option(min=1, help="How many.")] = 1000,
) -> None:
    """The service loop in virtual time under loss, delay, crash and partition, one run a seed."""
    from mqttown_cli.bench.simulation.run import simulate as run  # noqa: PLC0415

    town = json.loads(town_file.read_text(encoding="utf-8"))
    began = time.perf_counter()
    bad = [outcome for seed in range(first, first + seeds) if (outcome := run(seed, town)).problems]
    for outcome in bad:
        console.print(f"seed {outcome.seed}:", *outcome.problems, sep="\n  ", style="red", markup=False)
        console.print(f"again: mqttown bench simulate {town_file} --seed {outcome.seed} --seeds 1", markup=False)
    console.print(f"{seeds} seeds in {time.perf_counter() - began:.1f} s, {len(bad)} with problems")
    raise typer.Exit(1 if bad else 0)


def _tell(line: str) -> None:
    _progress.print(f"· {line}", style="dim")


def _show(result: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        show_json(result)
        return
    for name, value in result.items():
        console.print(f"{name:<18} {value}", markup=False)
