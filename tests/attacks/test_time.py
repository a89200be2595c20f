"""Attacks on time and order: late Wills, old sessions, past ticks, forged causes."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from mqttown_contract import topics

pytestmark = pytest.mark.town
T, PARK, VICTIM = "helsinki", "kallio", "olga"
Make = Callable[..., Awaitable[Any]]


async def test_a_late_will(rogue: Make, knock: Make, anyone: Any) -> None:
    """Have the Will of an old connection come after the agent is back.

    Ignored: it names an old session. The agent stays online.
    """
    attacker = await rogue()
    old = await knock()
    will = (attacker.out("status"), b'{"status": "offline", "session": "old"}', False)
    assert await old.connect(f"{attacker.name}~old", attacker.key, will=will) == 0
    await attacker.hello(session="new")
    old.cut()
    assert (await attacker.act("alive", "buy", {"item": "coffee"}))["code"] == "not_possible"
    assert anyone.get(f"/agents/{attacker.name}").json()["presence"] == "online"


async def test_say_that_another_is_gone(rogue: Make, witness: Any, anyone: Any) -> None:
    """Publish `offline` on the victim's `out/status`, and leave it as a Will.

    Dropped; the victim is online.
    """
    attacker = await rogue()
    await attacker.client.publish(topics.agent_out(T, PARK, VICTIM, "status"), b'{"status": "offline", "session": null}', 1)
    await attacker.send("status", b"end")
    while (message := await witness.message())[1] != b"end":
        assert not message[0].endswith(f"{VICTIM}/out/status")
    assert anyone.get(f"/agents/{VICTIM}").json()["presence"] == "online"


async def test_an_action_from_the_past(rogue: Make) -> None:
    """Send an action that expired long ago, and one with the newest tick that is over.

    `too_late`.
    """
    attacker = await rogue()
    now = (await attacker.hello())["tick"]
    for number, tick in enumerate((0, -1, now)):
        await asyncio.sleep(0.15)
        verdict = await attacker.act(f"past-{number}", "say", {"text": "From the past."}, expires_tick=tick)
        assert (verdict["status"], verdict["code"]) == ("rejected", "too_late"), verdict


@pytest.mark.effects("waited")
async def test_a_forged_cause(rogue: Make, journal: Any) -> None:
    """Name somebody else's observation as the cause, and a trace of somebody else's.

    Kept as the attacker's own word beside its own action, and trusted for nothing.
    """
    attacker = await rogue()
    verdict = await attacker.act("caused", "wait", {}, observation_id="o-of-olga", traceparent="00-forged")
    assert verdict["status"] == "accepted"
    (row,) = await journal.actions(attacker.name)
    assert row["agent"] == attacker.name


async def test_ask_for_the_whole_past(rogue: Make) -> None:
    """Say hello with `since_tick` 0, to hear everything that was ever said.

    One is told what one has witnessed oneself, which is nothing.
    """
    attacker = await rogue()
    told = await attacker.hello(since_tick=0)
    assert [message for message in told["observation"]["messages"] if message["from"] == VICTIM] == []


async def test_a_hello_that_is_none(rogue: Make) -> None:
    """Say hello with a negative or endless tick, a session of 10,000 letters, and junk.

    A notice `malformed`; the next good hello is answered.
    """
    attacker = await rogue()
    for payload in (b'{"since_tick": -1}', b'{"since_tick": 1e999}', b'{"since_tick": ' + b"9" * 5000 + b"}", b"[]", b"\xff",
                    b'{"session": "' + b"s" * 10_000 + b'"}', b'{"memory": 1000000}', b'{"detail": {"a": []}}'):  # fmt: skip
        await attacker.send("hello", payload)
        assert (await attacker.told("notice"))["code"] == "malformed", payload[:40]
    assert (await attacker.hello())["agent_id"] == attacker.name


async def test_hold_the_tick_up(rogue: Make, journal: Any) -> None:
    """Say in the hello that one answers each observation, and then answer none, so that the town waits.

    The town runs by the clock and waits for nobody: 10 ticks go by in time.
    """
    attacker = await rogue()
    await attacker.hello(lockstep=True)
    before = await journal.tick()
    async with asyncio.timeout(10):
        while await journal.tick() < before + 10:  # noqa: ASYNC110  the journal is in another process
            await asyncio.sleep(0.1)
