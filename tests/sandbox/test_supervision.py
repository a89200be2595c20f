"""Supervision against a real engine and a real PostgreSQL: nobody is lost, nobody is there twice, and everybody hears why."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from mqttown_dashboard.model_keys import seal
from mqttown_runtime.sandbox.container import Container
from mqttown_runtime.sandbox.engine import Engine
from mqttown_runtime.supervision.register import Register
from mqttown_runtime.supervision.spec import Spec

PATIENT = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print('{}', flush=True)
while True: time.sleep(1)
"""
FOREVER = ("python3", "-c", PATIENT.format("here"))
Row = dict[str, Any]


class Town:
    """A register, an engine, and a jailer that can be killed."""

    def __init__(self, pool: asyncpg.Pool, register: Register, engine: Engine, environment: dict[str, str], log: Path) -> None:
        self.pool, self.register, self.engine = pool, register, engine
        self._environment, self._log = environment, log
        self._jailer: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            command = [sys.executable, "-m", "mqttown_runtime.jailer"]
            self._jailer = subprocess.Popen(command, env={**os.environ, **self._environment}, stdout=log, stderr=log)

    def end(self, number: int = signal.SIGKILL) -> int:
        assert self._jailer is not None
        self._jailer.send_signal(number)
        return self._jailer.wait(20)

    async def row(self, agent: str) -> Row:
        return dict(await self.pool.fetchrow("SELECT * FROM runtime.hosted WHERE agent = $1", agent))

    async def gone(self, agent: str, seconds: float = 30.0) -> None:
        """Wait until nothing is known of an agent any more."""
        end = time.monotonic() + seconds
        while await self.pool.fetchval("SELECT count(*) FROM runtime.hosted WHERE agent = $1", agent):
            assert time.monotonic() < end, await self.row(agent)
            await _moment()

    async def is_(self, agent: str, observed: str, seconds: float = 60.0, **more: Any) -> Row:
        """Wait until an agent is as it should be."""
        end = time.monotonic() + seconds
        while True:
            row = await self.row(agent)
            if row["observed"] == observed and all(row[name] == value for name, value in more.items()):
                return row
            assert time.monotonic() < end, f"{agent} is {row}; {self._log.read_text()[-3000:]}"
            await _moment()

    async def wish(self, agent: str, wanted: Spec, credentials: dict[str, str] | None = None) -> None:
        """Have an agent run; its credentials are sealed for the jailer, once that has said with what."""
        end = time.monotonic() + 30.0
        while (public := await self.register.seal()) is None:
            assert time.monotonic() < end, self._log.read_text()[-3000:]
            await _moment()
        given = None if credentials is None else seal(json.dumps(credentials), public, f"handover {agent}")
        await self.register.wish(agent, wanted, handover=given)

    def container(self, agent: str) -> Container:
        return next(one for one in self.engine.list() if one.agent == agent)


async def _moment() -> None:
    await asyncio.sleep(0.1)


def _unmount(jail: Path) -> None:
    for disk in jail.glob("*/disk"):
        while os.path.ismount(disk):
            subprocess.run(["umount", str(disk)], check=True)


@pytest.fixture
async def town(engine_url: str, image: str, postgres_url: str, tiny_town_file: Path, tmp_path: Path) -> AsyncIterator[Town]:
    name = f"sup-{os.getpid()}-{time.monotonic_ns() % 1_000_000}"
    jail = tmp_path / "jail"
    environment = {
        "MQTTOWN_TOWN": name,
        "MQTTOWN_DATABASE": postgres_url,
        "MQTTOWN_JAIL": str(jail),
        "MQTTOWN_DOCKER": engine_url,
        "MQTTOWN_TOWN_FILE": str(tiny_town_file),
        "MQTTOWN_LOOK_SECONDS": "0.1",
        "MQTTOWN_LOG_SECONDS": "0.5",
    }
    pool = await asyncpg.create_pool(postgres_url, min_size=1, max_size=2)
    register = Register(pool)
    await register.make()
    town = Town(pool, register, Engine(name, url=engine_url), environment, tmp_path / "jailer.log")
    town.start()
    yield town
    town.end()
    for container in town.engine.list():
        town.engine.remove(container.agent)
    _unmount(jail)
    town.engine.close()
    await pool.close()


def spec(*command: str) -> Spec:
    return Spec.model_validate({"command": command, "limits": {"disk_mib": 64}})


async def test_killing_the_jailer_loses_nobody_and_doubles_nobody(town: Town) -> None:
    for agent in ("ann", "ben"):
        await town.wish(agent, spec(*FOREVER), credentials={"username": agent, "password": f"key-of-{agent}"})
    await town.is_("ann", "running")
    before = await town.is_("ben", "running")
    assert before["handover"] is None  # the key is in the cell and nowhere else
    ids = {one.agent: one.id for one in town.engine.list()}
    assert town.end(signal.SIGKILL) == -signal.SIGKILL
    town.engine.client.containers.get(ids["ben"]).kill()  # while nobody looks
    await town.wish("cat", spec(*FOREVER), credentials={"username": "cat", "password": "k"})
    town.start()
    await town.is_("cat", "running")
    ben = await town.is_("ben", "running", starts=2)
    after = {one.agent: one.id for one in town.engine.list()}
    assert {agent: after[agent] for agent in ids} == ids  # the very same containers
    assert set(after) == {"ann", "ben", "cat"}
    assert (await town.row("ann"))["starts"] == 1
    assert len(ben["failures"]) == 1


@pytest.mark.parametrize("runtime", ["runsc", "kata"])
def test_a_runtime_that_the_engine_does_not_have_is_told_at_the_start(
    runtime: str, engine_url: str, postgres_url: str, tiny_town_file: Path, tmp_path: Path
) -> None:
    environment = {
        "MQTTOWN_TOWN": "nowhere",
        "MQTTOWN_DATABASE": postgres_url,
        "MQTTOWN_JAIL": str(tmp_path / "jail"),
        "MQTTOWN_DOCKER": engine_url,
        "MQTTOWN_TOWN_FILE": str(tiny_town_file),
        "MQTTOWN_CONTAINER_RUNTIME": runtime,
    }
    command = [sys.executable, "-m", "mqttown_runtime.jailer"]
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 3, done.stderr  # a restart is of no use
    assert f"MQTTOWN_CONTAINER_RUNTIME is {runtime}, which this Docker Engine does not know; it has: " in done.stderr
    assert "runc" in done.stderr.split("it has: ")[1]
    assert "daemon.json" in done.stderr
    assert not done.stdout


async def test_killed_at_any_moment_of_a_birth(town: Town) -> None:
    for number in range(4):
        await town.wish(f"twin-{number}", spec(*FOREVER), credentials={"username": "t", "password": "k"})
        await asyncio.sleep(0.05 * number)  # somewhere between mounting, making and starting
        town.end(signal.SIGKILL)
        town.start()
    for number in range(4):
        await town.is_(f"twin-{number}", "running")
    assert [one.agent for one in town.engine.list()] == [f"twin-{number}" for number in range(4)]
    assert {one.state for one in town.engine.list()} == {"running"}


async def test_a_crash_loop_is_parked_with_the_reason_and_a_restart_frees_it(town: Town) -> None:
    await town.wish("loop", spec("python3", "-c", "raise SystemExit('no such café')"), credentials={"username": "loop"})
    first = await town.is_("loop", "waiting")
    assert "exit code 1; it wrote last: no such café" in first["reason"]
    # Four more ends would take 15 s of pauses; they are counted as the warden counts them.
    await town.pool.execute(
        "UPDATE runtime.hosted SET failures = array_fill(now(), ARRAY[4]), next_start = now() WHERE agent = 'loop'"
    )
    row = await town.is_("loop", "parked")
    assert row["reason"].startswith("it ended 5 times within ten minutes")
    assert row["log"].decode().splitlines()[-1] == "no such café"
    await town.wish("loop", spec(*FOREVER))
    assert (await town.is_("loop", "running"))["failures"] == []


async def test_whoever_uses_too_much_memory_is_told_so(town: Town) -> None:
    await town.wish("greedy", spec("python3", "-c", "kept = bytearray(b'x') * (700 << 20)"), credentials={"username": "greedy"})
    row = await town.is_("greedy", "waiting")
    assert row["reason"].startswith("it used more than its 512 MiB of memory and was ended")


async def test_pause_resume_restart_update_delete(town: Town, tmp_path: Path) -> None:
    await town.wish("dora", spec(*FOREVER), credentials={"username": "dora", "password": "k"})
    await town.is_("dora", "running")
    first = town.container("dora")
    cell = tmp_path / "jail" / "dora"
    told = json.loads((cell / "config" / "agent.json").read_text())
    assert (told["username"], told["socket"]) == ("dora", "/agent/config/broker.sock")

    assert await town.register.set_desired("dora", "paused")
    await town.is_("dora", "paused")
    assert town.container("dora").state == "paused"
    assert await town.register.set_desired("dora", "running")
    await town.is_("dora", "running", starts=1)
    assert town.container("dora").id == first.id

    assert await town.register.restart("dora")
    await town.is_("dora", "running", starts=2)
    assert town.container("dora").id != first.id

    await town.wish("dora", spec("python3", "-c", PATIENT.format("newer")))
    await town.is_("dora", "running", starts=3)
    end = time.monotonic() + 20
    while b"newer" not in (await town.row("dora"))["log"]:
        assert time.monotonic() < end
        await _moment()

    assert await town.register.set_desired("dora", "deleted")
    await town.gone("dora")
    assert town.engine.list() == []
    assert not cell.exists()
    assert not await town.register.set_desired("dora", "running")


async def test_whoever_the_town_does_not_hear_is_started_anew(town: Town) -> None:
    await town.wish("mute", spec(*FOREVER), credentials={"username": "mute"})
    await town.is_("mute", "running")
    await town.pool.execute(
        "UPDATE runtime.hosted SET silent_since = now() - interval '4 minutes', looked = now() WHERE agent = 'mute'"
    )
    row = await town.is_("mute", "waiting")
    assert row["reason"] == "the town does not hear it, so it was ended to start anew"
    await town.is_("mute", "running", starts=2)
