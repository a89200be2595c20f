"""The engine ends, by order and by force, and comes back: everybody lives again, once."""

import asyncio
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
from mqttown_runtime.sandbox.engine import Engine
from mqttown_runtime.supervision.register import Register
from mqttown_runtime.supervision.spec import Spec

pytestmark = pytest.mark.slow
AGENTS = ("ann", "ben")
FOREVER = "import signal, sys, time\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(0))\nwhile True: time.sleep(1)"


@pytest.fixture
async def register(own_engine: Any, postgres_url: str, tiny_town_file: Path, tmp_path: Path) -> AsyncIterator[Register]:
    """A register that a jailer looks after."""
    environment = {
        "MQTTOWN_TOWN": "phoenix",
        "MQTTOWN_TOWN_FILE": str(tiny_town_file),
        "MQTTOWN_DATABASE": postgres_url,
        "MQTTOWN_JAIL": str(tmp_path / "jail"),
        "MQTTOWN_DOCKER": own_engine.url,
        "MQTTOWN_LOOK_SECONDS": "0.1",
    }
    pool = await asyncpg.create_pool(postgres_url, min_size=1, max_size=1)
    with (tmp_path / "jailer.log").open("ab") as log:
        command = [sys.executable, "-m", "mqttown_runtime.jailer"]
        jailer = subprocess.Popen(command, env={**os.environ, **environment}, stdout=log, stderr=log)  # noqa: ASYNC220
    register = Register(pool)
    await register.make()
    try:
        yield register
        assert jailer.poll() is None, "the jailer outlives the engine"
        for agent in AGENTS:
            await register.set_desired(agent, "deleted")
        await _until(register, lambda wishes: not wishes)
    finally:
        jailer.kill()
        jailer.wait()
        await pool.close()


async def _until(register: Register, holds: Any, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not holds(wishes := await register.all("docker")):
        assert time.monotonic() < end, wishes
        await asyncio.sleep(0.1)


async def test_everybody_lives_again_once(own_engine: Any, register: Register) -> None:
    end = time.monotonic() + 60
    while (public := await register.seal()) is None:
        assert time.monotonic() < end, "no jailer came up"
        await asyncio.sleep(0.1)
    for agent in AGENTS:
        spec = Spec.model_validate({"command": ("python3", "-c", FOREVER), "limits": {"disk_mib": 64}})
        await register.wish(agent, spec, handover=seal(f'{{"username": "{agent}"}}', public, f"handover {agent}"))
    await _until(register, lambda wishes: {wish.observed for wish in wishes} == {"running"})
    before = _containers(own_engine.url)
    for number in (signal.SIGTERM, signal.SIGKILL):
        own_engine.stop(number)
        own_engine.start()
        end = time.monotonic() + 60
        while {state for _, state in _containers(own_engine.url).values()} != {"running"}:
            assert time.monotonic() < end, _containers(own_engine.url)
            await asyncio.sleep(0.1)
    after = _containers(own_engine.url)
    assert {agent: id_ for agent, (id_, _) in after.items()} == {agent: id_ for agent, (id_, _) in before.items()}


def _containers(url: str) -> dict[str, tuple[str, str]]:
    engine = Engine("phoenix", url=url)
    try:
        found = engine.list()
    finally:
        engine.close()
    assert len({one.agent for one in found}) == len(found) == len(AGENTS)
    return {one.agent: (one.id, one.state) for one in found}
