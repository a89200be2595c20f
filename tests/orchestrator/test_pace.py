"""Pause, resume, single step, speed, for so many ticks, and a stop in time."""

import asyncio
import time
from typing import Any

from mqttown_contract import topics


async def test_pause_step_and_resume(orchestrator: Any) -> None:
    await orchestrator.start()
    await orchestrator.command("pause")
    clock = await orchestrator.client("clock", topics.world("tiny", "clock"))
    paused = await clock.expect("clock", lambda told: told["state"] == "paused")
    await orchestrator.command("step", ticks=3)
    await clock.expect("clock", lambda told: told["tick"] == paused["tick"] + 3)
    answer = await orchestrator.command("speed", speed=0)
    assert answer["tick"] == paused["tick"] + 3, "it waits again after its steps"
    await orchestrator.command("resume")
    running = await clock.expect("clock", lambda told: told["state"] == "running")
    assert running["speed"] == 0
    await clock.expect("clock", lambda told: told["tick"] > paused["tick"] + 20)


async def test_for_ticks_at_full_speed(orchestrator: Any) -> None:
    process = await orchestrator.start(speed=0, for_ticks=130)
    await orchestrator.last_words(process)
    assert process.returncode == 0
    snapshots = [row["tick"] for row in await orchestrator.rows("SELECT tick FROM town.snapshots ORDER BY tick")]
    assert snapshots == [0, 60, 120, 130]


async def test_a_slow_town_stops_in_time(orchestrator: Any) -> None:
    await orchestrator.start(speed=1)
    watcher = await orchestrator.client("watcher", topics.world("tiny", "status"))
    await watcher.expect("status", lambda told: told == {"status": "online", "generation": 1})
    began = time.monotonic()
    await orchestrator.stop()
    assert time.monotonic() - began < 2.0
    await watcher.expect("status", lambda told: told == {"status": "offline", "generation": 1})


async def test_one_tick_a_second_is_the_default_speed(orchestrator: Any) -> None:
    await orchestrator.start(speed=60)
    clock = await orchestrator.client("clock", topics.world("tiny", "clock"))
    first = await clock.expect("clock", lambda told: told["tick"] >= 1)
    began = asyncio.get_running_loop().time()
    await clock.expect("clock", lambda told: told["tick"] == first["tick"] + 1)
    assert asyncio.get_running_loop().time() - began < 1.5
