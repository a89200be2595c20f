"""A real orchestrator process, a real NATS server that lets everybody in, and clients that keep what they hear."""

import asyncio
import contextlib
import itertools
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import pytest

from mqttown.link import Address, Link
from mqttown_contract import topics

TOWN = "tiny"
SECONDS = 10.0
C = TypeVar("C", bound="Client")
_numbers = itertools.count(1)
KEY_HASH = "sha256:" + "0" * 64
NATS = Path(sys.executable).parent / "nats-server"
OPEN_BROKER = """
listen: "127.0.0.1:-1"
server_name: test
jetstream {{ store_dir: "{folder}" }}
mqtt {{ listen: "127.0.0.1:{port}" }}
"""


@pytest.fixture(scope="session")
def broker_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """MQTT port of a NATS server without grants, for the session. Each test has its own retained world: it is cleared."""
    folder = tmp_path_factory.mktemp("nats")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    config = folder / "open.conf"
    config.write_text(OPEN_BROKER.format(folder=folder, port=port))
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen([str(NATS), "-c", str(config)], stdout=log, stderr=log)
    yield port
    server.terminate()
    server.wait(10)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def broker_config() -> str:
    """Configuration of a NATS server that lets everybody in; to be filled with `folder` and `port`."""
    return OPEN_BROKER


class Client:
    """One connection; everything it hears waits in `heard` until somebody asks for it."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.heard: list[tuple[str, Any]] = []
        self._news = asyncio.Condition()
        self.task: asyncio.Task[None] | None = None

    async def listen(self) -> None:
        async for message in self.link:
            async with self._news:
                self.heard.append((message.topic, json.loads(message.payload) if message.payload else None))
                self._news.notify_all()

    async def expect(self, channel: str, fits: Callable[[Any], bool] = lambda _: True) -> Any:
        """The next message on a channel that fits; earlier ones are kept for others."""

        def found() -> int | None:
            places = (
                n for n, (topic, told) in enumerate(self.heard) if topic.endswith(f"/{channel}") and told is not None and fits(told)
            )
            return next(places, None)

        async with asyncio.timeout(SECONDS), self._news:
            await self._news.wait_for(lambda: found() is not None)
            place = found()
            assert place is not None
            return self.heard.pop(place)[1]

    def count(self, channel: str) -> int:
        return sum(topic.endswith(f"/{channel}") for topic, _ in self.heard)


class Agent(Client):
    """An agent at the wire, without our SDK's agent on top."""

    def __init__(self, link: Link, name: str, district: str) -> None:
        super().__init__(link)
        self.name = name
        self.district = district

    async def send(self, channel: str, message: Any, *, retain: bool = False) -> None:
        payload = message if isinstance(message, bytes) else json.dumps(message).encode()
        await self.link.publish(topics.agent_out(TOWN, self.district, self.name, channel), payload, retain=retain)

    async def hello(self, **fields: Any) -> Any:
        await self.send("hello", fields)
        return await self.expect("in/observation", lambda told: told["seq"] == 1)

    async def act(self, action_id: str, action: str, parameters: Any = None, **fields: Any) -> Any:
        """Send an action, and wait for its verdict."""
        await self.send("action", {"id": action_id, "action": action, "parameters": parameters or {}, **fields})
        return await self.verdict(action_id)

    async def verdict(self, action_id: str | None) -> Any:
        return await self.expect("in/verdict", lambda told: told["action_id"] == action_id)


class Orchestrator:
    """One process of the orchestrator on the tiny town."""

    def __init__(self, database: str, port: int, town_file: Path) -> None:
        self.database = database
        self.port = port
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("MQTTOWN_")},
            "MQTTOWN_DATABASE": database,
            "MQTTOWN_TOWN_FILE": str(town_file),
            "MQTTOWN_MQTT_PORT": str(port),
            "MQTTOWN_SPEED": "6000",
            "MQTTOWN_SEED": "7",
        }
        self.stack = contextlib.AsyncExitStack()
        self.processes: list[asyncio.subprocess.Process] = []
        self._commands = 0

    async def start(self, **settings: Any) -> asyncio.subprocess.Process:
        """Start a process, and wait until it is ready."""
        process = await self.spawn(**settings)
        assert process.stdout is not None
        async with asyncio.timeout(20):
            line = await process.stdout.readline()
        assert line.startswith(b"ready "), await self.last_words(process)
        return process

    async def spawn(self, **settings: Any) -> asyncio.subprocess.Process:
        environment = {**self.environment, **{f"MQTTOWN_{name.upper()}": str(value) for name, value in settings.items()}}
        pipe = asyncio.subprocess.PIPE
        command = (sys.executable, "-m", "mqttown_orchestrator")
        process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=pipe, stderr=pipe)
        self.processes.append(process)
        return process

    async def last_words(self, process: asyncio.subprocess.Process) -> str:
        assert process.stderr is not None
        async with asyncio.timeout(SECONDS):
            words = (await process.stderr.read()).decode()
            await process.wait()
        return words

    async def stop(self) -> str:
        """Stop politely; returns what it said on standard error."""
        process = self.processes[-1]
        process.terminate()
        words = await self.last_words(process)
        assert process.returncode == 0, words
        return words

    async def kill(self) -> None:
        self.processes[-1].kill()
        await self.last_words(self.processes[-1])

    async def client(self, name: str, *filters: str) -> Client:
        return await self._connect(Client(await self._link(name)), *filters)

    async def agent(self, name: str, district: str = "ranta") -> Agent:
        agent = Agent(await self._link(name), name, district)
        return await self._connect(agent, topics.agent_in(TOWN, district, name, "#"))

    async def join(self, name: str, **fields: Any) -> Agent:
        """Register a stranger, and connect it."""
        answer = await self.command("register", agent=name, name=name.title(), kind="external", key_hash=KEY_HASH, **fields)
        assert answer["status"] == "accepted", answer
        return await self.agent(name, answer["result"]["home_district"])

    async def command(self, command: str, *, command_id: str | None = None, by: str | None = None, **parameters: Any) -> Any:
        """Have a command carried out, as service `cli`."""
        self._commands += 1
        identity = command_id or f"c-{os.getpid()}-{self._commands}-{len(self.processes)}"
        client = await self.client(f"cli-{self._commands}", topics.service_in(TOWN, "cli", "answer"))
        message = {"id": identity, "command": command, "parameters": parameters, **({"by": by} if by else {})}
        await client.link.publish(topics.service_out(TOWN, "cli", "command"), message)
        return await client.expect("in/answer", lambda told: told["id"] == identity)

    async def rows(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.database)
        try:
            return list(await connection.fetch(query, *arguments))
        finally:
            await connection.close()

    async def _link(self, name: str) -> Link:
        return await self.stack.enter_async_context(Link(Address("127.0.0.1", self.port), client_id=f"{name}-{next(_numbers)}"))

    async def _connect(self, client: C, *filters: str) -> C:
        await client.link.subscribe(*filters)
        client.task = asyncio.create_task(client.listen())
        self.stack.push_async_callback(_cancel, client.task)
        return client


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait({task})


@pytest.fixture
async def orchestrator(postgres_url: str, broker_port: int, tiny_town_file: Path) -> AsyncIterator[Orchestrator]:
    """A town that has not been started yet."""
    town = Orchestrator(postgres_url, broker_port, tiny_town_file)
    try:
        yield town
    finally:
        await town.stack.aclose()
        for process in town.processes:
            if process.returncode is None:
                process.kill()
            await town.last_words(process)


Start = Callable[..., Awaitable[Orchestrator]]
