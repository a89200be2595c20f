"""Whatever is killed whenever, nothing accepted is lost, and nothing is doubled."""

import asyncio
import contextlib
import hashlib
import json
import random
import secrets
import signal
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from mqttown_cli.ask import link_of
from mqttown_cli.database import open_database
from mqttown_cli.folder import DataFolder
from mqttown_cli.ports import choose_ports
from mqttown_contract import topics
from mqttown_contract.messages import Answer
from mqttown_orchestrator.journal import Journal
from mqttown_orchestrator.world.digest import load

pytestmark = pytest.mark.town
LOAD = Path(__file__).parents[2] / "benchmarks" / "crash.py"
SPEED = "240"
"""Four ticks a second: most kills then hit a town at work. A midnight, which moves money, is 270 s away."""
MIDNIGHT_TICK = 18 * 60


async def register(folder: DataFolder, homes: list[str]) -> list[dict[str, str]]:
    """Register an agent a home, all at once. Returns `id`, `key`, `district` of each."""
    town, batch = folder.running()["town"], secrets.token_hex(4)
    keys = [secrets.token_urlsafe(32) for _ in homes]
    answers: dict[str | None, Answer] = {}
    link = link_of(folder)
    await link.subscribe(topics.service_in(town, "cli", "answer"))
    async with asyncio.timeout(60), link:
        for number, (home, key) in enumerate(zip(homes, keys, strict=True)):
            parameters = {
                "agent": f"giver-{number}", "name": f"Giver {number}", "home": home, "kind": "external", "plan": "load",
                "key_hash": f"sha256:{hashlib.sha256(key.encode()).hexdigest()}",
            }  # fmt: skip
            command = {"id": f"{batch}-{number}", "command": "register", "parameters": parameters}
            await link.publish(topics.service_out(town, "cli", "command"), command)
        async for incoming in link:
            answer = Answer.model_validate_json(incoming.payload)
            answers[answer.id] = answer
            if len(answers) == len(homes):
                break
    assert {answer.status for answer in answers.values()} == {"accepted"}, answers
    return [
        {"id": f"giver-{number}", "key": key, "district": answers[f"{batch}-{number}"].result["home_district"]}
        for number, key in enumerate(keys)
    ]


def quiet_homes(folder: DataFolder, count: int, each: int) -> list[str]:
    """Homes in which no resident lives, each so many times in a row."""
    town = json.loads(folder.town_file.read_text(encoding="utf-8"))
    taken = {person["home"] for person in town["people"]}
    free = [building["id"] for building in town["buildings"] if building["kind"] == "home" and building["id"] not in taken]
    return [home for home in free[: count // each] for _ in range(each)]


class Givers:
    """The load program, see `benchmarks/crash.py`."""

    def __init__(self, town: Any, agents: int, each: int, place: Path) -> None:
        folder = DataFolder(town.data)
        known = asyncio.run(register(folder, quiet_homes(folder, agents, each)))
        for number, agent in enumerate(known):
            home = number - number % each
            agent["to"] = known[home + (number + 1) % each]["id"]
        running = folder.running()
        config = place / "agents.json"
        broker = {"host": running["host"], "port": running["mqtt_port"]}
        config.write_text(json.dumps({**broker, "town": running["town"], "agents": known}), encoding="utf-8")
        self.history_file = place / "history.jsonl"
        command = [sys.executable, str(LOAD), str(config), str(self.history_file)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "giving\n"

    def wait_accepted(self, count: int = 1, seconds: float = 60) -> None:
        """Wait until so many actions more have been accepted."""
        with self.history_file.open(encoding="utf-8") as history:
            history.seek(0, 2)
            deadline = time.monotonic() + seconds
            while time.monotonic() < deadline:
                line = history.readline()
                count -= '"status": "accepted"' in line
                if count == 0:
                    return
                if not line:
                    time.sleep(0.05)
        pytest.fail(f"{count} actions were not accepted within {seconds} s")

    def rest(self) -> "History":
        """Let them come to rest. Returns their history."""
        _out, _ = self._process.communicate(timeout=150)
        assert self._process.returncode == 0
        return History([json.loads(line) for line in self.history_file.read_text(encoding="utf-8").splitlines()])

    def kill(self) -> None:
        """End, if the test did not get so far."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()


class History:
    """What the agents did and were told."""

    def __init__(self, lines: list[dict[str, Any]]) -> None:
        self.lines = lines

    def of(self, kind: str) -> Iterator[dict[str, Any]]:
        return (line for line in self.lines if line["kind"] == kind)

    def verdicts(self) -> dict[tuple[str, str], dict[str, Any]]:
        """The verdict of each action. One that is told again must say the same; only `rate_limited` is no last word."""
        told: dict[tuple[str, str], dict[str, Any]] = {}
        for line in self.of("verdict"):
            if line["code"] == "rate_limited":
                continue
            verdict = {name: line[name] for name in ("status", "code", "detail", "tick", "events")}
            assert told.setdefault((line["agent"], line["id"]), verdict) == verdict, line
        return told

    def purses(self) -> dict[str, int]:
        """What each agent must have, going by what it was told alone."""
        purses = {line["agent"]: line["purse"] for line in self.of("start")}
        verdicts = self.verdicts()
        for line in self.of("invoke"):
            if verdicts[line["agent"], line["id"]]["status"] == "accepted":
                purses[line["agent"]] -= 1
                purses[line["to"]] += 1
        return purses

    def summary(self, generations: dict[int, int]) -> str:
        """How many verdicts were told twice, and how many first by a later generation than the one that made them durable."""
        lines = [line for line in self.of("verdict") if line["code"] != "rate_limited"]
        first: dict[tuple[str, str], dict[str, Any]] = {}
        for line in lines:
            first.setdefault((line["agent"], line["id"]), line)
        late = sum(line["generation"] > generations[line["tick"]] for line in first.values())
        return f"{len(lines) - len(first)} told again, {late} told first by a later generation than decided them"

    def recovery(self, kills: list[float]) -> str:
        """From each kill to the first accepted verdict of a later generation: median and longest."""
        times = self.recovery_seconds(kills)
        return f"{len(kills)} kills, recovered in {statistics.median(times):.1f} s (median), {max(times):.1f} s (longest)"

    def recovery_seconds(self, kills: list[float]) -> list[float]:
        told = [(line["t"], line["generation"]) for line in self.of("verdict") if line["status"] == "accepted"]
        found = []
        for kill in kills:
            before = max(generation for at, generation in told if at <= kill)
            found.append(next(at for at, generation in told if at > kill and generation > before) - kill)
        return found


@dataclass
class Found:
    """What the journal says: coins given by (agent, action id), generation of each tick, purses, and the sum over all accounts."""

    gave: Counter[tuple[str, str]]
    generations: dict[int, int]
    purses: dict[str, int]
    sum: int


async def look(data: Path) -> Found:
    async with open_database(DataFolder(data)) as database:
        rows = await database.fetch("SELECT agent, action_id FROM events WHERE kind = 'gave' AND agent LIKE 'giver-%'")
        ticks = await database.fetch("SELECT tick, generation FROM town.ticks")
        state = load((await Journal(database).snapshot(2**31 - 1) or pytest.fail("no snapshot")).dumped)
        assert state.tick == await database.fetchval("SELECT tick FROM town.writer"), "a snapshot is taken at stop"
    purses = {agent: state.account(f"purse:{agent}") for agent in state.bodies}
    gave = Counter((row["agent"], row["action_id"]) for row in rows)
    return Found(gave, {row["tick"]: row["generation"] for row in ticks}, purses, sum(state.accounts.values()))


def orchestrator_of(town: Any) -> psutil.Process:
    """The orchestrator, as soon as there is one."""
    parent = psutil.Process(town.process.pid)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for child in parent.children():
            try:
                if "mqttown_orchestrator" in child.cmdline():
                    return child
            except (psutil.NoSuchProcess, psutil.ZombieProcess):
                continue  # it ended while we looked
        time.sleep(0.01)
    pytest.fail("there is no orchestrator")


def kill_orchestrators(town: Any, times: int, gaps: random.Random) -> list[float]:
    """Kill the orchestrator at random times, whatever it is doing, starting up included."""
    kills = []
    for _ in range(times):
        time.sleep(gaps.uniform(0.5, 8.0))
        victim = orchestrator_of(town)
        kills.append(time.time())
        victim.kill()
    return kills


def kill_tree(town: Any) -> float:
    """Kill the parent and everything below it, PostgreSQL and broker included."""
    parent = psutil.Process(town.process.pid)
    family = [parent, *parent.children(recursive=True)]
    assert {"postgres", "nats-server"} <= {process.name() for process in family}
    now = time.time()
    for process in family:
        with contextlib.suppress(psutil.NoSuchProcess):  # it died with its parent
            process.kill()
    town.process.wait(10)
    psutil.wait_procs(family[1:], timeout=10)
    return now


def kill_parent(town: Any) -> float:
    now = time.time()
    town.process.kill()
    town.process.wait(10)
    return now


def check(town: Any, history: History, kills: list[float], *, accepted: int, resent: int) -> None:
    """Stop the town, and compare what agents were told with what the journal says."""
    assert town.stop(signal.SIGINT) == 0
    verdicts = history.verdicts()
    invoked = {(line["agent"], line["id"]): line["to"] for line in history.of("invoke")}
    resends = sum(1 for _ in history.of("resend"))
    codes = Counter(verdict["code"] or "accepted" for verdict in verdicts.values())
    assert verdicts.keys() == invoked.keys(), "each action got its verdict, and nothing else did"
    assert codes["accepted"] >= accepted
    assert resends >= resent
    found = asyncio.run(look(town.data))
    told = {action for action, verdict in verdicts.items() if verdict["status"] == "accepted"}
    assert found.gave == Counter(told), "each accepted gift is in the journal, once"
    observed = {line["agent"]: line["purse"] for line in history.of("purse")}
    assert observed == history.purses()
    assert {agent: found.purses[agent] for agent in observed} == observed
    assert found.sum == 0
    verified = json.loads(town.cli("verify", "--json").stdout)
    sys.stdout.write(f"{dict(codes)}, {resends} resent, {history.summary(found.generations)}, {history.recovery(kills)}\n")
    assert verified["ok"] is True
    assert verified["ticks"] < MIDNIGHT_TICK, "the nightly levy moves money that nobody is told of; this run took too long"


@pytest.fixture
def start_givers(tmp_path: Path) -> Iterator[Callable[..., Givers]]:
    started: list[Givers] = []

    def start(town: Any, agents: int, each: int) -> Givers:
        started.append(Givers(town, agents, each, tmp_path))
        return started[-1]

    yield start
    for givers in started:
        givers.kill()


@pytest.mark.timeout(120)
def test_a_killed_orchestrator_loses_and_doubles_nothing(
    start_town: Callable[..., Any], start_givers: Callable[..., Givers]
) -> None:
    town = start_town("--speed", SPEED)
    givers = start_givers(town, agents=20, each=5)
    kills = kill_orchestrators(town, 3, random.Random(3))
    givers.wait_accepted(150)
    check(town, givers.rest(), kills, accepted=300, resent=20)


@pytest.mark.slow
@pytest.mark.timeout(420)
def test_whatever_is_killed_nothing_is_lost_or_doubled(
    start_town: Callable[..., Any], start_givers: Callable[..., Givers], tmp_path: Path
) -> None:
    ports = choose_ports("127.0.0.1", {"--mqtt-port": 0, "--ws-port": 0})
    args = ["--speed", SPEED, *(str(word) for pair in ports.items() for word in pair)]
    town = start_town(*args, data=tmp_path / "a")
    givers = start_givers(town, agents=100, each=10)
    kills = kill_orchestrators(town, 20, random.Random(20))
    for kill in (kill_tree, kill_parent):
        givers.wait_accepted(500)
        kills.append(kill(town))
        town = start_town(*args, data=tmp_path / "a")
    givers.wait_accepted(500)
    check(town, givers.rest(), kills, accepted=5000, resent=100)
