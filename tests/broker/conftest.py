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

from mqttown_broker.credentials import Credential, hash_key, make_key
from mqttown_broker.gate import Gate
from mqttown_broker.grants import of_agent, of_service, of_spectator
from mqttown_broker.in_process import InProcessBroker
from mqttown_broker.nats import NatsServer
from mqttown_broker.remote import mosquitto_acl

TOWN = "helsinki"
DISTRICT = "kluuvi"
AGENTS = ("mira", "otto")
SERVICES = ("orchestrator", "memory", "gateway", "dashboard", "cli", "host-1")
SECONDS = 5.0
PROGRAMS = "/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin:/opt/homebrew/sbin"
"""Where Mosquitto is installed; often not in the PATH of a user."""


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs(*names): what a broker must hold for this test, see Stage.can")


class Closed(Exception):
    """The broker closed the connection."""


class Register:
    """A source of credentials in memory, in place of the cached table."""

    def __init__(self) -> None:
        self.credentials: dict[str, dict[str, Credential]] = {}
        self.changed: Callable[[str], Awaitable[None]] | None = None

    def known(self, name: str) -> Mapping[str, Credential] | None:
        return self.credentials.get(name)

    async def read(self, name: str) -> Mapping[str, Credential] | None:
        return self.credentials.get(name)

    async def put(self, name: str, tag: str = "", expires: datetime | None = None) -> str:
        """Register, or change the key; return the new key."""
        key = make_key()
        if name in SERVICES:
            credential = Credential(name, tag, hash_key(key), "service")
        else:
            credential = Credential(name, tag, hash_key(key), "agent", DISTRICT, expires)
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


class Mqtt:
    """One connection. `messages` holds (topic, payload, retained) as they came."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._answers: asyncio.Queue[tuple[int, bytes]] = asyncio.Queue()
        self._messages: asyncio.Queue[tuple[str, bytes, bool] | None] = asyncio.Queue()
        self._packet = 0
        self._pump: asyncio.Task[None] | None = None
        self.closed = asyncio.Event()
        self.code = -1

    async def connect(
        self,
        username: str = "",
        key: str = "",
        client_id: str | None = None,
        will: tuple[str, bytes, bool] | None = None,
        level: int = 4,
    ) -> int | None:
        """Send CONNECT; return the code of CONNACK, or None if the broker closed without a word."""
        flags = 0x02 | (0x80 if username else 0) | (0x40 if key else 0)
        body = text(username if client_id is None else client_id)
        if will is not None:
            flags |= 0x04 | (0x20 if will[2] else 0)
            body += text(will[0]) + len(will[1]).to_bytes(2, "big") + will[1]
        body += (text(username) if username else b"") + (text(key) if key else b"")
        properties = b"\x00" if level == 5 else b""
        self._send(0x10, text("MQTT") + bytes([level, flags, 0, 60]) + properties + body)
        self._pump = asyncio.create_task(self._read())
        try:
            kind, answer = await self._answer()
        except Closed:
            return None
        assert kind == 0x20
        self.code = answer[1]
        return self.code

    async def subscribe(self, wanted: str, qos: int = 0) -> int:
        """Return the code of SUBACK: 0x80 is a refusal."""
        self._packet += 1
        self._send(0x82, self._packet.to_bytes(2, "big") + text(wanted) + bytes([qos]))
        kind, answer = await self._answer()
        assert kind == 0x90
        return answer[2]

    async def publish(self, topic: str, payload: bytes = b"{}", qos: int = 0, retain: bool = False) -> None:
        """Publish; at QoS 1 wait for the PUBACK."""
        self._packet += 1
        packet = self._packet.to_bytes(2, "big") if qos else b""
        self._send(0x30 | qos << 1 | retain, text(topic) + packet + payload)
        if qos:
            kind, _ = await self._answer()
            assert kind == 0x40
        await self._writer.drain()

    async def message(self) -> tuple[str, bytes, bool]:
        """The next message."""
        async with asyncio.timeout(SECONDS):
            got = await self._messages.get()
        if got is None:
            raise Closed
        return got

    async def until(self, payload: bytes) -> list[str]:
        """Topics of all messages before the one with this payload."""
        topics = []
        while (got := await self.message())[1] != payload:
            topics.append(got[0])
        return topics

    def cut(self) -> None:
        """Break the connection without a word."""
        self._writer.transport.abort()

    async def close(self) -> None:
        self._writer.close()
        if self._pump is not None:
            self._pump.cancel()
            await asyncio.gather(self._pump, return_exceptions=True)
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    def _send(self, kind: int, body: bytes) -> None:
        length, size = len(body), b""
        while length >= 0x80:
            size += bytes([length & 0x7F | 0x80])
            length >>= 7
        self._writer.write(bytes([kind]) + size + bytes([length]) + body)

    async def _answer(self) -> tuple[int, bytes]:
        async with asyncio.timeout(SECONDS):
            answer = await self._answers.get()
        if answer[0] == 0:
            raise Closed
        return answer

    async def _read(self) -> None:
        try:
            while True:
                kind, body = await self._packet_in()
                if kind & 0xF0 == 0x30:
                    end = 2 + int.from_bytes(body[:2], "big")
                    start = end + (2 if kind & 0x06 else 0)
                    self._messages.put_nowait((body[2:end].decode(), body[start:], bool(kind & 1)))
                else:
                    self._answers.put_nowait((kind, body))
        except (asyncio.IncompleteReadError, ConnectionError):
            self.closed.set()
            self._answers.put_nowait((0, b""))
            self._messages.put_nowait(None)

    async def _packet_in(self) -> tuple[int, bytes]:
        kind = (await self._reader.readexactly(1))[0]
        length = shift = 0
        while True:
            digit = (await self._reader.readexactly(1))[0]
            length |= (digit & 0x7F) << shift
            shift += 7
            if digit < 0x80:
                return kind, await self._reader.readexactly(length)


def text(words: str) -> bytes:
    return len(words.encode()).to_bytes(2, "big") + words.encode()


@dataclasses.dataclass
class Stage:
    """A running broker with mira, otto and the services registered.

    `can` names what this broker holds of the contract beyond the loop of honest clients:

    hostile    grants hold against clients that mean harm: Wills, retained messages, wide filters
    bind       a client id belongs to its user name
    kick       a revoked or changed key ends a live connection
    size       an oversize payload is not passed on
    live       registering needs no restart
    """

    name: str
    port: int
    ws_port: int
    keys: dict[str, str]
    can: frozenset[str]
    register: Register
    clients: list[Mqtt] = dataclasses.field(default_factory=list)
    gate: Gate | None = None
    server: Any = None

    async def open(self) -> Mqtt:
        client = Mqtt(*await asyncio.open_connection("127.0.0.1", self.port))
        self.clients.append(client)
        return client

    async def login(self, username: str = "", **more: Any) -> Mqtt:
        """A connection that must succeed."""
        client = await self.open()
        if username and "key" not in more:
            more["key"] = self.keys[username.partition("~")[0]]
        assert await client.connect(username, **more) == 0
        return client


EVERYTHING = frozenset({"hostile", "bind", "kick", "size", "live"})
CAN = {"nats": EVERYTHING, "amqtt": frozenset({"live"}), "mosquitto": frozenset({"hostile", "size"})}
"""amqtt: trusted agents on loopback only. Mosquitto here is the plain one by URL: users in a file, no client ids bound."""


@pytest.fixture(params=["nats", "amqtt", "mosquitto"])
async def stage(request: pytest.FixtureRequest, tmp_path: Path, missing: Callable[[str], None]) -> AsyncIterator[Stage]:
    needs = {name for mark in request.node.iter_markers("needs") for name in mark.args}
    lacking = sorted(needs - CAN[request.param])
    if lacking:
        pytest.skip(f"documented: {request.param} does not hold {', '.join(lacking)} (docs/broker.md)")
    register = Register()
    keys = {name: await register.put(name) for name in (*AGENTS, *SERVICES)}
    if request.param == "mosquitto" and shutil.which("mosquitto", path=PROGRAMS) is None:
        missing("Mosquitto is not installed; on Debian: apt-get install mosquitto")
    opener = {"nats": _nats, "amqtt": _amqtt, "mosquitto": _mosquitto}[request.param]
    async with opener(tmp_path, register, keys) as running:
        try:
            yield running
        finally:
            await asyncio.gather(*(client.close() for client in running.clients))


@contextlib.asynccontextmanager
async def _nats(data: Path, register: Register, keys: dict[str, str]) -> AsyncIterator[Stage]:
    server = NatsServer(data)
    await server.start()
    gate = Gate(server, TOWN, register)
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
        yield Stage("mosquitto", port, ws_port, keys, CAN["mosquitto"], register)
    finally:
        process.terminate()
        await process.communicate()
