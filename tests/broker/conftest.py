"""Brokers under test, and an MQTT 3.1.1 client of hand-made packets that hides no answer of a broker."""

import asyncio
import contextlib
import dataclasses
import shutil
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mqttown_broker.credentials import Credential, Kind, Scope, hash_key, make_key, mosquitto_hash
from mqttown_broker.gate import Gate
from mqttown_broker.grants import of_agent, of_service, of_spectator
from mqttown_broker.in_process import InProcessBroker
from mqttown_broker.keeper import Keeper
from mqttown_broker.mosquitto import MosquittoServer
from mqttown_broker.nats import NatsServer
from mqttown_broker.packets import RawClient
from mqttown_broker.remote import mosquitto_acl
from mqttown_broker.roster import SPECTATOR

TOWN = "helsinki"
DISTRICT = "kluuvi"
AGENTS = ("mira", "otto")
SERVICES = ("orchestrator", "memory", "gateway", "dashboard", "cli", "host-1")
SECONDS = 5.0
PROGRAMS = "/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin:/opt/homebrew/sbin"
"""Where Mosquitto is installed; often not in the PATH of a user."""


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs(*names): what a broker must hold for this test, see Stage.can")


class Register:
    """A source of credentials in memory, in place of the cached table."""

    def __init__(self) -> None:
        self.credentials: dict[str, dict[str, Credential]] = {}
        self.changed: Callable[[str], Awaitable[None]] | None = None

    def names(self) -> list[str]:
        return sorted(self.credentials)

    def known(self, name: str) -> Mapping[str, Credential] | None:
        return self.credentials.get(name)

    async def read(self, name: str) -> Mapping[str, Credential] | None:
        return self.credentials.get(name)

    async def put(
        self, name: str, tag: str = "", expires: datetime | None = None, scope: Scope = "full", key: str | None = None
    ) -> str:
        """Register, or change the key; return the new key."""
        key = key or make_key()
        kind: Kind = "service" if name in SERVICES else "agent"
        district = None if kind == "service" else DISTRICT
        credential = Credential(name, tag, hash_key(key), kind, district, expires, None, scope, mosquitto_hash(key))
        self.credentials.setdefault(name, {})[tag] = credential
        await self._tell(name)
        return key

    async def revoke(self, name: str) -> None:
        now = datetime.now(UTC)
        self.credentials[name] = {tag: dataclasses.replace(one, revoked=now) for tag, one in self.credentials[name].items()}
        await self._tell(name)

    async def _tell(self, name: str) -> None:
        if self.changed is not None:
            await self.changed(name)


@dataclasses.dataclass
class Stage:
    """A running broker with mira, otto and the services registered.

    `can` names what this broker holds of the contract beyond the loop of honest clients:

    hostile    grants hold against clients that mean harm: Wills, retained messages, wide filters
    bind       a client id belongs to its user name
    kick       a revoked or changed key ends a live connection
    size       an oversize payload is not passed on
    live       registering needs no restart
    anonymous  who has no name comes in as a spectator; otherwise by the name and key of spectators
    district   an agent's name is bound to its home district; otherwise the town passes over what comes from another
    tags       a tag that has no key of its own is opened by the agent's first one
    """

    name: str
    port: int
    ws_port: int
    keys: dict[str, str]
    can: frozenset[str]
    register: Register
    clients: list[RawClient] = dataclasses.field(default_factory=list)
    gate: Gate | None = None
    server: Any = None
    spectator_key: str = ""
    spectators: int = 0

    async def open(self) -> RawClient:
        client = await RawClient.open("127.0.0.1", self.port)
        self.clients.append(client)
        return client

    async def login(self, username: str = "", **more: Any) -> RawClient:
        """A connection that must succeed."""
        client = await self.open()
        if not username and "anonymous" not in self.can:
            self.spectators += 1
            username, more["key"] = f"{SPECTATOR}~{self.spectators}", self.spectator_key
        if username and "key" not in more:
            more["key"] = self.keys[username.partition("~")[0]]
        assert await client.connect(username, **more) == 0
        return client


EVERYTHING = frozenset({"hostile", "bind", "kick", "size", "live", "anonymous", "district", "tags"})
CAN = {
    "nats": EVERYTHING,
    "mosquitto": EVERYTHING - {"anonymous", "district", "tags"},
    "amqtt": frozenset({"live", "anonymous", "district", "tags"}),
    "by-url": frozenset({"hostile", "size", "anonymous", "district"}),
}
"""amqtt: trusted agents on loopback only. by-url: a plain Mosquitto of somebody else's, users in a file, no client ids bound."""


@pytest.fixture
def register() -> Register:
    return Register()


@pytest.fixture(params=["nats", "mosquitto", "amqtt", "by-url"])
async def stage(request: pytest.FixtureRequest, tmp_path: Path, missing: Callable[[str], None]) -> AsyncIterator[Stage]:
    needs = {name for mark in request.node.iter_markers("needs") for name in mark.args}
    lacking = sorted(needs - CAN[request.param])
    if lacking:
        pytest.skip(f"documented: {request.param} does not hold {', '.join(lacking)} (docs/broker.md)")
    register = Register()
    keys = {name: await register.put(name) for name in (*AGENTS, *SERVICES)}
    if request.param in {"mosquitto", "by-url"} and shutil.which("mosquitto", path=PROGRAMS) is None:
        missing("Mosquitto is not installed; on Debian: apt-get install mosquitto")
    opener = {"nats": _nats, "amqtt": _amqtt, "mosquitto": _mosquitto, "by-url": _by_url}[request.param]
    async with opener(tmp_path, register, keys) as running:
        try:
            yield running
        finally:
            await asyncio.gather(*(client.close() for client in running.clients))


@contextlib.asynccontextmanager
async def _nats(data: Path, register: Register, keys: dict[str, str]) -> AsyncIterator[Stage]:
    server = NatsServer(data)
    await server.start()
    gate = Gate([server], TOWN, register)
    await gate.start()
    register.changed = gate.review
    try:
        yield Stage("nats", server.mqtt_port, server.ws_port, keys, CAN["nats"], register, gate=gate, server=server)
    finally:
        await gate.stop()
        await server.stop()


@contextlib.asynccontextmanager
async def _amqtt(_data: Path, register: Register, keys: dict[str, str]) -> AsyncIterator[Stage]:
    broker = InProcessBroker(TOWN, register)
    await broker.start()
    try:
        yield Stage("amqtt", broker.mqtt_port, broker.ws_port, keys, CAN["amqtt"], register)
    finally:
        await broker.stop()


@contextlib.asynccontextmanager
async def _mosquitto(data: Path, register: Register, keys: dict[str, str]) -> AsyncIterator[Stage]:
    for name in AGENTS:
        await register.put(name, "pub", key=keys[name])
    server = MosquittoServer(data)
    spectator_key = make_key()
    keeper = Keeper(server, TOWN, register, spectator_key)
    await keeper.start()
    register.changed = keeper.review
    try:
        yield Stage(
            "mosquitto", server.mqtt_port, server.ws_port, keys, CAN["mosquitto"], register, server=server,
            spectator_key=spectator_key,
        )  # fmt: skip
    finally:
        await keeper.stop()


@contextlib.asynccontextmanager
async def _by_url(data: Path, register: Register, keys: dict[str, str]) -> AsyncIterator[Stage]:
    """A plain Mosquitto with the rules that we print for its operator."""
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", 0))
        second.bind(("127.0.0.1", 0))
        port, ws_port = first.getsockname()[1], second.getsockname()[1]
    users = [("", of_spectator(TOWN))]
    users += [(f"{name}{tag}", of_agent(TOWN, DISTRICT, name)) for name in AGENTS for tag in ("", "~pub")]
    users += [(name, of_service(TOWN, name)) for name in SERVICES]
    (data / "acl").write_text(mosquitto_acl(users))
    passwords = data / "passwords"
    passwords.write_text("".join(f"{user}:{keys[user.partition('~')[0]]}\n" for user, _ in users if user))
    hashing = await asyncio.create_subprocess_exec("mosquitto_passwd", "-U", str(passwords))
    assert await hashing.wait() == 0
    (data / "mosquitto.conf").write_text(
        f"user root\nacl_file {data / 'acl'}\npassword_file {passwords}\nallow_anonymous true\nmessage_size_limit 65536\n"
        f"set_tcp_nodelay true\nlistener {port} 127.0.0.1\nlistener {ws_port} 127.0.0.1\nprotocol websockets\n"
    )
    process = await asyncio.create_subprocess_exec(
        str(shutil.which("mosquitto", path=PROGRAMS)), "-c", str(data / "mosquitto.conf"), stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    try:
        while not (line := await process.stderr.readline()).endswith(b" running\n"):
            assert line, f"mosquitto ended with {await process.wait()}"
        yield Stage("by-url", port, ws_port, keys, CAN["by-url"], register)
    finally:
        process.kill()  # it may not heed a SIGTERM that comes while it starts
        await process.communicate()
