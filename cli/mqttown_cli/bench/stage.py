"""The stage of the loop benchmarks: broker, gate, journal and orchestrator as `mqttown up` runs them, and a town of strangers."""

import asyncio
import hashlib
import json
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import asyncpg

from mqttown.link import Address, Link
from mqttown_cli.bench.crowd import Agent
from mqttown_cli.composition import ClusterPorts, cluster_ports
from mqttown_cli.content.compile import compile_town, find_town
from mqttown_cli.folder import DataFolder
from mqttown_cli.ports import choose_ports
from mqttown_cli.postgres import EmbeddedPostgres
from mqttown_cli.supervisor import Part, Supervisor
from mqttown_contract import topics
from mqttown_contract.messages import Answer

__all__ = ["TOWN", "Stage", "Tell", "cpu_seconds", "percentile", "resident_kib"]

Tell = Callable[[str], None]
TOWN: Final = "helsinki"
SERVICES: Final = ("orchestrator", "memory", "cli")
CONNECTIONS: Final = 20_000
"""What one server of the broker shall let in, all from one address."""
REGISTERED_AT_ONCE: Final = 10_000
COMMANDS_SECONDS: Final = 300
TICKS_SECONDS: Final = 900


@dataclass
class Stage:
    """A running town without residents.

    Attributes:
        ports: MQTT, one of each server of the broker.
        pids: of every process to be measured, by name; the caller adds its own.
    """

    ports: list[int]
    keys: dict[str, str]
    homes: list[str]
    database: asyncpg.Connection
    supervisor: Supervisor
    postgres: int
    pids: dict[str, int] = field(default_factory=dict)

    @classmethod
    @asynccontextmanager
    async def set_up(
        cls, agents: int, tell: Tell, *, lockstep: bool = True, memory: bool = False, servers: int = 1
    ) -> AsyncIterator["Stage"]:
        """Start everything in a folder of its own; stop and forget it at the end.

        Args:
            agents: how many will be registered; their homes are spread as residents' are.
            tell: called with a line of progress.
            lockstep: whether a tick waits for everybody's answer.
            memory: whether the memory service runs too.
            servers: of the broker.
        """
        async with AsyncExitStack() as stack:
            folder = DataFolder(Path(stack.enter_context(TemporaryDirectory(prefix="mqttown-bench-")))).make()
            homes = _prepare_town(folder, agents)
            ports = choose_ports("127.0.0.1", {"--mqtt-port": 0, "--ws-port": 0})
            more = cluster_ports("127.0.0.1", ports, servers, anywhere=True)
            server = stack.enter_context(EmbeddedPostgres(folder.postgres))
            supervisor = Supervisor(folder.logs, tell)
            stack.push_async_callback(supervisor.stop)
            tell("starting broker and orchestrator")
            keys = folder.secrets(SERVICES)["services"]
            for part in _parts(folder, server.url, (ports, more), keys, lockstep=lockstep, memory=memory):
                await supervisor.start(part)
            database = await asyncpg.connect(server.url)
            stack.push_async_callback(database.close)
            postgres = server.process.pid if server.process else 0
            pids = {**supervisor.pids(), "postgres": postgres}
            yield cls([ports["--mqtt-port"], *more.mqtt], keys, homes, database, supervisor, postgres, pids)

    @property
    def port(self) -> int:
        """MQTT, of the first server."""
        return self.ports[0]

    async def register(self) -> list[Agent]:
        """Register everybody, many at once."""
        agents: list[Agent] = []
        for first in range(0, len(self.homes), REGISTERED_AT_ONCE):
            homes = self.homes[first : first + REGISTERED_AT_ONCE]
            fresh = [(f"crowd-{first + number}", secrets.token_urlsafe(32), home) for number, home in enumerate(homes)]
            results = await self.command(
                *(
                    ("register", {"agent": name, "name": name.title(), "home": home, "plan": "load", **_hashed(key)})
                    for name, key, home in fresh
                )
            )
            told = zip(fresh, results, strict=True)
            agents += [Agent(name, key, result["home_district"]) for (name, key, _), result in told]
        return agents

    async def command(self, *commands: tuple[str, dict[str, Any]]) -> list[dict[str, Any]]:
        """Send commands all at once and await their results.

        Raises:
            RuntimeError: one was refused.
        """
        answers: dict[str, Answer] = {}
        batch = secrets.token_hex(4)  # the town remembers the ids of commands
        link = self._link(batch)
        await link.subscribe(topics.service_in(TOWN, "cli", "answer"))
        async with asyncio.timeout(COMMANDS_SECONDS), link:
            for number, (command, parameters) in enumerate(commands):
                message = {"id": f"{batch}-{number}", "command": command, "parameters": parameters}
                await link.publish(topics.service_out(TOWN, "cli", "command"), message)
            async for incoming in link:
                answer = Answer.model_validate_json(incoming.payload)
                answers[answer.id or ""] = answer
                if len(answers) == len(commands):
                    break
        refused = [answer.detail for answer in answers.values() if answer.status == "rejected"]
        if refused:
            raise RuntimeError(f"{len(refused)} commands were refused: {refused[0]}")
        return [answers[f"{batch}-{number}"].result for number in range(len(commands))]

    async def figures(self) -> dict[str, Any]:
        """What the orchestrator tells about itself now.

        Raises:
            RuntimeError: the connection ended before it told anything.
            TimeoutError: it told nothing within a minute.
        """
        link = self._link(secrets.token_hex(4))
        await link.subscribe(topics.service_out(TOWN, "orchestrator", "metrics"))
        async with asyncio.timeout(60), link:
            async for incoming in link:
                return dict(json.loads(incoming.payload))
        raise RuntimeError("the orchestrator tells no figures")

    async def tick(self) -> int:
        """The newest durable tick."""
        return int(await self.database.fetchval("SELECT coalesce(max(tick), 0) FROM town.ticks"))

    async def reach(self, tick: int) -> int:
        """Wait for a tick; returns the newest then.

        Raises:
            TimeoutError: it did not come.
        """
        deadline = time.monotonic() + TICKS_SECONDS
        while (newest := await self.tick()) < tick:
            if time.monotonic() > deadline:
                raise TimeoutError(f"tick {tick} did not come within {TICKS_SECONDS} s; the newest is {newest}")
            await asyncio.sleep(0.25)
        return newest

    def _link(self, tag: str) -> Link:
        return Link(Address(port=self.port), f"cli~{tag}", self.keys["cli"])


def _prepare_town(folder: DataFolder, agents: int) -> list[str]:
    """Write the compiled town without residents; returns the home of each agent, spread as residents are."""
    town = compile_town(find_town(TOWN), agents, 1)
    homes = [person["home"] for person in town["people"]]
    folder.town_file.write_text(json.dumps({**town, "people": []}), encoding="utf-8")
    return homes


def _parts(
    folder: DataFolder,
    database: str,
    doors: tuple[dict[str, int], ClusterPorts],
    keys: dict[str, str],
    *,
    lockstep: bool,
    memory: bool,
) -> list[Part]:
    ports, more = doors
    shared = {
        "MQTTOWN_DATA": str(folder.path),
        "MQTTOWN_DATABASE": database,
        "MQTTOWN_TOWN": TOWN,
        "MQTTOWN_TOWN_FILE": str(folder.town_file),
        "MQTTOWN_MQTT_HOST": "127.0.0.1",
        "MQTTOWN_MQTT_PORT": str(ports["--mqtt-port"]),
        "MQTTOWN_WS_PORT": str(ports["--ws-port"]),
    }
    gate = {
        "MQTTOWN_SERVICE_KEYS": json.dumps(keys),
        "MQTTOWN_MAX_ADDRESS_CONNECTIONS": str(CONNECTIONS),
        "MQTTOWN_MAX_CONNECTIONS": str(CONNECTIONS * (1 + len(more.mqtt))),
        "MQTTOWN_MORE_MQTT_PORTS": json.dumps(more.mqtt),
        "MQTTOWN_MORE_WS_PORTS": json.dumps(more.ws),
    }
    parts = [Part("gate", "mqttown_broker", {**shared, **gate})]
    if memory:
        parts.append(Part("memory", "mqttown_memory", {**shared, "MQTTOWN_SERVICE_KEY": keys["memory"]}, rank=1))
    orchestrator = {"MQTTOWN_SERVICE_KEY": keys["orchestrator"], "MQTTOWN_LOCKSTEP": str(lockstep).lower()}
    orchestrator["MQTTOWN_KEPT_APART"] = str(bool(more.mqtt)).lower()
    parts.append(Part("orchestrator", "mqttown_orchestrator", {**shared, **orchestrator}, final=True, rank=1))
    return parts


def _hashed(key: str) -> dict[str, str]:
    return {"kind": "external", "key_hash": f"sha256:{hashlib.sha256(key.encode()).hexdigest()}"}


def cpu_seconds(pids: dict[str, int]) -> dict[str, float]:
    """User and system seconds of each process and of its children, from /proc (clock ticks of 10 ms)."""
    tick = 100.0
    parents: dict[int, tuple[int, float]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended while we looked
        parents[int(stat.parent.name)] = (int(fields[1]), (int(fields[11]) + int(fields[12])) / tick)
    return {name: sum(cpu for pid, (_, cpu) in parents.items() if _descends(pid, root, parents)) for name, root in pids.items()}


def _descends(pid: int, root: int, parents: dict[int, tuple[int, float]]) -> bool:
    while pid in parents:
        if pid == root:
            return True
        pid = parents[pid][0]
    return False


def resident_kib(root: int) -> int:
    """Resident memory of a process and its children, KiB."""
    children = Path(f"/proc/{root}/task/{root}/children").read_text(encoding="ascii")
    statuses = (Path(f"/proc/{pid}/status").read_text(encoding="ascii") for pid in (root, *children.split()))
    return sum(int(line.split()[1]) for status in statuses for line in status.splitlines() if line.startswith("VmRSS"))


def percentile(ordered: list[float], share: float) -> float:
    """Nearest rank of a sorted list."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
