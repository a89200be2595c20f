"""`mqttown up`: brings a whole town up, and down again."""

import asyncio
import contextlib
import dataclasses
import importlib.util
import json
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console

from mqttown.process import leaves, say_ready
from mqttown_broker.tls import Tls, TlsError, self_signed
from mqttown_cli.composition import LOOPBACK, Composition, Plan, cluster_ports
from mqttown_cli.folder import DEFAULT_DATA, DataFolder, FolderError
from mqttown_cli.ports import PortError, choose_ports
from mqttown_cli.postgres import EmbeddedPostgres, PostgresError
from mqttown_cli.supervisor import StartError, Supervisor

__all__ = ["up"]

DEFAULTS: Final[dict[str, Any]] = {"town": "helsinki", "residents": 25, "seed": 1}
"""What a new town is made from; a town that goes on keeps what it was made from."""
console = Console(stderr=False, highlight=False, soft_wrap=True)


class CassetteMode(StrEnum):
    """What is done with a cassette of thoughts."""

    RECORD = "record"
    REPLAY = "replay"
    STRICT = "strict"


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
    broker: Annotated[str, typer.Option(help="nats, mosquitto, amqtt (loopback, trusted agents), or an MQTT URL.")] = "nats",
    broker_cluster: Annotated[
        int, typer.Option(min=1, max=9, help="So many NATS servers as one broker; the further ones take the next free ports.")
    ] = 1,
    database: Annotated[str | None, typer.Option(help="PostgreSQL URL; an embedded one without it.")] = None,
    talk: Annotated[bool, typer.Option("--talk/--no-talk", help="Whether residents talk.")] = True,
    open_: Annotated[
        bool, typer.Option("--open", help="Show what the wire hides to everybody on this machine (loopback only).")
    ] = False,
    lockstep: Annotated[
        bool, typer.Option("--lockstep", help="A tick waits for every lockstep agent's answer: same seed, same day.")
    ] = False,
    public: Annotated[
        bool,
        typer.Option("--public", help="Strangers may come: needed to listen beyond this machine; asks for TLS and a safe broker."),
    ] = False,
    tls: Annotated[
        bool, typer.Option("--tls", help="MQTT and WebSocket over TLS, with a self-signed certificate for play.")
    ] = False,
    tls_cert: Annotated[Path | None, typer.Option(help="Certificate for MQTT and WebSocket, PEM, with its chain.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Key of that certificate, PEM.")] = None,
    model_minds: Annotated[
        int, typer.Option(min=0, help="So many residents, the first ones, think with a model; see docs/minds.md.")
    ] = 0,
    models: Annotated[
        Path | None, typer.Option(help="Registry of models, YAML; starts the gateway.", show_default="content/models/models.yaml")
    ] = None,
    cassette: Annotated[Path | None, typer.Option(help="File of thoughts to record, or to play again.")] = None,
    cassette_mode: Annotated[CassetteMode, typer.Option(help="What is done with the cassette.")] = CassetteMode.STRICT,
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help="Host agents in containers too: needs a Docker Engine and root; see docs/sandbox.md.")
    ] = False,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Let --public go without TLS, where something before us has it.")
    ] = False,
) -> None:
    """Bring the town up; Ctrl-C brings it down. Run it again and it goes on where it stopped."""
    plan = Plan(
        made_from={"town": town, "residents": residents, "seed": seed}, speed=speed, for_ticks=for_ticks, data=data, host=host,
        http_port=http_port, mqtt_port=mqtt_port, ws_port=ws_port, broker=broker, database=database, talk=talk, open=open_,
        lockstep=lockstep, public=public, tls_cert=tls_cert, tls_key=tls_key, broker_cluster=broker_cluster, sandbox=sandbox,
        model_minds=model_minds, models=models, cassette=cassette, cassette_mode=cassette_mode.value,
    )  # fmt: skip
    _check_doors(plan, insecure=insecure, tls=tls)
    if open_ and host not in LOOPBACK:
        raise typer.BadParameter("--open is for loopback alone: leave it out, or use --host 127.0.0.1")
    try:
        code = asyncio.run(_run(_certified(plan, tls=tls)))
    except* (TlsError, FolderError, PortError, PostgresError, StartError) as group:
        for error in leaves(group):
            console.print(f"[red]mqttown up:[/red] {error}", markup=True)
        raise typer.Exit(1) from None
    raise typer.Exit(code)


def _check_doors(plan: Plan, *, insecure: bool, tls: bool) -> None:
    """See that who may come, from where and how do not contradict each other."""
    if (plan.tls_cert is None) != (plan.tls_key is None):
        raise typer.BadParameter("--tls-cert and --tls-key belong together; --tls alone makes a certificate for play")
    if plan.broker_cluster > 1 and plan.broker != "nats":
        raise typer.BadParameter(f"--broker-cluster is for the broker nats; {plan.broker} has no cluster")
    if plan.host not in LOOPBACK and not plan.public:
        raise typer.BadParameter(f"--host {plan.host} lets others than this machine in: say --public too, or use --host 127.0.0.1")
    if plan.sandbox and importlib.util.find_spec("docker") is None:
        raise typer.BadParameter("--sandbox needs the extra `docker`: .venv/bin/python -m pip install -e '.[docker]'")
    if plan.cassette is not None and not plan.gateway:
        raise typer.BadParameter("--cassette is for thoughts of models: say --model-minds or --models too")
    if plan.public and plan.broker == "amqtt":
        raise typer.BadParameter("--public: amqtt does not hold the grants against strangers; use --broker nats or mosquitto")
    if (tls or plan.tls_cert) and (plan.broker == "amqtt" or "://" in plan.broker):
        raise typer.BadParameter("TLS is for the brokers that we start, nats and mosquitto; another one has its own")
    if plan.public and not (tls or plan.tls_cert or insecure or "://" in plan.broker):
        raise typer.BadParameter(
            "--public without TLS would show every key to the network: give --tls-cert and --tls-key, --tls for play, "
            "or --insecure where a proxy of yours has TLS"
        )


def _certified(plan: Plan, *, tls: bool) -> Plan:
    """The plan with a certificate, if one is asked for; a self-signed one is made."""
    if plan.tls_cert is not None and plan.tls_key is not None:
        Tls(plan.tls_cert, plan.tls_key).check()
        return plan
    if not tls:
        return plan
    made = self_signed(plan.data / "tls", plan.host)
    return dataclasses.replace(plan, tls_cert=made.certificate, tls_key=made.key, self_signed=True)


async def _run(plan: Plan) -> int:
    began = time.monotonic()
    folder = DataFolder(plan.data).make()
    folder.lock()
    folder.forget_running()
    ports = choose_ports(plan.host, {"--http-port": plan.http_port, "--mqtt-port": plan.mqtt_port, "--ws-port": plan.ws_port})
    cluster = cluster_ports(plan.host, ports, plan.broker_cluster, anywhere=not plan.mqtt_port)
    made_from = folder.made_from(plan.made_from, DEFAULTS)
    stop = asyncio.Event()
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    with contextlib.ExitStack() as stack:
        supervisor = Supervisor(folder.logs, lambda sentence: console.print(f"[yellow]· {sentence}[/yellow]"))
        compiling = _compile(made_from, folder)  # beside the making of the database
        database = plan.database or _embedded(folder, stack, supervisor)
        town = await _compiled(compiling, made_from, folder)
        composition = Composition(plan, folder, made_from, town, database, ports, cluster)
        try:
            if await _unless(stop, _start(supervisor, composition, folder)):
                console.print(f"· up after {time.monotonic() - began:.1f} s; Ctrl-C stops it")
                say_ready(composition.shown())  # scripts read this very line
                await _unless(stop, asyncio.shield(supervisor.ended))
            return supervisor.ended.result() if supervisor.ended.done() else 0
        finally:
            began = time.monotonic()
            folder.forget_running()
            await supervisor.stop()
            stack.close()
            console.print(f"· stopped in {time.monotonic() - began:.1f} s; the same command goes on from here")


async def _unless(stop: asyncio.Event, work: Awaitable[Any]) -> bool:
    """Do the work unless we are told to stop meanwhile; say whether it was done."""
    asked = asyncio.create_task(stop.wait(), name="stop")
    doing = asyncio.ensure_future(work)
    waited: set[asyncio.Future[Any]] = {asked, doing}
    await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()
    if doing.done():
        doing.result()
        return True
    doing.cancel()
    await asyncio.wait({doing})
    return False


def _compile(made_from: dict[str, Any], folder: DataFolder) -> subprocess.Popen[str]:
    """Compile a new town in a process of its own, so that what reads content does not stay in our memory; else its rules alone."""
    if folder.is_founded():
        wanted = ["mqttown_cli.content.rules", made_from["town"], str(folder.rules_file)]
        return subprocess.Popen([sys.executable, "-m", *wanted], stdout=subprocess.PIPE, text=True)
    console.print(f"· reading the town of {made_from['town']} with {made_from['residents']} residents")
    wanted = [made_from["town"], str(made_from["residents"]), str(made_from["seed"]), str(folder.town_file), str(folder.rules_file)]
    return subprocess.Popen([sys.executable, "-m", "mqttown_cli.content", *wanted], stdout=subprocess.PIPE, text=True)


async def _compiled(compiling: subprocess.Popen[str], made_from: dict[str, Any], folder: DataFolder) -> str:
    """Id of the town, once it is compiled."""
    told, _ = await asyncio.to_thread(compiling.communicate)
    if compiling.returncode != 0:
        raise StartError(told.strip() or "the town can't be read")
    if told:
        about = json.loads(told)
        console.print(
            f"· {about['name']}: {about['districts']} districts, {about['places']} places, {about['residents']} residents"
        )
        folder.write_about({**about, "made_from": made_from})
    return str(folder.about()["id"])


def _embedded(folder: DataFolder, stack: contextlib.ExitStack, supervisor: Supervisor) -> str:
    first = not folder.postgres.exists()
    console.print("· making a PostgreSQL cluster" if first else "· starting PostgreSQL")
    server = stack.enter_context(EmbeddedPostgres(folder.postgres))
    supervisor.keep("postgres", server)
    return server.url


async def _start(supervisor: Supervisor, composition: Composition, folder: DataFolder) -> None:
    console.print(f"· opening the broker, {composition.running()['mqtt']}")
    await supervisor.start(composition.gate())
    await supervisor.start(*composition.gateway())  # before anybody thinks
    console.print("· waking the orchestrator, memory, minds and the page")
    await supervisor.start(composition.orchestrator(), composition.memory(), composition.minds(), composition.dashboard())
    if composition.sandbox():
        console.print("· opening the sandbox")
        await supervisor.start(*composition.sandbox())
    folder.write_running({**composition.running(), "pids": supervisor.pids()})
