"""A running town under attack: rogues with keys and without, an honest agent beside them, and a look at the journal after each."""

import asyncio
import dataclasses
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import orjson
import paho.mqtt.client as paho
import pytest

from mqttown_broker.packets import RawClient
from mqttown_contract import topics

MQTTOWN = str(Path(sys.executable).parent / "mqttown")
TOWN = "helsinki"
PARK_DISTRICT = "kallio"
"""It has one park, so all newcomers stand together there."""
FAR_DISTRICT = "punavuori"
VICTIM = "olga"
READY_SECONDS = 90
ANSWER_SECONDS = 15.0
SNAPSHOT_TICKS = 10
QUIET = {"registered", "came", "left", "revoked"}
"""Kinds of events by which an agent that has done nothing comes and goes."""
OWN_MONEY = {"endowment", "support", "levy"}
_numbers = itertools.count(1)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "effects(*kinds): events that the rogue of this attack may honestly bring about")


class Town:
    """One `mqttown up`, ten ticks a second."""

    def __init__(self, data: Path, *args: str) -> None:
        self.data = data
        ports = ("--http-port", "0", "--mqtt-port", "0", "--ws-port", "0")
        self.process = subprocess.Popen(
            [MQTTOWN, "up", "--data", str(data), *ports, "--residents", "3", "--speed", "600", *args],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "MQTTOWN_SNAPSHOT_TICKS": str(SNAPSHOT_TICKS)},
            start_new_session=True,
        )
        self.printed: list[str] = []
        self._ready = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()
        assert self._ready.wait(READY_SECONDS), "\n".join(self.printed)
        self.running: dict[str, Any] = json.loads((data / "running.json").read_text(encoding="utf-8"))
        self.secrets: dict[str, Any] = json.loads((data / "secrets.json").read_text(encoding="utf-8"))
        self.api: str = self.running["api"]
        self.mqtt_port: int = self.running["mqtt_port"]
        self.operator = httpx.Client(
            base_url=self.api, headers={"Authorization": f"Bearer {self.secrets['tokens']['operator']}"}, timeout=20
        )

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as out:
            for line in out:
                self.printed.append(line.rstrip())
                if line.startswith("ready "):
                    self._ready.set()
        self._ready.set()

    def register(self, agent: str, district: str = FAR_DISTRICT, **form: Any) -> dict[str, Any]:
        """Credentials of a new agent, as an operator would make them."""
        answer = self.operator.post("/agents", json={"id": agent, "district": district, **form})
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def cli(self, *args: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([MQTTOWN, *args, "--data", str(self.data)], capture_output=True, text=True, timeout=60, check=False)

    def logs(self) -> str:
        """Everything that any part has written for people to read."""
        return "\n".join([*self.printed, *(file.read_text(errors="replace") for file in sorted((self.data / "logs").glob("*")))])

    def stop(self) -> None:
        self.operator.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        self.process.wait(30)


class Honest:
    """The agent that suffers: connected by paho in a thread of its own, through all attacks of a town."""

    def __init__(self, credentials: dict[str, Any]) -> None:
        self.known = credentials
        self.heard: list[tuple[str, Any]] = []
        self._news = threading.Condition()
        self._subscribed = threading.Event()
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id=credentials["client_id"], protocol=paho.MQTTv311)
        self._client.username_pw_set(credentials["username"], credentials["password"])
        self._client.on_connect = lambda client, *_: client.subscribe(credentials["topics"]["in"])
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = self._on_message
        self.losses = 0
        self._client.on_disconnect = self._on_disconnect
        self._client.connect(credentials["host"], credentials["port"])
        self._client.loop_start()
        assert self._subscribed.wait(ANSWER_SECONDS)
        self.hello()

    def _on_message(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        with self._news:
            self.heard.append((message.topic.rpartition("/")[2], json.loads(message.payload)))
            self._news.notify_all()

    def _on_disconnect(self, *_: Any) -> None:
        self.losses += 1

    def send(self, channel: str, message: Any) -> None:
        topic = topics.agent_out(TOWN, self.known["district"], self.known["username"], channel)
        self._client.publish(topic, json.dumps(message), qos=1)

    def wait(self, channel: str, fits: Callable[[Any], bool], seconds: float = ANSWER_SECONDS) -> Any:
        def found() -> Any:
            return next((told for name, told in self.heard if name == channel and fits(told)), None)

        with self._news:
            assert self._news.wait_for(lambda: found() is not None, seconds), f"no fitting {channel}; heard {self.heard[-3:]}"
            return found()

    def hello(self) -> Any:
        with self._news:
            self.heard.clear()
        self.send("hello", {})
        return self.wait("observation", lambda told: "hello" in told["because"])

    def act(self, action: str, parameters: Any) -> Any:
        action_id = f"honest-{next(_numbers)}"
        self.send("action", {"id": action_id, "action": action, "parameters": parameters})
        return self.wait("verdict", lambda told: told["action_id"] == action_id)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@dataclasses.dataclass
class Rogue:
    """An attacker with a key of its own, at the wire by hand-made packets."""

    name: str
    key: str
    district: str
    client: RawClient

    def out(self, channel: str) -> str:
        return topics.agent_out(TOWN, self.district, self.name, channel)

    async def send(self, channel: str, message: Any, qos: int = 1, *, retain: bool = False) -> None:
        """Publish on its own `out/{channel}`; bytes go as they are."""
        await self.client.publish(self.out(channel), message if isinstance(message, bytes) else orjson.dumps(message), qos, retain)

    async def act(self, action_id: str, action: str, parameters: Any = None, **fields: Any) -> Any:
        await self.send("action", {"id": action_id, "action": action, "parameters": parameters or {}, **fields})
        return await self.verdict(action_id)

    async def verdict(self, action_id: str | None) -> Any:
        return await self.told("verdict", lambda told: told["action_id"] == action_id)

    async def told(self, channel: str, fits: Callable[[Any], bool] = lambda _: True) -> Any:
        async with asyncio.timeout(ANSWER_SECONDS):
            while True:
                topic, payload, _ = await self.client.message(ANSWER_SECONDS)
                if topic.endswith(f"/in/{channel}") and fits(told := orjson.loads(payload)):
                    return told

    async def hello(self, **fields: Any) -> Any:
        await self.send("hello", fields)
        return await self.told("observation", lambda told: "hello" in told["because"])


class Journal:
    """What the town has decided, read beside it."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self.connection = connection

    async def rows(self, question: str, *values: Any) -> list[Any]:
        return list(await self.connection.fetch(question, *values))

    async def tick(self) -> int:
        return int(await self.connection.fetchval("SELECT max(tick) FROM town.ticks"))

    async def actions(self, agent: str) -> list[Any]:
        return await self.rows("SELECT * FROM actions WHERE agent = $1 ORDER BY tick, n", agent)

    async def events(self, agent: str, *kinds: str) -> list[Any]:
        return await self.rows("SELECT * FROM events WHERE agent = $1 AND kind = ANY($2) ORDER BY tick, n", agent, list(kinds))

    async def paid(self, account: str, after: int) -> list[str]:
        """Why money went to or from an account."""
        question = "SELECT why FROM money WHERE tick > $1 AND $2 IN (payer, payee)"
        return [row["why"] for row in await self.rows(question, after, account)]

    async def state(self) -> Any:
        """The newest snapshot of the world."""
        packed = await self.connection.fetchval("SELECT state FROM town.snapshots ORDER BY tick DESC LIMIT 1")
        return orjson.loads(zlib.decompress(packed))


@pytest.fixture(scope="session")
def town(make_town: Callable[..., Town]) -> Iterator[Town]:
    """One town for all attacks of this worker. At its end its whole history is played again and must come out the same."""
    running = make_town()
    try:
        yield running
        verified = running.cli("verify")
        assert verified.returncode == 0, verified.stdout + verified.stderr
    finally:
        running.stop()


@pytest.fixture(scope="session")
def make_town(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Town]:
    """Start a town of one's own; `stop` it."""
    return lambda *args: Town(tmp_path_factory.mktemp("attacked") / "data", *args)


@pytest.fixture(scope="session")
def make_honest() -> Callable[[Town], Honest]:
    """An honest agent in a town of one's own; `close` it."""

    def make(town: Town) -> Honest:
        agent = Honest(town.register(VICTIM, PARK_DISTRICT))
        time.sleep(2 * SNAPSHOT_TICKS / 10)  # then the newest snapshot knows it
        return agent

    return make


@pytest.fixture(scope="session")
def honest(town: Town, make_honest: Callable[[Town], Honest]) -> Iterator[Honest]:
    agent = make_honest(town)
    yield agent
    agent.close()


@pytest.fixture
async def journal(town: Town) -> AsyncIterator[Journal]:
    connection = await asyncpg.connect(town.running["database"])
    yield Journal(connection)
    await connection.close()


@pytest.fixture
async def connections() -> AsyncIterator[list[RawClient]]:
    """Raw connections of a test; all are broken off at its end."""
    opened: list[RawClient] = []
    yield opened
    for client in opened:
        client.cut()
    await asyncio.gather(*(client.close() for client in opened))


@pytest.fixture
def knock(town: Town, connections: list[RawClient]) -> Callable[..., Awaitable[RawClient]]:
    """A TCP connection that has said nothing yet; `source` is the loopback address that it comes from."""

    async def open_(source: str = "127.0.0.1") -> RawClient:
        streams = await asyncio.open_connection("127.0.0.1", town.mqtt_port, local_addr=(source, 0))
        connections.append(RawClient(*streams))
        return connections[-1]

    return open_


@pytest.fixture
def rogues() -> list[Rogue]:
    return []


@pytest.fixture
def rogue(town: Town, knock: Callable[..., Awaitable[RawClient]], rogues: list[Rogue]) -> Callable[..., Awaitable[Rogue]]:
    """Register an attacker and connect it; it listens to its own `in/`."""

    async def make(district: str = FAR_DISTRICT, **form: Any) -> Rogue:
        name = f"rogue-{os.getpid()}-{next(_numbers)}"
        known = await asyncio.to_thread(town.register, name, district, **form)
        client = await knock()
        assert await client.connect(name, known["password"]) == 0
        made = Rogue(name, known["password"], known["district"], client)
        rogues.append(made)
        assert await client.subscribe(topics.agent_in(TOWN, made.district, name, "+")) == 0
        return made

    return make


@pytest.fixture
async def witness(town: Town, knock: Callable[..., Awaitable[RawClient]]) -> RawClient:
    """Hears everything that really passes the broker."""
    client = await knock()
    assert await client.connect(f"cli~w{next(_numbers)}", town.secrets["services"]["cli"]) == 0
    assert await client.subscribe(topics.everything(TOWN)) == 0
    return client


@pytest.fixture
def anyone(town: Town) -> Iterator[httpx.Client]:
    """Somebody at the HTTP side without a token, from an address of their own."""
    number = next(_numbers)
    transport = httpx.HTTPTransport(local_address=f"127.0.{1 + number // 250}.{1 + number % 250}")
    with httpx.Client(base_url=town.api, transport=transport, timeout=20) as client:
        yield client


def belongings(state: Any) -> dict[str, Any]:
    """What the victim has, and where it lives and works."""
    return {name: state["bodies"][VICTIM][name] for name in ("inventory", "home", "job", "building", "x", "y")}


@pytest.fixture(autouse=True)
async def the_town_goes_on(
    request: pytest.FixtureRequest, town: Town, honest: Honest, journal: Journal, rogues: list[Rogue]
) -> AsyncIterator[None]:
    """Around every attack: nothing was done in the victim's name, no money made, and its own actions get their verdicts."""
    allowed = {kind for mark in request.node.iter_markers("effects") for kind in mark.args}
    began, before, losses = await journal.tick(), belongings(await journal.state()), honest.losses
    yield
    verdict = await asyncio.to_thread(honest.act, "say", {"text": f"Still here, number {next(_numbers)}."})
    assert verdict["status"] == "accepted", verdict
    assert verdict["tick"] > began
    state = await journal.state()
    assert belongings(state) == before
    strange = "SELECT count(*) FROM actions WHERE agent = $1 AND action_id NOT LIKE 'honest-%'"
    assert await journal.connection.fetchval(strange, VICTIM) == 0
    if not {"paid", "gave"} & allowed:
        assert set(await journal.paid(f"purse:{VICTIM}", began)) <= OWN_MONEY
    accounts = state["accounts"]
    assert sum(accounts.values()) == 0
    assert [name for name, cents in accounts.items() if cents < 0 and name != "mint"] == []
    for rogue in rogues:
        question = "SELECT kind, data ->> 'why' AS why FROM events WHERE agent = $1"
        done = {
            row["kind"]
            for row in await journal.rows(question, rogue.name)
            if row["kind"] not in QUIET and row["why"] not in OWN_MONEY
        }
        assert done <= allowed, f"{rogue.name} brought about {done - allowed}"
    assert honest.losses == losses, "the honest agent lost its connection"
    for rogue in rogues:
        await asyncio.to_thread(town.operator.delete, f"/me/agents/{rogue.name}")
