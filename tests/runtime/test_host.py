"""The host as a process on a real broker, with the town's side of the wire played by the test."""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from mqttown.link import Address, Link
from mqttown_contract import topics

DISTRICT = "ranta"


class Town:
    """Plays orchestrator and memory service: answers nothing by itself."""

    def __init__(self, name: str, link: Link) -> None:
        self.name = name
        self._link = link
        self._came: asyncio.Queue[tuple[str, str, Any]] = asyncio.Queue()
        self._kept: list[tuple[str, str, Any]] = []

    async def listen(self) -> None:
        async for message in self._link:
            topic = topics.parse(message.topic)
            if topic.scope == "agent" and topic.direction == "out":
                self._came.put_nowait((str(topic.subject), topic.channel, message.json()))

    async def next(self, agent: str, channel: str) -> Any:
        """What an agent says next on a channel."""
        async with asyncio.timeout(60):
            while True:
                for number, (who, where, payload) in enumerate(self._kept):
                    if (who, where) == (agent, channel):
                        del self._kept[number]
                        return payload
                self._kept.append(await self._came.get())

    async def card(self, agent: str) -> None:
        await self._link.publish(topics.agent(self.name, DISTRICT, agent, "card"), {"id": agent}, retain=True)

    async def tell(self, agent: str, channel: str, message: dict[str, Any]) -> None:
        await self._link.publish(topics.agent_in(self.name, DISTRICT, agent, channel), message)

    async def observe(
        self, agent: str, seq: int, tick: int, *, generation: int = 1, company: bool = False, doing: str = "idle"
    ) -> None:
        other = {"id": "leena", "name": "Leena Virtanen", "doing": "idle"}
        perceived = {
            "self": {
                "doing": doing, "needs": {"energy": 0.9, "food": 0.9, "company": 0.5}, "purse": 100, "inventory": [],
                "home": "rantakatu-1", "job": None, "owns": [],
            },
            "location": {"district": DISTRICT, "building": "rantakatu-1", "x": 1.0, "y": 1.0, "here": None, "nearby": []},
            "visible_agents": [other] if company else [],
            "messages": [],
            "environment": {"time_of_day": "noon", "weather": "clear", "events": [], "items": []},
        }  # fmt: skip
        message = {
            "v": 1, "id": f"o-{tick}-{agent}-{seq}", "generation": generation, "seq": seq, "tick": tick, "timestamp": "",
            "town_time": "2026-03-02T12:00:00", "agent_id": agent, "because": [], "observation": perceived,
            "available_actions": [{"action": verb} for verb in ("move_to", "say", "wait", "sleep")],
            "memory_context": {}, "more": {},
        }  # fmt: skip
        await self.tell(agent, "observation", message)

    async def judge(self, agent: str, action: str, seq: int, *, generation: int = 1, **fields: Any) -> None:
        verdict = {"v": 1, "generation": generation, "seq": seq, "action_id": action, "agent_id": agent, "tick": 3}
        await self.tell(agent, "verdict", verdict | {"status": "accepted", "code": None, "detail": None, "events": []} | fields)

    async def status(self, generation: int) -> None:
        await self._link.publish(topics.world(self.name, "status"), {"status": "online", "generation": generation}, retain=True)


@pytest.fixture
async def town(broker_port: int, small_town_file: Path) -> AsyncIterator[Town]:
    name = json.loads(small_town_file.read_text(encoding="utf-8"))["town"]["id"]  # noqa: ASYNC240  small, and before the test
    async with Link(Address("127.0.0.1", broker_port), f"{name}-town") as link:
        played = Town(name, link)
        await link.subscribe(topics.agent_out(name, "+", "+", "+"))
        listening = asyncio.create_task(played.listen())
        yield played
        listening.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await listening


@contextlib.asynccontextmanager
async def hosting(port: int, file: Path, **settings: str) -> AsyncIterator[asyncio.subprocess.Process]:
    environment = {
        **os.environ,
        "MQTTOWN_TOWN_FILE": str(file),
        "MQTTOWN_MQTT_PORT": str(port),
        "MQTTOWN_HOST_NAME": "host-7",
        **settings,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "mqttown_runtime", env=environment, stdout=asyncio.subprocess.PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


async def seat_both(town: Town, process: asyncio.subprocess.Process) -> None:
    """Give both people their cards and answer their hellos; the host is ready then."""
    for agent in ("aino", "otto"):
        await town.card(agent)
    for agent in ("aino", "otto"):
        await town.next(agent, "hello")
        await town.observe(agent, 1, 360)
    assert process.stdout is not None
    async with asyncio.timeout(60):
        assert await process.stdout.readline() == b'ready {"agents": 2}\n'


async def test_every_observation_is_answered_in_lockstep(town: Town, broker_port: int, small_town_file: Path) -> None:
    async with hosting(broker_port, small_town_file, MQTTOWN_LOCKSTEP="true") as process:
        await seat_both(town, process)
        for agent in ("aino", "otto"):
            action = await town.next(agent, "action")
            assert action["observation_id"] == f"o-360-{agent}-1"
        await town.observe("aino", 2, 361, doing="walking")
        assert (await town.next("aino", "action"))["action"] == "wait"


async def test_a_wait_that_changes_nothing_is_held_back_in_live_mode(town: Town, broker_port: int, small_town_file: Path) -> None:
    async with hosting(broker_port, small_town_file) as process:
        await seat_both(town, process)
        await town.next("aino", "action")
        await town.observe("aino", 2, 361, doing="walking")
        await town.observe("aino", 3, 362)
        assert (await town.next("aino", "action"))["observation_id"] == "o-362-aino-3"


async def test_memories_are_asked_for_before_talking(town: Town, broker_port: int, small_town_file: Path) -> None:
    async with hosting(broker_port, small_town_file, MQTTOWN_LOCKSTEP="true") as process:
        await seat_both(town, process)
        await town.next("aino", "action")
        await town.observe("aino", 2, 365, company=True)
        question = await town.next("aino", "memory")
        assert (question["op"], question["tick"]) == ("recall", 365)
        assert "Leena" in question["query"]
        await town.tell("aino", "memory", {"id": question["id"], "memories": []})
        assert (await town.next("aino", "action"))["action"] == "say"


async def test_without_an_answer_of_memory_the_mind_decides_all_the_same(
    town: Town, broker_port: int, small_town_file: Path
) -> None:
    async with hosting(broker_port, small_town_file, MQTTOWN_RECALL_SECONDS="0.3") as process:
        await seat_both(town, process)
        await town.next("aino", "action")
        await town.observe("aino", 2, 365, company=True)
        await town.next("aino", "memory")
        assert (await town.next("aino", "action"))["action"] == "say"


async def test_who_waits_for_memory_decides_on_the_newest_of_what_came_meanwhile(
    town: Town, broker_port: int, small_town_file: Path
) -> None:
    async with hosting(broker_port, small_town_file, MQTTOWN_RECALL_SECONDS="60") as process:
        await seat_both(town, process)
        await town.next("aino", "action")
        await town.observe("aino", 2, 365, company=True)
        question = await town.next("aino", "memory")
        for seq, tick in enumerate(range(366, 370), 3):
            await town.observe("aino", seq, tick)
        await town.tell("aino", "memory", {"id": question["id"], "memories": []})
        assert [(await town.next("aino", "action"))["observation_id"] for _ in range(2)] == ["o-365-aino-2", "o-369-aino-6"]


async def test_an_action_without_a_verdict_is_sent_again_and_with_one_is_not(
    town: Town, broker_port: int, small_town_file: Path
) -> None:
    async with hosting(broker_port, small_town_file) as process:
        await seat_both(town, process)
        judged, unjudged = await town.next("aino", "action"), await town.next("otto", "action")
        await town.judge("aino", judged["id"], 2)
        assert await town.next("otto", "action") == unjudged
        await town.observe("aino", 3, 400)
        assert (await town.next("aino", "action"))["id"] != judged["id"]


async def test_a_gap_or_a_new_generation_is_followed_by_a_hello(town: Town, broker_port: int, small_town_file: Path) -> None:
    async with hosting(broker_port, small_town_file) as process:
        await seat_both(town, process)
        await town.observe("aino", 3, 370)
        assert (await town.next("aino", "hello"))["since_tick"] == 370
        await town.observe("aino", 1, 371)
        await town.status(2)
        for agent in ("aino", "otto"):
            assert (await town.next(agent, "hello"))["session"]


async def test_who_stops_says_so(town: Town, broker_port: int, small_town_file: Path) -> None:
    async with hosting(broker_port, small_town_file) as process:
        await seat_both(town, process)
        process.terminate()
        for agent in ("aino", "otto"):
            assert (await town.next(agent, "status"))["status"] == "offline"
        assert await process.wait() == 0


async def test_without_a_town_file_the_host_says_what_is_wrong() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MQTTOWN_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "mqttown_runtime", env=environment, stderr=asyncio.subprocess.PIPE
    )
    _, error = await process.communicate()
    assert process.returncode == 3
    assert b"town_file" in error
