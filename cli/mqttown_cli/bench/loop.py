"""`mqttown bench loop`: a whole town at work for a crowd of real connections, tick by tick."""

import asyncio
import hashlib
import json
import multiprocessing
import secrets
import statistics
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from itertools import pairwise
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import asyncpg
import uvloop

from mqttown.link import Address, Link
from mqttown_cli.bench.crowd import Agent, Crowd, Measured
from mqttown_cli.content.compile import compile_town, find_town
from mqttown_cli.folder import DataFolder
from mqttown_cli.ports import choose_ports
from mqttown_cli.postgres import EmbeddedPostgres
from mqttown_cli.supervisor import Part, Supervisor
from mqttown_contract import topics
from mqttown_contract.messages import Answer

__all__ = ["bench_loop"]

WARM_UP_TICKS: Final = 10
SERVICES: Final = ("orchestrator", "cli")
Tell = Callable[[str], None]


def bench_loop(agents: int, ticks: int, detail: str, tell: Tell) -> dict[str, Any]:
    """Measure the loop.

    Broker, gate, orchestrator and PostgreSQL run as `mqttown up` runs them; the crowd is a process of its own. Lockstep: a tick
    starts when everybody has answered, so a tick's length is what the whole loop costs. Memory, minds and page are left out.

    Args:
        agents: real MQTT connections, one each.
        ticks: measured, after the warm-up.
        detail: of the observations, `full` or `brief`.
        tell: called with a line of progress.

    Returns:
        name, agents, median_s and p99_s of a tick, per_second (verdicts), accepted_share, verdict_p99_ms after the tick began,
        observation_bytes (mean), cpu_s by process, settings, phases_ms (median of each phase of a tick in the orchestrator).
    """
    return uvloop.run(_bench(agents, ticks, detail, tell))


async def _bench(agents: int, ticks: int, detail: str, tell: Tell) -> dict[str, Any]:
    async with AsyncExitStack() as stack:
        folder = DataFolder(Path(stack.enter_context(TemporaryDirectory(prefix="mqttown-bench-")))).make()
        homes = _prepare_town(folder, agents)
        ports = choose_ports("127.0.0.1", {"--mqtt-port": 0, "--ws-port": 0})
        server = stack.enter_context(EmbeddedPostgres(folder.postgres))
        supervisor = Supervisor(folder.logs, tell)
        stack.push_async_callback(supervisor.stop)
        tell("starting broker and orchestrator")
        await _start(folder, supervisor, server.url, ports)
        tell(f"registering {agents} agents")
        crowd = await _register(folder, ports["--mqtt-port"], homes)
        here, there = multiprocessing.get_context("spawn").Pipe()
        process = multiprocessing.get_context("spawn").Process(
            target=_live, args=(there, ports["--mqtt-port"], crowd, detail), daemon=True
        )
        process.start()
        there.close()  # so that the crowd's end is the end of the pipe
        stack.callback(process.kill)
        tell(f"connecting {agents} agents")
        await _said(here, "connected")
        pids = {**supervisor.pids(), "postgres": server.process.pid if server.process else 0, "crowd": process.pid or 0}
        database = await asyncpg.connect(server.url)
        stack.push_async_callback(database.close)
        await _command(folder, ports["--mqtt-port"], [("speed", {"speed": 0})])
        first = await _wait_for_tick(database, await _newest(database) + WARM_UP_TICKS)
        before = _cpu_seconds(pids)
        tell(f"measuring {ticks} ticks")
        last = await _wait_for_tick(database, first + ticks)
        after = _cpu_seconds(pids)
        phases = await _phases(folder, ports["--mqtt-port"])
        here.send("stop")
        measured: Measured = await _said(here, "measured")
        rows = await database.fetch(
            "SELECT tick, wall, step_ms FROM town.ticks WHERE tick BETWEEN $1 AND $2 ORDER BY tick", first, last
        )
        return _result(agents, detail, measured, rows, {name: after[name] - before[name] for name in pids}) | {"phases_ms": phases}


def _result(agents: int, detail: str, measured: Measured, rows: list[Any], cpu: dict[str, float]) -> dict[str, Any]:
    began = {row["tick"]: row["wall"].timestamp() - row["step_ms"] / 1000 for row in rows}
    starts = list(began.values())
    lengths = [after - before for before, after in pairwise(starts)]
    answered = sorted(now - began[tick] for _, tick, now in measured.answers if tick in began)
    judged = sum(measured.codes.values())
    return {
        "name": "loop",
        "agents": agents,
        "median_s": round(statistics.median(lengths), 4),
        "p99_s": round(_percentile(sorted(lengths), 0.99), 4),
        "per_second": round(len(answered) / (starts[-1] - starts[0]), 1),
        "accepted_share": round(measured.codes.get("accepted", 0) / judged, 4),
        "codes": dict(sorted(measured.codes.items())),
        "verdict_median_ms": round(statistics.median(answered) * 1000, 1),
        "verdict_p99_ms": round(_percentile(answered, 0.99) * 1000, 1),
        "observation_bytes": round(measured.observation_bytes / max(measured.observations, 1)),
        "step_median_ms": round(statistics.median(row["step_ms"] for row in rows), 1),
        "cpu_s": {name: round(seconds, 2) for name, seconds in cpu.items()},
        "settings": {
            "detail": detail,
            "ticks": len(lengths),
            "speed": 0,
            "lockstep": True,
            "plan": "load",
            "mix": "40 % say, 40 % move_to",
        },
    }


def _prepare_town(folder: DataFolder, agents: int) -> list[str]:
    """Write the compiled town without residents; returns the home of each agent, spread as residents are."""
    town = compile_town(find_town("helsinki"), agents, 1)
    homes = [person["home"] for person in town["people"]]
    folder.town_file.write_text(json.dumps({**town, "people": []}), encoding="utf-8")
    return homes


async def _start(folder: DataFolder, supervisor: Supervisor, database: str, ports: dict[str, int]) -> None:
    keys = folder.secrets(SERVICES)["services"]
    shared = {
        "MQTTOWN_DATA": str(folder.path),
        "MQTTOWN_DATABASE": database,
        "MQTTOWN_TOWN": "helsinki",
        "MQTTOWN_TOWN_FILE": str(folder.town_file),
        "MQTTOWN_MQTT_HOST": "127.0.0.1",
        "MQTTOWN_MQTT_PORT": str(ports["--mqtt-port"]),
        "MQTTOWN_WS_PORT": str(ports["--ws-port"]),
        "MQTTOWN_LOCKSTEP": "true",
    }
    await supervisor.start(Part("gate", "mqttown_broker", {**shared, "MQTTOWN_SERVICE_KEYS": json.dumps(keys)}))
    await supervisor.start(
        Part("orchestrator", "mqttown_orchestrator", {**shared, "MQTTOWN_SERVICE_KEY": keys["orchestrator"]}, rank=1)
    )


async def _register(folder: DataFolder, port: int, homes: list[str]) -> list[Agent]:
    keys = [secrets.token_urlsafe(32) for _ in homes]
    commands = [
        (
            "register",
            {
                "agent": f"crowd-{number}",
                "name": f"Crowd {number}",
                "home": home,
                "kind": "external",
                "plan": "load",
                "key_hash": f"sha256:{hashlib.sha256(key.encode()).hexdigest()}",
            },
        )
        for number, (home, key) in enumerate(zip(homes, keys, strict=True))
    ]
    results = await _command(folder, port, commands)
    return [
        Agent(f"crowd-{number}", key, result["home_district"])
        for number, (key, result) in enumerate(zip(keys, results, strict=True))
    ]


async def _command(folder: DataFolder, port: int, commands: list[tuple[str, dict[str, Any]]]) -> list[dict[str, Any]]:
    """Send commands all at once and await their answers."""
    key = folder.secrets(SERVICES)["services"]["cli"]
    answers: dict[str, Answer] = {}
    batch = secrets.token_hex(4)  # the town remembers the ids of commands
    link = Link(Address(port=port), f"cli~{batch}", key)
    await link.subscribe(topics.service_in("helsinki", "cli", "answer"))
    async with asyncio.timeout(120), link:
        for number, (command, parameters) in enumerate(commands):
            message = {"id": f"{batch}-{number}", "command": command, "parameters": parameters}
            await link.publish(topics.service_out("helsinki", "cli", "command"), message)
        async for incoming in link:
            answer = Answer.model_validate_json(incoming.payload)
            answers[answer.id or ""] = answer
            if len(answers) == len(commands):
                break
    refused = [answer.detail for answer in answers.values() if answer.status == "rejected"]
    if refused:
        raise RuntimeError(f"{len(refused)} commands were refused: {refused[0]}")
    return [answers[f"{batch}-{number}"].result for number in range(len(commands))]


async def _phases(folder: DataFolder, port: int) -> dict[str, float]:
    """Medians of the phases of a tick, ms, as the orchestrator tells them of its newest ticks."""
    link = Link(Address(port=port), f"cli~{secrets.token_hex(4)}", folder.secrets(SERVICES)["services"]["cli"])
    await link.subscribe(topics.service_out("helsinki", "orchestrator", "metrics"))
    async with asyncio.timeout(30), link:
        async for incoming in link:
            figures = json.loads(incoming.payload)
            return {
                name.removesuffix("_ms"): told["p50"] for name, told in figures.items() if isinstance(told, dict) and "p50" in told
            }
    raise RuntimeError("the orchestrator tells no figures")


def _live(pipe: Connection, port: int, agents: list[Agent], detail: str) -> None:
    uvloop.run(_crowd(pipe, port, agents, detail))


async def _crowd(pipe: Connection, port: int, agents: list[Agent], detail: str) -> None:
    crowd = Crowd("127.0.0.1", port, "helsinki", agents, detail=detail, lockstep=True)
    await crowd.connect(lambda _: None)
    crowd.greet()
    pipe.send(("connected", None))
    await _heard(pipe)
    crowd.acting = False
    pipe.send(("measured", crowd.measured))
    crowd.leave()


async def _said(pipe: Connection, word: str) -> Any:
    spoken, value = await _heard(pipe)
    if spoken != word:
        raise RuntimeError(f"the crowd said {spoken}, not {word}")
    return value


async def _heard(pipe: Connection) -> Any:
    # In a thread: an event loop would make the pipe non-blocking, and its messages are longer than it holds.
    return await asyncio.wait_for(asyncio.to_thread(pipe.recv), 300)


async def _newest(database: asyncpg.Connection) -> int:
    return int(await database.fetchval("SELECT coalesce(max(tick), 0) FROM town.ticks"))


async def _wait_for_tick(database: asyncpg.Connection, tick: int) -> int:
    deadline = time.monotonic() + 600
    while (newest := await _newest(database)) < tick:
        if time.monotonic() > deadline:
            raise TimeoutError(f"tick {tick} did not come within 600 s; the newest is {newest}")
        await asyncio.sleep(0.25)
    return newest


def _cpu_seconds(pids: dict[str, int]) -> dict[str, float]:
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


def _percentile(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
