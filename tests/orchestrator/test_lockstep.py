"""A lockstep town waits for answers, so its history depends on the seed alone."""

import asyncio
import random
from typing import Any

from mqttown_orchestrator.replay import verify

TICKS = 40


async def drive(agent: Any, jitter: random.Random) -> None:
    """Answer each observation with one action that it alone decides."""
    await agent.send("hello", {"lockstep": True})
    while True:
        seen = await agent.expect("in/observation")
        await asyncio.sleep(jitter.random() / 200)
        tick, name = seen["tick"], seen["id"]
        words = {"text": f"{agent.name} at {tick}"}
        await agent.send("action", {"id": name, "action": "say", "parameters": words, "observation_id": name})


async def live(orchestrator: Any, seed: int, jitter: int) -> str:
    process = await orchestrator.spawn(lockstep="true", speed=0, for_ticks=TICKS, seed=seed, lockstep_wait=20)
    assert process.stdout is not None
    await process.stdout.readline()
    people = (await orchestrator.rows("SELECT id, home_district FROM town.agents ORDER BY id"))[::-1]
    agents = [await orchestrator.agent(row["id"], row["home_district"]) for row in people]
    tasks = [asyncio.create_task(drive(agent, random.Random(jitter))) for agent in agents]
    await orchestrator.last_words(process)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    told = await verify(orchestrator.database)
    assert told.ok, told
    assert told.ticks == TICKS
    return told.hash


async def fresh(orchestrator: Any) -> None:
    await orchestrator.rows("DROP SCHEMA town CASCADE")


async def test_the_same_seed_gives_the_same_history(orchestrator: Any) -> None:
    first = await live(orchestrator, 7, 1)
    said = len(await orchestrator.rows("SELECT 1 FROM events WHERE kind = 'said'"))
    assert said > TICKS, "they do talk"
    await fresh(orchestrator)
    assert await live(orchestrator, 7, 2) == first
    await fresh(orchestrator)
    assert await live(orchestrator, 8, 1) != first


async def test_the_first_tick_waits_for_every_hosted_agent(orchestrator: Any) -> None:
    await orchestrator.start(lockstep="true", speed=0)
    aino = await orchestrator.agent("aino", "ranta")
    seen = await aino.hello(lockstep=True)
    again = await aino.hello(lockstep=True)
    assert (seen["tick"], again["tick"]) == (0, 0)


async def test_the_silent_are_waited_for_no_longer_than_allowed(orchestrator: Any) -> None:
    await orchestrator.start(lockstep="true", speed=0, lockstep_wait=0.3)
    people = await orchestrator.rows("SELECT id, home_district FROM town.agents")
    agents = [await orchestrator.agent(row["id"], row["home_district"]) for row in people]
    for agent in agents:
        await agent.send("hello", {"lockstep": True})
    figures = await orchestrator.client("figures", "mqttown/v1/tiny/service/orchestrator/out/metrics")
    told = await figures.expect("out/metrics", lambda told: told["tick"] > 0)
    assert told["lockstep_overdue"] >= len(agents)
