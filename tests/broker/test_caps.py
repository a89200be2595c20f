"""How many connections there may be, how often a wrong key is looked up, and what a key of a narrow scope opens."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from mqttown_broker.bans import Allowance
from mqttown_broker.gate import Gate
from mqttown_broker.limits import Limits
from mqttown_broker.nats import NatsServer
from mqttown_broker.packets import Closed, RawClient
from mqttown_contract import topics

T = "helsinki"
D = "kluuvi"
OUT = topics.agent_out(T, D, "mira", "action")
IN = topics.agent_in(T, D, "mira", "verdict")
NOT_AUTHORISED = 5
"""Return code of MQTT 3.1.1 for "not authorised"."""


class Door:
    """A NATS server with a gate of small limits."""

    def __init__(self, server: NatsServer, gate: Gate) -> None:
        self._server = server
        self.gate = gate
        self._clients: list[RawClient] = []

    async def knock(self, username: str = "", key: str = "") -> int | None:
        """Try to come in; the return code. Who is in stays in."""
        client = await RawClient.open("127.0.0.1", self._server.mqtt_port)
        self._clients.append(client)
        return await client.connect(username, key, client_id=username or f"guest{len(self._clients)}")

    async def leave(self) -> None:
        """The first that came goes."""
        await self._clients.pop(0).close()

    async def close(self) -> None:
        while self._clients:
            await self.leave()


@pytest.fixture
async def door(tmp_path: Path, register: Any, limits: Limits) -> AsyncIterator[Door]:
    server = NatsServer(tmp_path)
    await server.start()
    gate = Gate([server], T, register, limits)
    await gate.start()
    opened = Door(server, gate)
    try:
        yield opened
    finally:
        await opened.close()
        await gate.stop()
        await server.stop()


@pytest.mark.parametrize("limits", [Limits(connections=3)])
async def test_only_so_many_are_connected_but_a_service_always_comes_in(door: Door, register: Any) -> None:
    mira, service = await register.put("mira"), await register.put("orchestrator")
    assert [await door.knock() for _ in range(3)] == [0, 0, 0]
    assert await door.knock() == NOT_AUTHORISED
    assert await door.knock("mira", mira) == NOT_AUTHORISED
    assert await door.knock("orchestrator", service) == 0


@pytest.mark.parametrize("limits", [Limits(address_connections=2)])
async def test_spectators_of_one_address_are_so_many_and_agents_do_not_count(door: Door, register: Any) -> None:
    mira = await register.put("mira")
    assert [await door.knock(), await door.knock(), await door.knock()] == [0, 0, NOT_AUTHORISED]
    assert await door.knock("mira", mira) == 0


@pytest.mark.parametrize("limits", [Limits(agent_connections=2)])
async def test_an_agent_has_so_many_connections_under_all_its_tags(door: Door, register: Any) -> None:
    mira = await register.put("mira")
    assert [await door.knock("mira", mira), await door.knock("mira~pub", mira), await door.knock("mira~log", mira)] == [
        0,
        0,
        NOT_AUTHORISED,
    ]


@pytest.mark.parametrize("limits", [Limits()])
async def test_names_that_nobody_has_are_looked_up_only_so_often(door: Door, register: Any) -> None:
    looked_up = []
    read = register.read

    async def counted(name: str) -> Any:
        looked_up.append(name)
        return await read(name)

    register.read = counted
    register.known = lambda name: register.credentials["mira"] if name == "mira" else None
    door.gate._strangers = Allowance(0.001, 5)  # by itself it is 1,000 at once
    mira = await register.put("mira")
    assert {await door.knock(f"nobody{number}", "wrong") for number in range(8)} == {NOT_AUTHORISED}
    assert looked_up == [f"nobody{number}" for number in range(5)]
    assert await door.knock("mira", mira) == 0, "whoever is in memory costs nothing, and comes in"


@pytest.mark.needs("hostile", "live", "kick")
@pytest.mark.parametrize(("scope", "speaks", "listens"), [("full", True, True), ("listen", False, True), ("speak", True, False)])
async def test_a_key_opens_what_its_scope_says(stage: Any, scope: Any, speaks: bool, listens: bool) -> None:
    key = await stage.register.put("mira", "box", scope=scope)
    orchestrator, otto, box = await stage.login("orchestrator"), await stage.login("otto"), await stage.login("mira~box", key=key)
    assert await orchestrator.subscribe(topics.agent_out(T, D, "+", "action")) == 0
    with contextlib.suppress(Closed):
        await box.subscribe(IN)
    await orchestrator.publish(IN, b"a verdict")
    if listens:
        assert (await box.message())[1] == b"a verdict"
    else:
        with pytest.raises((TimeoutError, Closed)):
            await box.message(1.0)
    with contextlib.suppress(Closed, ConnectionError):
        await box.publish(OUT, b"an action")
    await asyncio.sleep(0.2)  # two connections have no order among them
    await otto.publish(topics.agent_out(T, D, "otto", "action"), b"end")
    assert await orchestrator.until(b"end") == ([OUT] if speaks else [])
