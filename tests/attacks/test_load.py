"""Attacks by number: floods, storms, connections held open, readers that do not read. All bounded, and on loopback."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from mqttown_broker.packets import Closed, RawClient
from mqttown_contract import topics

pytestmark = pytest.mark.town
T, PARK = "helsinki", "kallio"
MIB = 1024 * 1024
Make = Callable[..., Awaitable[Any]]


async def flood(client: RawClient, topic: str, messages: int, payload: bytes, *, retain: bool = False) -> int:
    """Publish as fast as it goes until cut off; returns how many were sent."""
    with contextlib.suppress(Closed, ConnectionError):
        for number in range(messages):
            if client.closed.is_set():
                return number
            await client.publish(topic, payload, retain=retain)
            if number % 200 == 0:
                await asyncio.sleep(0)
    return messages


def resident(process: int) -> int:
    """Bytes of memory that a process holds."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * 4096


def grown(town: Any, before: dict[str, int]) -> dict[str, int]:
    return {name: resident(pid) - before[name] for name, pid in town.running["pids"].items()}


def memory_of(town: Any) -> dict[str, int]:
    return {name: resident(pid) for name, pid in town.running["pids"].items()}


async def cut_off(attacker: Any, knock: Make) -> None:
    await asyncio.wait_for(attacker.client.closed.wait(), 15)
    assert await (await knock()).connect(attacker.name, attacker.key) == 5, "kept out for a while"


@pytest.mark.effects("waited")
async def test_a_flood_of_actions(town: Any, rogue: Make, knock: Make, journal: Any) -> None:
    """Send 20,000 actions as fast as the network takes them.

    The broker cuts the agent off and keeps it out; the journal got no more than its burst, and no process grew by 64 MiB.
    """
    attacker, before = await rogue(), memory_of(town)
    action = orjson.dumps({"id": "same", "action": "wait", "parameters": {}})
    sending = asyncio.create_task(flood(attacker.client, attacker.out("action"), 20_000, action))
    await cut_off(attacker, knock)
    await sending
    assert len(await journal.actions(attacker.name)) <= 200
    assert [name for name, size in grown(town, before).items() if size > 64 * MIB] == []


@pytest.mark.effects("waited")
async def test_a_flood_of_different_actions(rogue: Make, journal: Any) -> None:
    """Send 1,500 actions at once, each with an id of its own.

    Eight wait at a time and the plan's burst holds: the others are `rate_limited`, none is lost without a word that was read.
    """
    attacker = await rogue()
    for number in range(1_500):
        action = orjson.dumps({"id": f"n-{number}", "action": "wait", "parameters": {}})
        await attacker.client.publish(attacker.out("action"), action)
    verdicts = [await attacker.told("verdict") for _ in range(1_500)]
    assert len({verdict["action_id"] for verdict in verdicts}) == 1_500
    assert {verdict["code"] for verdict in verdicts if verdict["status"] == "rejected"} == {"rate_limited"}
    assert len(await journal.actions(attacker.name)) <= 210


async def test_a_flood_of_hellos(rogue: Make) -> None:
    """Say hello 1,500 times at once, each asking for the whole past.

    They are merged: at most one a second is answered.
    """
    attacker = await rogue()
    for _ in range(1_500):
        await attacker.client.publish(attacker.out("hello"), b'{"since_tick": 0, "memory": 20}')
    answers = 0
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(3):
            while True:
                await attacker.told("observation", lambda told: "hello" in told["because"])
                answers += 1
    assert 1 <= answers <= 5


async def test_a_flood_of_memory_requests(rogue: Make, town: Any) -> None:
    """Ask one's memory 1,000 questions at once.

    They are answered or refused; the memory service grows by less than 64 MiB, and answers a question afterwards.
    """
    attacker, before = await rogue(), memory_of(town)
    for number in range(1_000):
        question = orjson.dumps({"id": f"q-{number}", "op": "recall", "query": f"what of {number}", "k": 50})
        await attacker.client.publish(attacker.out("memory"), question)
    await attacker.send("memory", {"id": "last", "op": "recall", "query": "anything"})
    assert (await attacker.told("memory", lambda told: told["id"] == "last"))["id"] == "last"
    assert grown(town, before)["memory"] < 64 * MIB


async def test_memories_of_no_use(rogue: Make) -> None:
    """Ask to remember without a text, 5,000 letters, an importance of 10^9, and to recall a million memories.

    `bad_parameters` or `malformed`, with the field.
    """
    attacker = await rogue()
    bad: tuple[dict[str, Any], ...] = (
        {"op": "remember"},
        {"op": "remember", "text": "x" * 5_000},
        {"op": "forget"},
        {"op": "remember", "text": "x", "importance": 1e9},
        {"op": "recall", "k": 10**6},
    )
    for number, request in enumerate(bad):
        await attacker.send("memory", {"id": f"m-{number}", "query": "x", **request})
        assert (await attacker.told("memory"))["code"] in {"bad_parameters", "malformed"}


async def test_a_reconnect_storm(rogue: Make, knock: Make) -> None:
    """Connect, break off and connect again, 60 times as fast as it goes.

    After the first twenty or so the agent is kept out for a while, before its grants are even made.
    """
    attacker = await rogue()
    codes: list[int | None] = []
    for number in range(60):
        client = await knock()
        codes.append(await client.connect(f"{attacker.name}~t{number % 2}", attacker.key))
        client.cut()
        if codes[-1] == 5:
            break
    assert codes[-1] == 5
    assert 0 in codes


async def test_half_open_connections(knock: Make, rogue: Make) -> None:
    """Open 200 connections that say nothing, or half of a CONNECT.

    The broker closes them after a few seconds; meanwhile others connect as ever.
    """
    silent = [await knock("127.0.0.21") for _ in range(200)]
    for number, client in enumerate(silent):
        client.listen()
        if number % 2:
            client.send_bytes(b"\x10\x20\x00\x04MQ")
    await rogue()
    await asyncio.wait_for(asyncio.gather(*(client.closed.wait() for client in silent)), 30)


@pytest.mark.parametrize("junk", [b"\x10\xff\xff\xff\x7f", b"\x00" * 64, b"GET / HTTP/1.1\r\n\r\n", b"\x10" + b"\xff" * 5,
                                  b'CONNECT {"user":"cli"}\r\n'], ids=["256-mib", "zeros", "http", "length", "nats"])  # fmt: skip
async def test_junk_before_connect(knock: Make, junk: bytes) -> None:
    """Begin with a packet that announces 256 MiB, with zeros, HTTP, an endless length, or another protocol.

    That connection is closed, and no other.
    """
    client = await knock("127.0.0.22")
    client.listen()
    client.send_bytes(junk)
    await asyncio.wait_for(client.closed.wait(), 20)


async def test_a_reader_that_does_not_read(rogue: Make, town: Any) -> None:
    """Ask for the most that can be asked for, and never read a byte of it.

    Nobody waits for it: what is queued for it is bounded at the broker, and no process grows by 64 MiB.
    """
    attacker, before = await rogue(PARK), memory_of(town)
    assert attacker.client._pump is not None
    attacker.client._pump.cancel()
    assert await asyncio.gather(attacker.client._pump, return_exceptions=True)
    for number in range(1_000):
        attacker.client.send_bytes(_publish(attacker.out("hello"), b'{"since_tick": 0}'))
        attacker.client.send_bytes(
            _publish(attacker.out("memory"), b'{"id": "%d", "op": "recall", "query": "x", "k": 50}' % number)
        )
    await asyncio.sleep(3)
    assert [name for name, size in grown(town, before).items() if size > 64 * MIB] == []


def _publish(topic: str, payload: bytes) -> bytes:
    body = len(topic).to_bytes(2, "big") + topic.encode() + payload
    size = bytes([len(body) & 0x7F | 0x80, len(body) >> 7]) if len(body) > 0x7F else bytes([len(body)])
    return b"\x30" + size + body


async def test_a_thousand_subscriptions(rogue: Make, knock: Make) -> None:
    """Make 1,000 subscriptions on one connection, each a filter that is granted.

    Some 256 are borne: the connection is ended within a few seconds, and the agent kept out for a while.
    """
    attacker = await rogue()
    with contextlib.suppress(Closed, TimeoutError):
        for number in range(1_000):
            await attacker.client.subscribe(topics.building(T, f"d{number}", f"b{number}", "state"))
    await cut_off(attacker, knock)


async def test_many_connections_of_one_agent(rogue: Make, knock: Make) -> None:
    """Hold 12 connections of one agent, under tags.

    The ninth and further ones are refused.
    """
    attacker = await rogue()
    codes = [await (await knock()).connect(f"{attacker.name}~c{number}", attacker.key) for number in range(12)]
    assert codes.count(0) == 7
    assert set(codes[7:]) == {5}


async def test_many_connections_without_a_name(knock: Make) -> None:
    """Hold 230 connections without a name from one address.

    200 are taken, the others refused; another address is let in.
    """
    codes = [await (await knock("127.0.0.23")).connect(client_id=f"many-{number}") for number in range(230)]
    assert codes.count(0) == 200
    assert set(codes[200:]) == {5}
    assert await (await knock("127.0.0.24")).connect(client_id="one-more") == 0


async def test_retained_messages_on_many_topics(rogue: Make, knock: Make, town: Any) -> None:
    """Leave retained messages on 500 made-up channels of one's own `out/`, to fill the broker's store.

    Only the five channels of the contract pass: the broker keeps none of the others.
    """
    attacker = await rogue()
    for number in range(500):
        await attacker.client.publish(attacker.out(f"made-up-{number}"), b"x" * 100, retain=True)
    late = await knock()
    assert await late.connect("cli~late", town.secrets["services"]["cli"]) == 0
    assert await late.subscribe(topics.agent_out(T, "+", attacker.name, "+")) == 0
    await attacker.send("status", b"end")
    assert await late.until(b"end") == []


async def test_a_retained_action(rogue: Make, journal: Any) -> None:
    """Leave a retained action on one's own `out/`, for the town to do again whenever it connects.

    It is done no more than once: the town does not act on what a broker has kept.
    """
    attacker = await rogue()
    await attacker.send("action", {"id": "kept", "action": "buy", "parameters": {"item": "coffee"}}, retain=True)
    again = await attacker.act("kept", "buy", {"item": "coffee"})
    assert again["code"] == "not_possible"
    assert len(await journal.actions(attacker.name)) == 1


async def test_a_flood_of_what_is_dropped(rogue: Make, knock: Make) -> None:
    """Publish 20,000 messages on a forbidden topic.

    Dropped, and a flood all the same: the agent is cut off.
    """
    attacker = await rogue()
    sending = asyncio.create_task(flood(attacker.client, topics.world(T, "status"), 20_000, b"{}"))
    await cut_off(attacker, knock)
    await sending
