"""The gateway as a process: a hosted agent thinks over the broker, somebody else can't, and a changed budget holds at once."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from cryptography.fernet import Fernet
from stub_model import StubModel, says

from mqttown.link import Address, Link
from mqttown_contract import topics
from mqttown_contract.messages import Command, Thought
from mqttown_runtime.gateway.budget import Budgets, Caps, Holder
from mqttown_runtime.gateway.keys import KeyLost, Keys
from mqttown_runtime.gateway.ledger import Ledger

TOWN = "thinking"
MODELS = """
version: 1
providers: {{here: {{base_url: "{url}"}}}}
models: {{m: {{provider: here, name: m, context: 4096, price_in: 1000000, price_out: 1000000}}}}
tiers: {{full: [m], small: [m], tiny: [m]}}
"""


@pytest.fixture
async def stub() -> AsyncIterator[StubModel]:
    async with StubModel().serving() as serving:
        yield serving


@pytest.fixture
async def process(
    stub: StubModel, postgres_url: str, broker_port: int, tmp_path: Path
) -> AsyncIterator[asyncio.subprocess.Process]:
    models = tmp_path / "models.yaml"
    models.write_text(MODELS.format(url=stub.url), encoding="utf-8")
    async with asyncpg.create_pool(postgres_url, min_size=1) as pool:
        await Ledger(pool).open(Budgets())
        await Ledger(pool).allow(Holder("agent", "mira"), Caps(total_money=1000))
    environment = {
        **os.environ,
        "MQTTOWN_TOWN": TOWN,
        "MQTTOWN_DATABASE": postgres_url,
        "MQTTOWN_MQTT_PORT": str(broker_port),
        "MQTTOWN_MODELS": str(models),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "mqttown_runtime.gateway", env=environment, stdout=asyncio.subprocess.PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def next_on(link: Link, channel: str) -> Any:
    async with asyncio.timeout(20):
        async for message in link:
            if topics.parse(message.topic).channel == channel:
                return message.json()
    raise AssertionError("the connection was closed")


async def test_a_hosted_agent_thinks_until_its_budget_is_used_up(
    process: asyncio.subprocess.Process, stub: StubModel, postgres_url: str, broker_port: int
) -> None:
    stub.reply = lambda _: says("Yes.", tokens_in=500, tokens_out=300)
    assert process.stdout is not None
    assert (await process.stdout.readline()).startswith(b"ready ")
    async with Link(Address("127.0.0.1", broker_port), "the-town") as link, asyncpg.create_pool(postgres_url, min_size=1) as pool:
        await link.subscribe(topics.agent_in(TOWN, "ranta", "+", "thought"), topics.service_out(TOWN, "gateway", "command"))
        for agent, kind in (("stranger", "external"), ("mira", "hosted")):
            await link.publish(topics.agent(TOWN, "ranta", agent, "card"), {"id": agent, "kind": kind}, qos=1)

        async def think(agent: str, number: int) -> None:
            request = {"id": f"{agent}-{number}", "messages": [{"role": "user", "content": "Well?"}], "max_tokens": 300, "tick": 7}
            await link.publish(topics.agent_out(TOWN, "ranta", agent, "think"), request, qos=1)

        await think("stranger", 1)
        await think("mira", 1)
        told = Command.model_validate(await next_on(link, "command"))
        assert (told.command, told.parameters["agent"], told.parameters["asleep"]) == ("budget", "mira", None)
        thought = Thought.model_validate(await next_on(link, "thought"))
        assert (thought.id, thought.code, thought.message) == ("mira-1", None, {"role": "assistant", "content": "Yes."})
        await think("mira", 2)
        assert Command.model_validate(await next_on(link, "command")).parameters["asleep"] is True
        assert Thought.model_validate(await next_on(link, "thought")).code == "budget"
        await Ledger(pool).allow(Holder("agent", "mira"), Caps(total_money=9000))
        assert Command.model_validate(await next_on(link, "command")).parameters["asleep"] is False
        await think("mira", 3)
        assert Thought.model_validate(await next_on(link, "thought")).id == "mira-3"
        assert len(stub.asked) == 2
        assert json.dumps(stub.asked[0]["messages"]) == '[{"role": "user", "content": "Well?"}]'
        assert await pool.fetchval("SELECT count(*) FROM runtime.calls WHERE agent = 'mira' AND tick = 7") == 2


async def test_an_owner_talks_with_a_hosted_agent_at_its_cost(
    process: asyncio.subprocess.Process, stub: StubModel, postgres_url: str, broker_port: int
) -> None:
    stub.reply = lambda _: says("Well enough.")
    assert process.stdout is not None
    assert (await process.stdout.readline()).startswith(b"ready ")
    async with Link(Address("127.0.0.1", broker_port), "the-portal") as link, asyncpg.create_pool(postgres_url, min_size=1) as pool:
        await Ledger(pool).allow(Holder("agent", "mira"), Caps(total_money=100_000))
        await link.subscribe(topics.service_in(TOWN, "dashboard", "thought"))
        await link.publish(topics.agent(TOWN, "ranta", "mira", "card"), {"id": "mira", "kind": "hosted"}, qos=1)
        request = {"messages": [{"role": "user", "content": "How are you?"}], "max_tokens": 50}
        for number, agent in enumerate(("nobody", "mira")):
            await link.publish(
                topics.service_out(TOWN, "dashboard", "think"), {**request, "id": str(number), "agent": agent}, qos=1
            )
        thought = Thought.model_validate(await next_on(link, "thought"))
        assert (thought.id, thought.message) == ("1", {"role": "assistant", "content": "Well enough."})
        assert await pool.fetchval("SELECT count(*) FROM runtime.calls WHERE agent = 'mira'") == 1


async def test_a_setting_that_can_not_be_meant_ends_it(postgres_url: str, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "MQTTOWN_TOWN": TOWN,
        "MQTTOWN_DATABASE": postgres_url,
        "MQTTOWN_MODELS": str(tmp_path / "none"),
        "MQTTOWN_CASSETTE": str(tmp_path / "tape"),
        "MQTTOWN_ANSWER_CACHE": "5",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "mqttown_runtime.gateway", env=environment, stderr=asyncio.subprocess.PIPE
    )
    _, said = await process.communicate()
    assert process.returncode == 3
    assert b"exclude each other" in said


@pytest.fixture
async def two_secrets(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """The present secret and the former one, with which a key lies encrypted."""
    present, former = (Fernet.generate_key().decode() for _ in range(2))
    async with asyncpg.create_pool(postgres_url, min_size=1) as pool:
        await Ledger(pool).open(Budgets())
        await Keys(pool, [former]).add("anna", "here", "sk-a-key-of-annas")
    monkeypatch.setenv("MQTTOWN_KEY_SECRETS", f"{present},{former}")
    return present, former


async def test_a_new_secret_before_the_former_rotates_owners_keys_at_the_start(
    two_secrets: tuple[str, str], process: asyncio.subprocess.Process, postgres_url: str
) -> None:
    assert process.stdout is not None
    while not (line := await process.stdout.readline()).startswith(b"ready "):
        assert line, "it ended"
    async with asyncpg.create_pool(postgres_url, min_size=1) as pool:
        present, former = two_secrets
        assert await Keys(pool, [present]).plain("anna", "here") == "sk-a-key-of-annas"
        with pytest.raises(KeyLost):
            await Keys(pool, [former]).plain("anna", "here")
