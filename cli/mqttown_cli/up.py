"""`mqttown up`: brings a whole town up, and down again."""

import asyncio
import contextlib
import json
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console

from mqttown_cli.folder import DEFAULT_DATA, DataFolder, FolderError, Running
from mqttown_cli.ports import PortError, choose_ports
from mqttown_cli.postgres import EmbeddedPostgres, PostgresError
from mqttown_cli.supervisor import Part, StartError, Supervisor

__all__ = ["Plan", "up"]

SERVICES: Final = ("orchestrator", "memory", "gateway", "dashboard", "cli", "host-1")
DEFAULTS: Final[dict[str, Any]] = {"town": "helsinki", "residents": 25, "seed": 1}
"""What a new town is made from; a town that goes on keeps what it was made from."""
LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")
console = Console(stderr=False, highlight=False, soft_wrap=True)


@dataclass(frozen=True)
class Plan:
    """What `mqttown up` was asked for; see its `--help` for each field."""

    made_from: dict[str, Any]
    speed: float
    for_ticks: int | None
    data: Path
    host: str
    http_port: int
    mqtt_port: int
    ws_port: int
    broker: str
    database: str | None
    talk: bool
    open: bool
    lockstep: bool


def up(
    town: Annotated[
        str | None, typer.Option(help="Town to run: a name under content/towns, or a folder.", show_default=DEFAULTS["town"])
    ] = None,
    residents: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=100_000,
            help="Hosted residents; beyond the written ones they are made from the seed.",
            show_default=str(DEFAULTS["residents"]),
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="All luck of the town comes from it.", show_default=str(DEFAULTS["seed"]))
    ] = None,
    speed: Annotated[float, typer.Option(min=0, help="Town seconds per real second; 0 is as fast as the machine allows.")] = 60.0,
    for_ticks: Annotated[int | None, typer.Option(min=1, help="Stop after so many ticks (town minutes).")] = None,
    data: Annotated[Path, typer.Option(help="Directory of this town's data.")] = DEFAULT_DATA,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    http_port: Annotated[int, typer.Option(min=0, max=65535, help="Web page and API; 0 takes a free port.")] = 8000,
    mqtt_port: Annotated[int, typer.Option(min=0, max=65535, help="MQTT; 0 takes a free port.")] = 1883,
    ws_port: Annotated[int, typer.Option(min=0, max=65535, help="MQTT over WebSocket; 0 takes a free port.")] = 9001,
    broker: Annotated[str, typer.Option(help="nats, amqtt (loopback, trusted agents), or an MQTT URL.")] = "nats",
    database: Annotated[str | None, typer.Option(help="PostgreSQL URL; an embedded one without it.")] = None,
    talk: Annotated[bool, typer.Option("--talk/--no-talk", help="Whether residents talk.")] = True,
    open_: Annotated[
        bool, typer.Option("--open", help="Show what the wire hides to everybody on this machine (loopback only).")
    ] = False,
    lockstep: Annotated[
        bool, typer.Option("--lockstep", help="A tick waits for every lockstep agent's answer: same seed, same day.")
    ] = False,
) -> None:
    """Bring the town up; Ctrl-C brings it down. Run it again and it goes on where it stopped."""
    plan = Plan(
        made_from={"town": town, "residents": residents, "seed": seed}, speed=speed, for_ticks=for_ticks, data=data, host=host,
        http_port=http_port, mqtt_port=mqtt_port, ws_port=ws_port, broker=broker, database=database, talk=talk, open=open_,
        lockstep=lockstep,
    )  # fmt: skip
    if open_ and host not in LOOPBACK:
        raise typer.BadParameter("--open is for loopback alone: leave it out, or use --host 127.0.0.1")
    try:
        code = asyncio.run(_run(plan))
    except* (FolderError, PortError, PostgresError, StartError) as group:
        for error in _leaves(group):
            console.print(f"[red]mqttown up:[/red] {error}", markup=True)
        raise typer.Exit(1) from None
    raise typer.Exit(code)


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error


async def _run(plan: Plan) -> int:
    began = time.monotonic()
    folder = DataFolder(plan.data).make()
    folder.lock()
    folder.forget_running()
    ports = choose_ports(plan.host, {"--http-port": plan.http_port, "--mqtt-port": plan.mqtt_port, "--ws-port": plan.ws_port})
    made_from = folder.made_from(plan.made_from, DEFAULTS)
    _prepare_town(made_from, folder)
    with contextlib.ExitStack() as stack:
        supervisor = Supervisor(folder.logs, lambda sentence: console.print(f"[yellow]· {sentence}[/yellow]"))
        database = plan.database or _embedded(folder, stack, supervisor)
        stop = asyncio.Event()
        for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(sign, stop.set)
        try:
            shared = _settings(plan, folder, made_from, ports)
            await _start(plan, folder, supervisor, shared, database, ports)
            running = {"town": shared["MQTTOWN_TOWN"], **_running(plan, database, ports)}
            folder.write_running({**running, "pids": supervisor.pids()})
            console.print(f"· up after {time.monotonic() - began:.1f} s; Ctrl-C stops it")
            shown = {name: running[name] for name in ("page", "api", "mqtt", "ws")}
            print(f"ready {json.dumps(shown)}", flush=True)  # noqa: T201  scripts read this very line
            return await _until(stop, supervisor)
        finally:
            began = time.monotonic()
            folder.forget_running()
            await supervisor.stop()
            stack.close()
            console.print(f"· stopped in {time.monotonic() - began:.1f} s; the same command goes on from here")


async def _until(stop: asyncio.Event, supervisor: Supervisor) -> int:
    asked = asyncio.create_task(stop.wait(), name="stop")
    waited: set[asyncio.Future[Any]] = {asked, supervisor.ended}
    await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()
    return supervisor.ended.result() if supervisor.ended.done() else 0


def _prepare_town(made_from: dict[str, Any], folder: DataFolder) -> None:
    if folder.town_file.exists():
        return
    from mqttown_cli.content.compile import compile_town, find_town  # noqa: PLC0415  a resumed town reads no content

    source = find_town(made_from["town"])
    console.print(f"· reading the town of {made_from['town']} with {made_from['residents']} residents")
    compiled = compile_town(source, made_from["residents"], made_from["seed"])
    console.print(
        f"· {compiled['town']['name']}: {len(compiled['districts'])} districts, {len(compiled['buildings'])} places, "
        f"{len(compiled['people'])} residents"
    )
    fresh = folder.town_file.with_suffix(".new")
    fresh.write_text(json.dumps(compiled, ensure_ascii=False), encoding="utf-8")
    fresh.replace(folder.town_file)


def _embedded(folder: DataFolder, stack: contextlib.ExitStack, supervisor: Supervisor) -> str:
    first = not folder.postgres.exists()
    console.print("· making a PostgreSQL cluster" if first else "· starting PostgreSQL")
    server = stack.enter_context(EmbeddedPostgres(folder.postgres))
    supervisor.keep("postgres", server)
    return server.url


def _settings(plan: Plan, folder: DataFolder, made_from: dict[str, Any], ports: dict[str, int]) -> dict[str, str]:
    """Settings that every process gets."""
    town = json.loads(folder.town_file.read_text(encoding="utf-8"))["town"]["id"]
    return {
        "MQTTOWN_DATA": str(folder.path),
        "MQTTOWN_TOWN": town,
        "MQTTOWN_TOWN_FILE": str(folder.town_file),
        "MQTTOWN_MQTT_HOST": _reachable(plan.host),
        "MQTTOWN_MQTT_PORT": str(ports["--mqtt-port"]),
        "MQTTOWN_WS_PORT": str(ports["--ws-port"]),
        "MQTTOWN_SEED": str(made_from["seed"]),
        "MQTTOWN_LOCKSTEP": str(plan.lockstep).lower(),
        "MQTTOWN_TALK": str(plan.talk).lower(),
    }


def _reachable(host: str) -> str:
    return "127.0.0.1" if host == "0.0.0.0" else host  # noqa: S104  compared, not bound


async def _start(
    plan: Plan, folder: DataFolder, supervisor: Supervisor, shared: dict[str, str], database: str, ports: dict[str, int]
) -> None:
    known = folder.secrets(SERVICES)
    keys, tokens = known["services"], known["tokens"]
    stored = {**shared, "MQTTOWN_DATABASE": database}
    gate = Part(
        "gate",
        "mqttown_broker",
        {**stored, "MQTTOWN_HOST": plan.host, "MQTTOWN_BROKER": plan.broker, "MQTTOWN_SERVICE_KEYS": json.dumps(keys)},
    )
    orchestrator = Part(
        "orchestrator",
        "mqttown_orchestrator",
        {
            **stored,
            "MQTTOWN_SERVICE_KEY": keys["orchestrator"],
            "MQTTOWN_SPEED": str(plan.speed),
            **({"MQTTOWN_FOR_TICKS": str(plan.for_ticks)} if plan.for_ticks else {}),
        },
        final=True,
        rank=2,
    )
    memory = Part("memory", "mqttown_memory", {**stored, "MQTTOWN_SERVICE_KEY": keys["memory"]}, rank=1)
    minds = Part("host-1", "mqttown_runtime", {**shared, "MQTTOWN_SERVICE_KEY": keys["host-1"]}, rank=3)
    dashboard = Part(
        "dashboard",
        "mqttown_dashboard",
        {
            **stored,
            "MQTTOWN_SERVICE_KEY": keys["dashboard"],
            "MQTTOWN_HOST": plan.host,
            "MQTTOWN_HTTP_PORT": str(ports["--http-port"]),
            "MQTTOWN_OPEN": str(plan.open).lower(),
            "MQTTOWN_OPERATOR_TOKEN": tokens["operator"],
            "MQTTOWN_RESEARCHER_TOKEN": tokens["researcher"],
        },
        rank=1,
    )
    console.print(f"· opening the broker on {plan.host}:{ports['--mqtt-port']}")
    await supervisor.start(gate)
    console.print("· waking the orchestrator, memory, minds and the page")
    await supervisor.start(orchestrator, memory, minds, dashboard)


def _running(plan: Plan, database: str, ports: dict[str, int]) -> Running:
    host = _reachable(plan.host)
    page = f"http://{host}:{ports['--http-port']}/"
    return {
        "page": page,
        "api": f"{page}api/v1",
        "mqtt": f"mqtt://{host}:{ports['--mqtt-port']}",
        "ws": f"ws://{host}:{ports['--ws-port']}/mqtt",
        "host": host,
        "mqtt_port": ports["--mqtt-port"],
        "database": database,
    }
