"""A real broker without grants, a scripted town on it, and credentials for both."""

import asyncio
import itertools
import json
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mqttown import Agent, Credentials
from mqttown.link import Address, Link
from mqttown_contract import topics

TOWN = "tiny"
DISTRICT = "ranta"
SECONDS = 10.0
OPEN_BROKER = """
listen: "127.0.0.1:-1"
server_name: test
jetstream {{ store_dir: "{folder}/stream" }}
mqtt {{ listen: "127.0.0.1:{port}" }}
"""
_numbers = itertools.count(1)


class Broker:
    """A `nats-server` that lets everybody in, and that can be stopped and started."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        (self._folder / "open.conf").write_text(OPEN_BROKER.format(folder=self._folder, port=self.port))
        program = str(Path(sys.executable).parent / "nats-server")
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen([program, "-c", str(self._folder / "open.conf")], stdout=log, stderr=log)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """One broker for the session; each test has an agent of its own on it."""
    folder = tmp_path_factory.mktemp("nats")
    running = Broker(folder)
    running.start()
    yield running
    running.stop()
    shutil.rmtree(folder, ignore_errors=True)


class Script:
    """The town's side of one agent's wire: what the agent has sent, and words to send it."""

    def __init__(self, link: Link, agent: str) -> None:
        self.agent = agent
        self.generation = 1
        self.seq = 0
        self.sent: dict[str, asyncio.Queue[Any]] = {}
        self._link = link

    async def listen(self) -> None:
        async for incoming in self._link:
            channel = topics.parse(incoming.topic).channel
            self.sent.setdefault(channel, asyncio.Queue()).put_nowait(json.loads(incoming.payload))

    async def next(self, channel: str, seconds: float = SECONDS) -> Any:
        """What the agent has sent next on a channel."""
        async with asyncio.timeout(seconds):
            return await self.sent.setdefault(channel, asyncio.Queue()).get()

    def waiting(self, channel: str) -> int:
        """How many messages on a channel nobody has asked for yet."""
        return self.sent.setdefault(channel, asyncio.Queue()).qsize()

    async def status(self, status: str = "online") -> None:
        await self._link.publish(topics.world(TOWN, "status"), {"status": status, "generation": self.generation})

    async def observe(self, tick: int, *, seq: int | None = None, words: tuple[tuple[str, str], ...] = ()) -> None:
        """Send an observation; `words` are (event, text) that otto has said."""
        self.seq = self.seq + 1 if seq is None else seq
        heard = [{"event": event, "from": "otto", "text": text, "tick": tick, "to": None} for event, text in words]
        await self._tell("observation", observation(self.agent, self.generation, self.seq, tick, heard))

    async def judge(self, action: Any, **fields: Any) -> None:
        """Send a verdict on an action."""
        self.seq += 1
        verdict = {"v": 1, "generation": self.generation, "seq": self.seq, "action_id": action["id"], "agent_id": self.agent}
        verdict |= {"tick": 3, "status": "accepted", "events": ["e-3-0"]}
        await self._tell("verdict", verdict | fields)

    async def notice(self, code: str, text: str) -> None:
        self.seq += 1
        await self._tell("notice", {"v": 1, "generation": self.generation, "seq": self.seq, "code": code, "text": text})

    async def remember(self, answer: dict[str, Any]) -> None:
        await self._tell("memory", answer)

    async def welcome(self, tick: int = 1, **fields: Any) -> Any:
        """Answer the next hello; returns it."""
        hello = await self.next("hello")
        await self.observe(tick, seq=1, **fields)
        return hello

    async def _tell(self, channel: str, message: dict[str, Any]) -> None:
        await self._link.publish(topics.agent_in(TOWN, DISTRICT, self.agent, channel), message)


def observation(agent: str, generation: int, seq: int, tick: int, heard: list[dict[str, Any]]) -> dict[str, Any]:
    own = {"doing": "idle", "needs": {"energy": 1.0, "food": 1.0, "company": 1.0}, "purse": 0, "inventory": [], "home": None}
    location = {"district": DISTRICT, "building": None, "x": 0.0, "y": 0.0, "nearby": []}
    perceived = {
        "self": {**own, "job": None},
        "location": location,
        "visible_agents": [],
        "messages": heard,
        "environment": {"time_of_day": "morning", "weather": "clear"},
    }
    return {
        "id": f"o-{tick}-{seq}",
        "generation": generation,
        "seq": seq,
        "tick": tick,
        "timestamp": "2026-03-02T04:00:00Z",
        "town_time": "2026-03-02T06:00:00",
        "agent_id": agent,
        "observation": perceived,
        "available_actions": [],
    }


@pytest.fixture
async def script(broker: Broker) -> AsyncIterator[Script]:
    """The scripted town of one agent."""
    agent = f"mira-{next(_numbers)}"
    async with Link(Address("127.0.0.1", broker.port), client_id=f"town-of-{agent}") as link:
        await link.subscribe(topics.agent_out(TOWN, DISTRICT, agent, "+"))
        script = Script(link, agent)
        listening = asyncio.create_task(script.listen())
        yield script
        listening.cancel()
        await asyncio.wait({listening})


@pytest.fixture
def credentials(broker: Broker, script: Script) -> Credentials:
    """The agent's; a broker without grants takes any key."""
    return Credentials(script.agent, "a key", TOWN, DISTRICT, "127.0.0.1", broker.port)


@pytest.fixture
async def live() -> AsyncIterator[Callable[[Agent], asyncio.Task[None]]]:
    """Let agents live until the end of the test."""
    lives: list[asyncio.Task[None]] = []

    def begin(agent: Agent) -> asyncio.Task[None]:
        lives.append(asyncio.create_task(agent.live()))
        return lives[-1]

    yield begin
    for life in lives:
        life.cancel()
    if lives:
        await asyncio.wait(lives)
    for life in lives:
        if not life.cancelled():
            life.exception()
