"""A resident with a model on a real broker: host and gateway are processes, the test plays the town, and the provider counts."""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from stub_model import StubModel, calls

from mqttown.link import Address, Link
from mqttown_contract import topics
from mqttown_contract.verbs import VERBS
from mqttown_runtime.gateway.budget import Caps, Holder
from mqttown_runtime.gateway.ledger import Ledger

PROMPTS = Path(__file__).parents[2] / "content" / "prompts"
MODELS = """
version: 1
providers: {{here: {{base_url: "{url}"}}}}
models: {{m: {{provider: here, name: m, context: 4096, price_in: 1000000, price_out: 2000000}}}}
tiers: {{full: [m], small: [m], tiny: [m]}}
"""
AINO, RICH = Holder("agent", "aino"), Caps(total_money=10**9)


class Town:
    """The town's side for Aino: her card, observations, and what she and the gateway say."""

    def __init__(self, name: str, link: Link) -> None:
        self.name = name
        self._link = link
        self._seq = 0

    async def open(self) -> None:
        await self._link.subscribe(topics.agent_out(self.name, "ranta", "aino", "+"), topics.service_out(self.name, "+", "+"))
        card = {"id": "aino", "kind": "hosted"}
        await self._link.publish(topics.agent(self.name, "ranta", "aino", "card"), card, retain=True, qos=1)

    async def until(self, does: str) -> dict[str, Any]:
        """Observe until it shows in what Aino does that a changed budget has come through."""
        for _ in range(30):
            if (action := await self.observe())["reasoning"].startswith(does):
                return action
        raise AssertionError(f"never {does}")

    async def observe(self) -> dict[str, Any]:
        """Show Aino something new, and return the action that she comes to; memory has nothing to say."""
        self._seq += 1
        tick = 340 + 20 * self._seq
        seen = {
            "self": {
                "doing": "idle", "needs": {"energy": 0.9, "food": 0.9, "company": 0.5}, "purse": 100, "inventory": [],
                "home": "rantakatu-1", "job": None, "owns": [],
            },
            "location": {"district": "ranta", "building": "rantakatu-1", "x": 1.0, "y": 1.0, "here": None, "nearby": []},
            "visible_agents": [], "messages": [],
            "environment": {"time_of_day": "noon", "weather": "clear", "events": [], "items": []},
        }  # fmt: skip
        offered = [{"action": verb, "description": verb, "parameters": VERBS[verb].schema} for verb in ("move_to", "wait")]
        message = {
            "v": 1, "id": f"o-{tick}-aino", "generation": 1, "seq": self._seq, "tick": tick, "timestamp": "",
            "town_time": "2026-03-02T12:00:00", "agent_id": "aino", "because": ["ended"], "observation": seen,
            "available_actions": offered, "memory_context": {}, "more": {},
        }  # fmt: skip
        await self._tell("observation", message)
        while True:
            channel, told = await self.next()
            if channel == "memory":
                await self._tell("memory", {"id": told["id"], "memories": []})
            elif channel == "action" and told["observation_id"] == message["id"]:
                return told

    async def next(self) -> tuple[str, Any]:
        async with asyncio.timeout(30):
            async for message in self._link:
                return topics.parse(message.topic).channel, message.json()
        raise AssertionError("the connection was closed")

    async def _tell(self, channel: str, message: dict[str, Any]) -> None:
        await self._link.publish(topics.agent_in(self.name, "ranta", "aino", channel), message)


@contextlib.asynccontextmanager
async def running(module: str, **settings: str) -> AsyncIterator[None]:
    environment = {**os.environ, **{f"MQTTOWN_{name}": value for name, value in settings.items()}}
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", module, env=environment, stdout=asyncio.subprocess.PIPE)
    try:
        if module.endswith("gateway"):
            assert process.stdout is not None
            assert (await process.stdout.readline()).startswith(b"ready ")
        yield
    finally:
        process.terminate()
        await process.wait()


@pytest.fixture
async def stub() -> AsyncIterator[StubModel]:
    def think(body: Any) -> dict[str, Any]:
        if body["tools"][0]["function"]["name"] == "plan":
            return calls("plan", {"steps": [{"at": "12:00", "what": "walk"}]})
        return calls("move_to", {"to": "puisto"}, tokens_in=500, tokens_out=100)

    async with StubModel(reply=think).serving() as serving:
        yield serving


async def test_a_pause_and_a_spent_budget_stop_every_call_and_the_resident_goes_on_as_the_owner_chose(
    stub: StubModel, postgres_url: str, broker_port: int, small_town_file: Path, tmp_path: Path
) -> None:
    name = json.loads(small_town_file.read_text(encoding="utf-8"))["town"]["id"]  # noqa: ASYNC240  small
    models = tmp_path / "models.yaml"
    models.write_text(MODELS.format(url=stub.url), encoding="utf-8")
    shared = {"TOWN": name, "TOWN_FILE": str(small_town_file), "MQTT_PORT": str(broker_port)}
    gateway = {**shared, "DATABASE": postgres_url, "MODELS": str(models)}
    host = {**shared, "HOST_NAME": "host-8", "MODEL_MINDS": "1", "LOCKSTEP": "true", "PROMPTS": str(PROMPTS)}
    address = Address("127.0.0.1", broker_port)
    async with Link(address, f"{name}-town") as link, asyncpg.create_pool(postgres_url, min_size=1) as pool:
        town = Town(name, link)
        await town.open()
        async with running("mqttown_runtime.gateway", **gateway), running("mqttown_runtime", **host):
            while (await town.next())[0] != "hello":
                pass
            await Ledger(pool).allow(AINO, RICH)
            action = await town.until("as a model thought")
            assert (action["action"], action["parameters"]) == ("move_to", {"to": "puisto"})

            async def stops(caps: Caps, does: str) -> None:
                await Ledger(pool).allow(AINO, caps)
                await town.until(does)
                asked = len(stub.asked)
                assert (await town.observe())["reasoning"].startswith(does)
                assert (await town.observe())["reasoning"].startswith(does)
                assert len(stub.asked) == asked

            await stops(Caps(total_money=10**9, paused=True), "asleep")
            await stops(Caps(total_money=10**9, paused=True, when_spent="routine"), "by routine, no budget")
            await Ledger(pool).allow(AINO, RICH)
            await town.until("as a model thought")
            await stops(Caps(total_money=stub.cost + 1, when_spent="routine"), "by routine, no budget")
            rows = await pool.fetch("SELECT state, cost FROM runtime.calls WHERE agent = 'aino'")
            told = sum(row["cost"] for row in rows if row["state"] == "done")
            # On a busy machine a call may have been given up, and counts as its bound; else the two are one.
            assert told <= stub.cost <= sum(row["cost"] for row in rows)
