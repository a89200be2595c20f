"""Hostile agents: how much later a tick is done while one stops reading, floods, sends junk, reconnects, or acts where it is not.

A tick is done when all of it is told; that is counted from when it was due, as the orchestrator tells it once a second.
Pairs of windows with and without the attack, in turns, in one town; the figure is the median over the pairs of the difference of
the medians. Loopback only, bounded in number and time. `python benchmarks/hostile.py [--pairs 8] [--write]`.
"""

import argparse
import asyncio
import contextlib
import itertools
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx

from mqttown_broker.packets import Closed, RawClient
from mqttown_contract import topics

ROOT: Final = Path(__file__).parent.parent
MQTTOWN: Final = str(Path(sys.executable).parent / "mqttown")
TOWN, DISTRICT = "helsinki", "kallio"
TICKS: Final = 30
"""Of one window."""
REST_TICKS: Final = 5
"""After each window, so that what was under way is over."""
SPEED: Final = 600
MESSAGES_A_SECOND: Final = 2_000
"""Of one attacker: 20 times what a connection may publish for long."""
FRESH: Final = 3
"""Attackers for one window: who is cut off is followed by the next."""
MIB: Final = 1024 * 1024
MARKS: Final = ("<!-- hostile -->\n", "<!-- end of hostile -->\n")


@dataclass
class Ear:
    """Hears each tick, and how long after it was due it was done."""

    client: RawClient
    tick: int = 0
    took: dict[int, float] = field(default_factory=dict)
    queues: dict[str, int] = field(default_factory=dict)
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    async def listen(self) -> None:
        """Until cancelled."""
        while True:
            topic, payload, _ = await self.client.message(60)
            told = json.loads(payload)
            if topic.endswith("/clock"):
                self.tick = int(told["tick"])
            else:
                self.client.ping()
                newest = told["newest_ms"]
                first = int(told["tick"]) - len(newest) + 1
                self.took |= {first + number: ms for number, ms in enumerate(newest)}
                self.queues = {name: max(depth, self.queues.get(name, 0)) for name, depth in told["queues"].items()}
            self.heard.set()

    async def until(self, tick: int) -> None:
        """Wait for a tick."""
        while self.tick < tick:
            self.heard.clear()
            await asyncio.wait_for(self.heard.wait(), 30)

    def median(self, first: int, last: int) -> float:
        """Of the ticks after `first` up to `last`, milliseconds."""
        return statistics.median(ms for tick, ms in self.took.items() if first < tick <= last)


@dataclass
class Agent:
    """An attacker with a good key of its own."""

    name: str
    key: str
    port: int

    def out(self, channel: str, district: str = DISTRICT) -> str:
        """Its topic."""
        return topics.agent_out(TOWN, district, self.name, channel)

    @contextlib.asynccontextmanager
    async def inside(self) -> AsyncIterator[RawClient]:
        """Connected and listening."""
        client = await RawClient.open("127.0.0.1", self.port)
        try:
            if await client.connect(self.name, self.key) == 0:
                await client.subscribe(topics.agent_in(TOWN, DISTRICT, self.name, "+"))
            yield client
        finally:
            client.cut()
            await client.close()


Attack = Callable[[list[Agent]], Awaitable[None]]


async def _steadily(client: RawClient, topic: str, payloads: Callable[[int], bytes], a_second: float) -> None:
    """Publish at a rate until cut off or cancelled."""
    loop, began = asyncio.get_running_loop(), asyncio.get_running_loop().time()
    with contextlib.suppress(Closed, ConnectionError):
        for number in itertools.count():
            if client.lost:
                return
            await client.publish(topic, payloads(number))
            ahead = began + number / a_second - loop.time()
            if ahead > 0.005:
                await asyncio.sleep(ahead)


async def nothing(agents: list[Agent]) -> None:
    """Connect and say nothing: what the town does by itself meanwhile, and how even the machine is."""
    async with agents[0].inside() as client:
        await client.closed.wait()


async def floods(agents: list[Agent]) -> None:
    """2,000 actions a second, each with a new id; the next agent takes over from one that was cut off."""
    for agent in agents:
        async with agent.inside() as client:
            await _steadily(
                client,
                agent.out("action"),
                lambda number: json.dumps({"id": f"f-{number}", "action": "wait", "parameters": {}}).encode(),
                MESSAGES_A_SECOND,
            )


async def junk(agents: list[Agent]) -> None:
    """64 KiB of junk, 50 times a second."""
    for agent in agents:
        async with agent.inside() as client:
            await _steadily(client, agent.out("action"), lambda _: b"[" * 65_536, 50)


async def stops_reading(agents: list[Agent]) -> None:
    """Ask for as much as may be asked for, 90 times a second, and read nothing of it."""
    agent = agents[0]
    questions = json.dumps({"id": "q", "op": "recall", "query": "everything that was ever said", "k": 50}).encode()
    async with agent.inside() as client:
        client.deafen()
        await asyncio.gather(
            _steadily(client, agent.out("hello"), lambda _: b'{"since_tick": 0, "memory": 20}', 45),
            _steadily(client, agent.out("memory"), lambda _: questions, 45),
        )


async def reconnects(agents: list[Agent]) -> None:
    """Connect and break off 50 times a second, whatever the answer is, also while kept out."""

    async def once(agent: Agent) -> None:
        with contextlib.suppress(Closed, OSError, TimeoutError):
            async with agent.inside():
                pass

    async with asyncio.TaskGroup() as group:
        for number in itertools.count():
            group.create_task(once(agents[number // 50 % len(agents)]))
            await asyncio.sleep(1 / 50)


async def elsewhere(agents: list[Agent]) -> None:
    """Act for shops and homes where it is not, and on topics of other districts: 90 a second, below what is cut off."""
    agent = agents[0]
    wrong = [
        ("buy", {"item": "coffee"}), ("claim", {"building": "aikatalo"}), ("give", {"to": "nobody", "amount": 1}), ("work", {}),
    ]  # fmt: skip

    def lie(number: int) -> bytes:
        action, parameters = wrong[number % len(wrong)]
        return json.dumps({"id": f"e-{time.monotonic_ns()}", "action": action, "parameters": parameters}).encode()

    async with agent.inside() as client:
        await asyncio.gather(
            _steadily(client, agent.out("action"), lie, 45),
            _steadily(client, agent.out("action", "punavuori"), lie, 45),
        )


ATTACKS: Final[dict[str, Attack]] = {
    "does nothing (to compare)": nothing,
    "stops reading": stops_reading,
    "floods": floods,
    "sends 64 KiB junk": junk,
    "reconnects 50 times a second": reconnects,
    "acts where it is not": elsewhere,
}


async def measure(
    name: str, attack: Attack, ear: Ear, crowd: Callable[[int], Awaitable[list[Agent]]], pids: dict[str, int], pairs: int
) -> dict[str, Any]:
    """Windows in turns; which of a pair comes first alternates too, so that a drift of the machine cancels out."""
    agents = await crowd(pairs * FRESH)
    await ear.until(ear.tick + 2 * REST_TICKS)
    before, ear.queues = memory(pids), {}
    differences, quiet, hostile = [], [], []
    for pair in range(pairs):
        medians: dict[bool, tuple[int, int]] = {}
        for on in (pair % 2 == 0, pair % 2 == 1):
            task = asyncio.create_task(attack(agents[pair * FRESH : (pair + 1) * FRESH])) if on else None
            first = ear.tick
            await ear.until(first + TICKS)
            medians[on] = (first, ear.tick)
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
            await ear.until(ear.tick + REST_TICKS)
        await ear.until(max(last for _, last in medians.values()) + 15)  # told once a second
        with_, without = ear.median(*medians[True]), ear.median(*medians[False])
        differences.append(with_ - without)
        hostile.append(with_)
        quiet.append(without)
    after = memory(pids)
    return {
        "attack": name,
        "without_ms": statistics.median(quiet),
        "with_ms": statistics.median(hostile),
        "difference_ms": statistics.median(differences),
        "smallest_ms": min(differences),
        "largest_ms": max(differences),
        "grown_mib": {part: (after[part] - before[part]) / MIB for part in pids},
        "queues": ear.queues,
    }


def memory(pids: dict[str, int]) -> dict[str, int]:
    """Resident bytes of each process."""
    return {name: int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 for name, pid in pids.items()}


def child_of(parent: int) -> int:
    """The one child of a process."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(stat.read_text().rpartition(")")[2].split()[1]) == parent:
                return int(stat.parent.name)
    raise LookupError(f"process {parent} has no child")


@contextlib.asynccontextmanager
async def a_town() -> AsyncIterator[dict[str, Any]]:
    """A town with 25 residents, ten ticks a second."""
    with tempfile.TemporaryDirectory(prefix="mqttown-hostile-") as folder:
        data = Path(folder) / "data"
        command = [
            MQTTOWN,
            "up",
            "--data",
            str(data),
            "--speed",
            str(SPEED),
            "--http-port",
            "0",
            "--mqtt-port",
            "0",
            "--ws-port",
            "0",
        ]
        process = subprocess.Popen(  # noqa: ASYNC220  before anything else runs here
            command, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        try:
            assert process.stdout is not None
            while not (line := await asyncio.to_thread(process.stdout.readline)).startswith("ready "):
                if not line:
                    raise SystemExit("the town did not start")
            running = {name: json.loads((data / f"{name}.json").read_text(encoding="utf-8")) for name in ("running", "secrets")}
            yield running
        finally:
            process.send_signal(signal.SIGINT)
            await asyncio.to_thread(process.wait, 30)
            process.stdout.close()


async def run(pairs: int, names: list[str]) -> list[dict[str, Any]]:
    """All attacks, one after the other, in one town."""
    async with a_town() as known:
        running, secrets = known["running"], known["secrets"]
        port, numbers = running["mqtt_port"], itertools.count(1)
        client = await RawClient.open("127.0.0.1", port)
        assert await client.connect("cli~ear", secrets["services"]["cli"]) == 0
        await client.subscribe(topics.world(TOWN, "clock"))
        await client.subscribe(topics.service_out(TOWN, "orchestrator", "metrics"))
        ear = Ear(client)
        listening = asyncio.create_task(ear.listen())
        headers = {"Authorization": f"Bearer {secrets['tokens']['operator']}"}
        async with httpx.AsyncClient(base_url=running["api"], headers=headers, timeout=30) as operator:

            async def crowd(count: int) -> list[Agent]:
                made = []
                for _ in range(count):
                    name = f"hostile-{next(numbers)}"
                    answer = await operator.post("/agents", json={"id": name, "district": DISTRICT})
                    made.append(Agent(name, answer.raise_for_status().json()["password"], port))
                return made

            pids = {name: pid for name, pid in running["pids"].items() if name in {"orchestrator", "gate", "memory"}}
            pids["nats-server"] = child_of(running["pids"]["gate"])
            await ear.until(ear.tick + 20)
            results = []
            for name in names:
                results.append(await measure(name, ATTACKS[name], ear, crowd, pids, pairs))
                sys.stdout.write(json.dumps(results[-1]) + "\n")
                sys.stdout.flush()
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        await client.close()
        return results


def table(results: list[dict[str, Any]], pairs: int) -> str:
    """As Markdown."""
    head = (
        "| an agent that | tick done after, without, ms | with, ms | median difference, ms (spread) | "
        "growth of orchestrator, gate, NATS, memory, MiB | longest queues |"
    )
    how = (
        f"{pairs} pairs of windows of {TICKS} ticks with and without the attack, in turns, ten ticks a second, 25 residents, on "
        f"{os.cpu_count()} cores that attacker and town share. {time.strftime('%Y-%m-%d')}."
    )
    lines = [how, "", head, "|---|--:|--:|--:|---|---|"]
    for one in results:
        grown = ", ".join(f"{one['grown_mib'][part]:+.1f}" for part in ("orchestrator", "gate", "nats-server", "memory"))
        queues = ", ".join(f"{name} {depth}" for name, depth in one["queues"].items() if depth) or "none"
        spread = f"{one['difference_ms']:+.2f} ({one['smallest_ms']:+.2f} to {one['largest_ms']:+.2f})"
        lines.append(f"| {one['attack']} | {one['without_ms']:.2f} | {one['with_ms']:.2f} | {spread} | {grown} | {queues} |")
    return "\n".join(lines)


def main() -> None:
    """Run, print, and write into BENCHMARKS.md if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=8)
    parser.add_argument("--only", choices=list(ATTACKS), action="append")
    parser.add_argument("--write", action="store_true", help="write the table into BENCHMARKS.md")
    chosen = parser.parse_args()
    found = table(asyncio.run(run(chosen.pairs, chosen.only or list(ATTACKS))), chosen.pairs)
    sys.stdout.write(found + "\n")
    if chosen.write:
        page = ROOT / "BENCHMARKS.md"
        text = page.read_text(encoding="utf-8")
        pattern = re.compile(f"{MARKS[0]}.*?{MARKS[1]}", re.DOTALL)
        page.write_text(pattern.sub(lambda _: f"{MARKS[0]}\n{found}\n\n{MARKS[1]}", text), encoding="utf-8")


if __name__ == "__main__":
    main()
