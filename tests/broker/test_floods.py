"""Floods of bounded size: who publishes, connects or reconnects far above its plan is cut off, and nobody else is."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from mqttown_broker.bans import Allowance, Bans
from mqttown_broker.packets import Closed
from mqttown_contract import topics

T = "helsinki"
D = "kluuvi"
OUT = topics.agent_out(T, D, "mira", "action")
FOREIGN = topics.agent_out(T, D, "otto", "action")


class Time:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_a_ban_doubles_and_is_forgiven() -> None:
    time = Time()
    bans = Bans(time)
    assert bans.ban("mira") == 10
    time.now += 4
    assert bans.left("mira") == 6
    assert bans.left("otto") == 0
    time.now += 100
    assert bans.left("mira") == 0
    assert bans.ban("mira") == 20
    assert [bans.ban("mira") for _ in range(10)][-1] == 3_600
    time.now += 2 * 3_600 + 1
    assert bans.forget() == ["mira"]
    assert bans.ban("mira") == 10
    assert bans.total == 13


def test_an_allowance_leaks() -> None:
    time = Time()
    allowance = Allowance(rate=2, burst=10, clock=time)
    assert allowance.take("mira", 10)
    assert not allowance.take("mira")
    assert allowance.take("otto")
    time.now += 3
    assert allowance.take("mira", 6)
    assert not allowance.take("mira", 1)
    time.now += 100
    allowance.forget()
    assert not allowance._levels


@pytest.fixture
async def town(stage: Any) -> AsyncIterator[Any]:
    """The stage, if its broker cuts floods off."""
    if stage.name not in {"nats", "mosquitto"}:
        pytest.skip(f"documented: {stage.name} is not watched by the gate")
    return stage


async def flood(client: Any, topic: str, messages: int, payload: bytes = b"{}") -> None:
    """Publish as fast as it goes until cut off."""
    with contextlib.suppress(ConnectionError, Closed):
        for number in range(messages):
            await client.publish(topic, payload)
            if number % 500 == 0:
                await asyncio.sleep(0)
            if client.closed.is_set():
                return


async def test_who_floods_is_ended_and_kept_out_and_nobody_else(town: Any) -> None:
    mira, phone, otto = await town.login("mira"), await town.login("mira~pub"), await town.login("otto")
    flooding = asyncio.create_task(flood(mira, OUT, 40_000))
    await asyncio.wait_for(mira.closed.wait(), 15)
    await asyncio.wait_for(phone.closed.wait(), 5)
    await flooding
    assert await (await town.open()).connect("mira", town.keys["mira"]) == 5
    assert not otto.closed.is_set()
    orchestrator = await town.login("orchestrator")
    assert await orchestrator.subscribe(topics.agent_out(T, D, "otto", "+")) == 0
    await otto.publish(FOREIGN, b"still heard")
    assert (await orchestrator.message())[1] == b"still heard"


async def test_a_flood_that_is_dropped_is_a_flood_all_the_same(town: Any) -> None:
    if town.name == "mosquitto":
        pytest.skip("documented: Mosquitto does not tell who publishes what it drops")
    mira = await town.login("mira")
    flooding = asyncio.create_task(flood(mira, FOREIGN, 40_000))
    await asyncio.wait_for(mira.closed.wait(), 15)
    await flooding


async def test_bytes_count_too(town: Any) -> None:
    mira = await town.login("mira")
    flooding = asyncio.create_task(flood(mira, OUT, 600, b"x" * 60_000))
    await asyncio.wait_for(mira.closed.wait(), 15)
    await flooding


async def test_a_service_may_speak_for_many(town: Any) -> None:
    host, orchestrator = await town.login("host-1"), await town.login("orchestrator")
    assert await orchestrator.subscribe(topics.agent_out(T, D, "mira", "hello")) == 0
    await flood(host, OUT, 5_000)
    await asyncio.sleep(2.5)  # two looks of the gate
    await host.publish(topics.agent_out(T, D, "mira", "hello"), b"end")
    assert await orchestrator.until(b"end") == []
    assert not host.closed.is_set()


async def test_who_comes_again_and_again_is_kept_out(town: Any) -> None:
    codes = []
    for number in range(60):
        client = await town.open()
        with contextlib.suppress(ConnectionError, TimeoutError):
            codes.append(await client.connect(f"mira{'~pub' if number % 2 else ''}", town.keys["mira"]))
        client.cut()
        if codes[-1:] == [5]:
            break
    assert codes[:10] == [0] * 10
    assert codes[-1] == 5
    await town.login("otto")


async def test_connections_of_one_agent_are_counted(stage: Any) -> None:
    if stage.name != "nats":
        pytest.skip("documented: on Mosquitto an agent has one connection a user name; amqtt counts none")
    live = [await stage.login(f"mira~c{number}") for number in range(8)]
    assert await (await stage.open()).connect("mira", stage.keys["mira"]) == 5
    live[0].cut()
    for _ in range(100):  # the server tells the gate in its own time
        if stage.gate.live("mira") == 7:
            break
        await asyncio.sleep(0.05)
    await stage.login("mira")


async def test_a_half_open_connection_is_closed(stage: Any) -> None:
    if stage.name != "nats":
        pytest.skip("documented: only with NATS the gate says how long a CONNECT may be awaited")
    silent, slow = await stage.open(), await stage.open()
    silent.listen()
    slow.listen()
    slow.send_bytes(b"\x10\x20\x00\x04MQ")
    await asyncio.wait_for(asyncio.gather(silent.closed.wait(), slow.closed.wait()), 15)


@pytest.mark.parametrize(
    "junk", [b"\x00" * 64, b"GET / HTTP/1.1\r\n\r\n", b"\xff\xff\xff\xff\xff\xff", b'CONNECT {"user":"mira"}\r\nPING\r\n']
)
async def test_junk_before_connect_ends_that_connection_alone(stage: Any, junk: bytes) -> None:
    if stage.name == "amqtt":
        pytest.skip("documented: amqtt is for trusted agents")
    otto, rude = await stage.login("otto"), await stage.open()
    rude.listen()
    rude.send_bytes(junk)
    await asyncio.wait_for(rude.closed.wait(), 15)
    assert await otto.subscribe(topics.world(T, "clock")) == 0


async def test_who_does_not_read_is_cut_off_and_costs_little(stage: Any, tmp_path: Path) -> None:
    if stage.name not in {"nats", "mosquitto"}:
        pytest.skip("documented: only our own brokers are told how much to keep")
    slow, orchestrator = await stage.login("mira"), await stage.login("orchestrator")
    assert await slow.subscribe(topics.agent_in(T, D, "mira", "+")) == 0
    assert slow._pump is not None
    slow._pump.cancel()  # reads no more
    before = _resident(stage.server.pid)
    for _ in range(2_000):
        await orchestrator.publish(topics.agent_in(T, D, "mira", "observation"), b"x" * 60_000)
    assert await orchestrator.subscribe(topics.world(T, "clock")) == 0
    assert _resident(stage.server.pid) - before < 110 * 1024 * 1024  # 120 MB were sent; the rest is what a broker grows by in work
    if stage.name == "nats":  # Mosquitto drops what is too much for it instead
        for _ in range(200):  # the server tells the gate in its own time
            if stage.gate.live("mira") == 0:
                break
            await asyncio.sleep(0.05)
        assert stage.gate.live("mira") == 0, "it is cut off"


def _resident(process: int) -> int:
    """Bytes of memory that a process holds."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * 4096
