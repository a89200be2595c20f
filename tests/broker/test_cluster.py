"""Three NATS servers as one broker: what is said at one is heard at the others, and one that dies comes back."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from mqttown_broker.cluster import Cluster
from mqttown_broker.gate import Gate
from mqttown_broker.packets import Closed, RawClient
from mqttown_broker.suite import play
from mqttown_broker.target import Stranger, Target
from mqttown_contract import topics

T, D = "helsinki", "kluuvi"
SERVERS = 3


class Town:
    """The running cluster."""

    def __init__(self, cluster: Cluster, gate: Gate, register: Any, keys: dict[str, str]) -> None:
        self.cluster, self.gate, self.register, self.keys = cluster, gate, register, keys
        self.clients: list[RawClient] = []

    async def login(self, number: int, name: str) -> RawClient:
        client = await RawClient.open("127.0.0.1", self.cluster.servers[number].mqtt_port)
        self.clients.append(client)
        assert await client.connect(name, self.keys[name.partition("~")[0]]) == 0
        return client


@pytest.fixture
async def town(tmp_path: Path, register: Any) -> AsyncIterator[Town]:
    keys = {name: await register.put(name) for name in ("mira", "otto", "orchestrator")}
    cluster = Cluster(tmp_path, "127.0.0.1", [0] * SERVERS, [0] * SERVERS)
    await cluster.start()
    gate = Gate(cluster.servers, T, register)
    await gate.start()
    register.changed = gate.review
    await cluster.until_open(gate)
    keeping = asyncio.create_task(cluster.keep(gate))
    running = Town(cluster, gate, register, keys)
    yield running
    await asyncio.gather(*(client.close() for client in running.clients))
    keeping.cancel()
    await asyncio.wait({keeping})
    await gate.stop()
    await cluster.stop()


async def test_what_is_said_at_one_is_heard_at_all_and_retained_for_newcomers(town: Town) -> None:
    orchestrator = await town.login(0, "orchestrator")
    mira, otto = await town.login(1, "mira"), await town.login(2, "otto")
    assert await orchestrator.subscribe(topics.agent_out(T, "+", "+", "hello")) == 0
    for agent, name in ((mira, "mira"), (otto, "otto")):
        assert await agent.subscribe(topics.agent_in(T, D, name, "+")) == 0
        await agent.publish(topics.agent_out(T, D, name, "hello"), name.encode(), qos=1)
        await orchestrator.until(name.encode())
        await orchestrator.publish(topics.agent_in(T, D, name, "notice"), b"for you alone")
        await agent.until(b"for you alone")
    await orchestrator.publish(topics.world(T, "status"), b"kept", qos=1, retain=True)
    for number in range(SERVERS):
        late = await town.login(number, f"mira~late{number}")
        assert await late.subscribe(topics.world(T, "status")) == 0
        assert (await late.message())[1] == b"kept"


async def test_a_client_id_is_one_over_all_servers(town: Town) -> None:
    first = await town.login(0, "mira")
    await asyncio.sleep(1.1)  # a server holds back who comes again sooner
    await town.login(1, "mira")
    await asyncio.wait_for(first.closed.wait(), 5)


async def test_a_ban_and_a_revoked_key_end_connections_at_all_servers(town: Town) -> None:
    miras = [await town.login(number, f"mira~{number}") for number in range(SERVERS)]
    ottos = [await town.login(number, f"otto~{number}") for number in range(SERVERS)]
    await town.gate.cut_off("mira", "a test")
    await asyncio.wait_for(asyncio.gather(*(mira.closed.wait() for mira in miras)), 2)
    assert not any(otto.closed.is_set() for otto in ottos)
    for server in town.cluster.servers:
        client = await RawClient.open("127.0.0.1", server.mqtt_port)
        town.clients.append(client)
        assert await client.connect("mira", town.keys["mira"]) == 5
    await town.register.revoke("otto")
    await asyncio.wait_for(asyncio.gather(*(otto.closed.wait() for otto in ottos)), 2)


async def test_a_killed_server_comes_back_and_the_others_stay(town: Town) -> None:
    stays, falls = await town.login(0, "otto"), await town.login(1, "mira")
    before = town.cluster.servers[1].server_id
    os.kill(town.cluster.servers[1].pid, signal.SIGKILL)
    await asyncio.wait_for(falls.closed.wait(), 5)
    again = await _comes_back(town, 2, "mira")  # at another server
    assert await again.subscribe(topics.agent_in(T, D, "mira", "+")) == 0
    back = await _comes_back(town, 1, "orchestrator")
    assert town.cluster.servers[1].server_id != before
    await back.publish(topics.agent_in(T, D, "mira", "notice"), b"from the one that was dead")
    await again.until(b"from the one that was dead")
    assert not stays.closed.is_set()
    assert town.gate.live() == 3


async def _comes_back(town: Town, number: int, name: str) -> RawClient:
    """Try until let in, as a client does."""
    async with asyncio.timeout(30):
        while True:
            with contextlib.suppress(OSError, Closed, TimeoutError):
                client = await RawClient.open("127.0.0.1", town.cluster.servers[number].mqtt_port)
                town.clients.append(client)
                if await client.connect(name, town.keys[name]) == 0:
                    return client
            await asyncio.sleep(1.1)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(SERVERS))
async def test_the_grants_hold_at_each_server(town: Town, number: int) -> None:
    mira, otto = (Stranger(name, town.keys[name], D) for name in ("mira", "otto"))
    target = Target("127.0.0.1", town.cluster.servers[number].mqtt_port, T, town.keys["orchestrator"], mira, otto)
    assert {found.case: found.problem for found in await play(target) if found.problem} == {}


async def test_all_killed_at_once_come_back_with_what_is_retained(town: Town) -> None:
    orchestrator = await town.login(0, "orchestrator")
    await orchestrator.publish(topics.world(T, "status"), b"kept", qos=1, retain=True)
    for server in town.cluster.servers:
        os.kill(server.pid, signal.SIGKILL)
    await asyncio.wait_for(orchestrator.closed.wait(), 5)
    late = await _comes_back(town, 2, "mira")
    assert await late.subscribe(topics.world(T, "status")) == 0
    assert (await late.message())[1] == b"kept"
