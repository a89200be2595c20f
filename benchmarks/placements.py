"""What a resident costs inline, in a container and outside: memory, start, processor time. One town, most of it inline.

`python benchmarks/placements.py [--residents 1000] [--containers 20] [--outside 5] [--seconds 60] [--write]`, as root, with an
engine at MQTTOWN_DOCKER (else where Docker's client looks). Loopback only.
"""

import argparse
import asyncio
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import asyncpg
import docker
import psutil

from mqttown_agents.population import known_in_town
from mqttown_broker.credentials import hash_key, make_key
from mqttown_cli.ask import ask
from mqttown_cli.folder import DataFolder
from mqttown_dashboard.model_keys import seal
from mqttown_runtime.supervision.register import Register
from mqttown_runtime.supervision.spec import Spec

ROOT: Final = Path(__file__).parent.parent
MQTTOWN: Final = str(Path(sys.executable).parent / "mqttown")
MARKS: Final = ("<!-- placements -->\n", "<!-- end of placements -->\n")
MIB: Final = 1024 * 1024
PATIENCE_SECONDS: Final = 300.0


@dataclass
class Town:
    """A running town, and who lives where.

    Attributes:
        people: of the town, as compiled.
        contained: ids of those in containers.
        outside: processes of those outside.
        starts: seconds from a wish to its fulfilment, by placement.
    """

    folder: DataFolder
    pool: asyncpg.Pool
    client: docker.DockerClient
    compiled: dict[str, Any]
    contained: list[str] = field(default_factory=list)
    outside: list[psutil.Process] = field(default_factory=list)
    starts: dict[str, list[float]] = field(default_factory=lambda: {"inline": [], "docker": [], "outside": []})

    def part(self, name: str) -> psutil.Process:
        """One of the town's own processes."""
        return psutil.Process(self.folder.running()["pids"][name])

    async def key_of(self, agent: str) -> dict[str, Any]:
        """A key of their own for one of the people, and how to come in with it."""
        secret, running = make_key(), self.folder.running()
        told = await ask(self.folder, "key", agent=agent, tag="out", key_hash=hash_key(secret))
        where = {"town": running["town"], "district": told["home_district"], "host": running["host"], "port": running["mqtt_port"]}
        return {"username": f"{agent}~out", "password": secret, **where}


async def until(holds: Callable[[], Awaitable[Any]]) -> float:
    """Wait until something holds; return the seconds that took."""
    began = time.monotonic()
    while not await holds():
        if time.monotonic() - began > PATIENCE_SECONDS:
            raise SystemExit("it did not come about in time")
        await asyncio.sleep(0.05)
    return time.monotonic() - began


async def contain(town: Town, register: Register, person: dict[str, Any]) -> None:
    """Move somebody into a container, and see when the town hears them."""
    agent = person["id"]
    credentials = await town.key_of(agent)
    spec = Spec.model_validate({"persona": person, "limits": {"disk_mib": 64}})
    public = await register.seal()
    if public is None:
        raise SystemExit("the jailer has not come up")
    await register.wish(agent, spec, handover=seal(json.dumps(credentials), public, f"handover {agent}"))
    town.contained.append(agent)
    online = "SELECT online FROM runtime.residents WHERE agent = $1 AND observed = 'running'"
    town.starts["docker"].append(await until(lambda: town.pool.fetchval(online, agent)))


async def put_outside(town: Town, register: Register, person: dict[str, Any]) -> None:
    """Let somebody run as a process of anybody's, and see when the town hears them."""
    await register.wish(person["id"], Spec(persona={"id": person["id"]}))  # elsewhere than inline; nothing starts it without a key
    told = {"mind": "routine", "person": person, "known": known_in_town(town.compiled, person["home"])}
    documents = {
        "resident": {**told, "seed": 1, "talk": True, "lockstep": False},
        "credentials": await town.key_of(person["id"]),
    }
    environment = dict(os.environ)
    for name, document in documents.items():
        place = town.folder.path / f"{person['id']}-{name}.json"
        place.write_text(json.dumps(document), encoding="utf-8")
        environment[f"MQTTOWN_{name.upper()}"] = str(place)
    log = town.folder.path / f"{person['id']}.log"
    with log.open("wb") as out:
        command = [sys.executable, "-m", "mqttown_runtime.resident"]
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=out)  # noqa: ASYNC220  quick
    town.outside.append(psutil.Process(process.pid))

    async def here() -> bool:
        return b"here" in log.read_bytes()

    town.starts["outside"].append(await until(here))


async def cast_anew(town: Town, register: Register, person: dict[str, Any]) -> None:
    """Have somebody who is inline made anew inline."""
    await register.wish(person["id"], Spec(persona=person), placement="inline")
    runs = "SELECT observed = 'running' FROM runtime.residents WHERE agent = $1"
    town.starts["inline"].append(await until(lambda: town.pool.fetchval(runs, person["id"])))


def used(processes: list[psutil.Process]) -> tuple[float, float]:
    """Processor seconds and unshared bytes of processes."""
    times = [process.cpu_times() for process in processes]
    return sum(one.user + one.system for one in times), float(sum(process.memory_full_info().uss for process in processes))


def used_inside(town: Town) -> tuple[float, float]:
    """The same of containers, as the kernel counts for each; files that it could drop are left out."""
    seconds = size = 0.0
    for agent in town.contained:
        seen = town.client.containers.get(f"mqttown.{town.compiled['town']['id']}.{agent}").stats(stream=False, one_shot=True)
        seconds += seen["cpu_stats"]["cpu_usage"]["total_usage"] / 1e9
        counted = seen["memory_stats"]["stats"]
        size += seen["memory_stats"]["usage"] - counted.get("inactive_file", counted.get("total_inactive_file", 0))
    return seconds, size


async def measure(town: Town, seconds: float) -> dict[str, Any]:
    """Look at everybody for a while; processor seconds, bytes, and whether the town kept its pace."""
    parts = {name: [town.part(name)] for name in ("host-1", "doorkeeper", "jailer", "orchestrator")} | {"outside": town.outside}

    async def look() -> tuple[float, dict[str, tuple[float, float]], int]:
        seen = {name: used(processes) for name, processes in parts.items()}
        seen["docker"] = await asyncio.to_thread(used_inside, town)
        return time.monotonic(), seen, await town.pool.fetchval("SELECT max(tick) FROM town.ticks")

    began, before, tick = await look()
    await asyncio.sleep(seconds)
    ended, after, last = await look()
    return {
        "seconds": ended - began,
        "ticks": last - tick,
        "spent": {name: after[name][0] - before[name][0] for name in after},
        "size": {name: after[name][1] for name in after},
        "online": await town.pool.fetchval(
            "SELECT count(*) FROM runtime.residents WHERE online AND agent = ANY($1)", town.contained
        ),
        "acted": await town.pool.fetchval("SELECT count(DISTINCT agent) FROM actions WHERE tick > $1", tick),
    }


def table(town: Town, found: dict[str, Any], residents: int) -> str:
    """As it stands in BENCHMARKS.md."""
    away = len(town.contained) + len(town.outside)
    counts = {"inline": residents - away, "docker": len(town.contained), "outside": len(town.outside)}
    lines = [
        "| placement | agents | memory an agent | processor, 100 agents | from the wish until it lives |",
        "|---|--:|--:|--:|--:|",
    ]
    for name, count in counts.items():
        key = "host-1" if name == "inline" else name
        share = found["spent"][key] / found["seconds"] * 100 / count
        starts = sorted(town.starts[name])
        begin = f"{statistics.median(starts):.2f} s, at most {starts[-1]:.2f} s"
        lines.append(f"| {name} | {count:,} | {found['size'][key] / MIB / count:.2f} MiB | {share:.1%} of a core | {begin} |")
    beside = ", ".join(
        f"{name} {found['spent'][name] / found['seconds']:.1%} of a core and {found['size'][name] / MIB:.0f} MiB"
        for name in ("doorkeeper", "jailer", "orchestrator")
    )
    lines += [
        "",
        f"Beside them: {beside}. {found['ticks']} ticks in {found['seconds']:.0f} s at one a second; {found['acted']:,} residents",
    ]
    lines[-1] += f" acted in that time; {found['online']} of {counts['docker']} containers were online."
    return "\n".join(lines)


async def run(asked: argparse.Namespace, folder: DataFolder) -> str:
    """Settle everybody, look, and tell."""
    compiled = json.loads(folder.town_file.read_text(encoding="utf-8"))
    url = os.environ.get("MQTTOWN_DOCKER")
    client = docker.DockerClient(base_url=url) if url else docker.from_env()
    async with asyncpg.create_pool(folder.running()["database"], min_size=1, max_size=1) as pool:
        town = Town(folder, pool, client, compiled)
        register = Register(pool)
        people = iter(compiled["people"])
        for _ in range(asked.containers):
            await contain(town, register, next(people))
        for _ in range(asked.outside):
            await put_outside(town, register, next(people))
        for _ in range(5):
            await cast_anew(town, register, next(people))
        try:
            return table(town, await measure(town, asked.seconds), asked.residents)
        finally:
            for process in town.outside:
                process.terminate()
            for wish in await register.all("docker"):
                await register.set_desired(wish.agent, "deleted")
            left = "SELECT count(*) = 0 FROM runtime.hosted WHERE keeper = 'docker'"
            await until(lambda: pool.fetchval(left))
            client.close()


def main() -> None:
    """Measure as asked on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--residents", type=int, default=1000)
    parser.add_argument("--containers", type=int, default=20)
    parser.add_argument("--outside", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--write", action="store_true", help="write the table into BENCHMARKS.md")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        data = Path(place) / "data"
        ports = ("--http-port", "0", "--mqtt-port", "0", "--ws-port", "0")
        command = [MQTTOWN, "up", "--data", str(data), *ports, "--residents", str(asked.residents), "--sandbox"]
        town = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
        try:
            assert town.stdout is not None
            for line in town.stdout:
                sys.stderr.write(line)
                if line.startswith("ready "):
                    break
            found = asyncio.run(run(asked, DataFolder(data)))
        finally:
            town.send_signal(signal.SIGINT)
            town.communicate(timeout=60)
    sys.stdout.write(found + "\n")
    if asked.write:
        page = ROOT / "BENCHMARKS.md"
        pattern = re.compile(f"{MARKS[0]}.*?{MARKS[1]}", re.DOTALL)
        text = page.read_text(encoding="utf-8")
        page.write_text(pattern.sub(lambda _: f"{MARKS[0]}\n{found}\n\n{MARKS[1]}", text), encoding="utf-8")


if __name__ == "__main__":
    main()
