"""Attacks by actions: what an agent sends to get what the rules do not give."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import pytest

pytestmark = pytest.mark.town
PARK = "kallio"
VICTIM = "olga"
PURSE = 10_000
Make = Callable[..., Awaitable[Any]]


def refused(verdict: Any, *codes: str) -> None:
    assert (verdict["status"], verdict["events"]) == ("rejected", []), verdict
    assert verdict["code"] in codes, verdict
    assert verdict["detail"]


@pytest.mark.effects("said")
async def test_replay_an_id_with_other_content(rogue: Make, journal: Any) -> None:
    """Send a decided action id again with other content, to have it done under the old verdict.

    The first verdict is repeated, and the second content is done nowhere.
    """
    attacker = await rogue(PARK)
    first = await attacker.act("twice", "say", {"text": "Good morning."})
    assert first["status"] == "accepted"
    again = await attacker.act("twice", "give", {"to": VICTIM, "amount": 1})
    assert (again["tick"], again["events"]) == (first["tick"], first["events"])
    assert [row["action"] for row in await journal.actions(attacker.name)] == ["say"]


@pytest.mark.effects("gave", "paid")
async def test_spend_twice_with_eight_in_flight(rogue: Make, journal: Any) -> None:
    """Give away the whole purse eight times at once, before any verdict.

    One is accepted; the other seven are refused, and the purse is empty, not negative.
    """
    attacker, friend = await rogue(PARK), await rogue(PARK)
    for number in range(8):
        await attacker.send(
            "action", {"id": f"all-{number}", "action": "give", "parameters": {"to": friend.name, "amount": PURSE}}, 0
        )
    verdicts = [await attacker.told("verdict") for _ in range(8)]
    assert sorted(verdict["status"] for verdict in verdicts) == ["accepted"] + ["rejected"] * 7
    paid = await journal.rows("SELECT cents FROM money WHERE payer = $1", f"purse:{attacker.name}")
    assert [row["cents"] for row in paid] == [PURSE]


@pytest.mark.effects("gave", "paid")
async def test_spend_twice_by_two_connections(rogue: Make, knock: Make, journal: Any) -> None:
    """Give the whole purse to two friends at once, over two connections of one agent.

    One gift is done, the other refused.
    """
    attacker, one, other = await rogue(PARK), await rogue(PARK), await rogue(PARK)
    second = await knock()
    assert await second.connect(f"{attacker.name}~b", attacker.key) == 0
    gifts = [
        orjson.dumps({"id": f"to-{friend.name}", "action": "give", "parameters": {"to": friend.name, "amount": PURSE}})
        for friend in (one, other)
    ]
    await asyncio.gather(
        attacker.client.publish(attacker.out("action"), gifts[0]), second.publish(attacker.out("action"), gifts[1])
    )
    verdicts = [await attacker.told("verdict") for _ in range(2)]
    assert sorted(verdict["status"] for verdict in verdicts) == ["accepted", "rejected"]
    assert len(await journal.rows("SELECT 1 FROM money WHERE payer = $1", f"purse:{attacker.name}")) == 1


AMOUNTS = (
    "-1",
    "-100000000",
    "0",
    "1e3",
    "1.5",
    "true",
    '"500"',
    "null",
    "[1]",
    "100000001",
    "1" + "0" * 400,
    "9223372036854775808",
)


async def test_give_an_impossible_amount(rogue: Make) -> None:
    """Give a negative, zero, fractional, boolean, textual or astronomic amount, to be paid by the taker or to make money.

    Each is `bad_parameters` or `malformed`.
    """
    attacker = await rogue(PARK)
    for number, amount in enumerate(AMOUNTS):
        sent = f'{{"id": "odd-{number}", "action": "give", "parameters": {{"to": "{VICTIM}", "amount": {amount}}}}}'
        await attacker.send("action", sent.encode())
        verdict = await attacker.told("verdict")
        refused(verdict, "bad_parameters", "malformed")


async def test_give_what_is_no_number(rogue: Make) -> None:
    """Give `NaN`, `Infinity` and `-Infinity` cents, which some JSON readers take.

    Each is `malformed`: no JSON.
    """
    attacker = await rogue(PARK)
    for amount in ("NaN", "Infinity", "-Infinity"):
        sent = f'{{"id": "nan", "action": "give", "parameters": {{"to": "{VICTIM}", "amount": {amount}}}}}'
        await attacker.send("action", sent.encode())
        refused(await attacker.verdict(None), "malformed")


async def test_give_more_than_one_has(rogue: Make) -> None:
    """Give one cent more than is in the purse, and an item that one does not carry.

    `not_possible`, with what would be possible.
    """
    attacker = await rogue(PARK)
    refused(await attacker.act("more", "give", {"to": VICTIM, "amount": PURSE + 1}), "not_possible")
    refused(await attacker.act("item", "give", {"to": VICTIM, "item": "umbrella"}), "not_possible")


async def test_give_to_oneself(rogue: Make) -> None:
    """Give money to oneself, in the hope that it is added before it is taken.

    `not_possible`.
    """
    attacker = await rogue(PARK)
    refused(await attacker.act("self", "give", {"to": attacker.name, "amount": 1}), "not_possible")


async def test_give_to_somebody_far_away(rogue: Make) -> None:
    """Give to an agent in another district, to a building, and to nobody.

    `not_possible`.
    """
    attacker = await rogue("punavuori")
    for to in (VICTIM, "olympia", "treasury", "mint"):
        refused(await attacker.act(f"to-{to}", "give", {"to": to, "amount": 5}), "not_possible")


async def test_give_to_an_account(rogue: Make) -> None:
    """Name an account of the ledger (`purse:…`, `till:…`) as the taker.

    `bad_parameters`: that is no id.
    """
    attacker = await rogue(PARK)
    for to in (f"purse:{VICTIM}", "till:cafe-engel", "../mint", ""):
        refused(await attacker.act(f"account-{to or 'none'}", "give", {"to": to, "amount": 5}), "bad_parameters")


@pytest.mark.effects("waited", "said")
async def test_act_in_anothers_name(rogue: Make, journal: Any) -> None:
    """Name another agent in every field where an author might be looked for.

    The broker's topic alone says who acts: it is done as the attacker's own, or refused.
    """
    attacker = await rogue()
    named = {"agent_id": VICTIM, "agent": VICTIM, "from": VICTIM, "citizen": VICTIM, "owner": VICTIM}
    verdict = await attacker.act("as-olga", "say", {"text": "Who says this?"}, **named)
    assert verdict["agent_id"] == attacker.name
    refused(await attacker.act("as-olga-too", "say", {"text": "And this?", "from": VICTIM}), "bad_parameters")
    assert [row["action_id"] for row in await journal.actions(attacker.name)] == ["as-olga", "as-olga-too"]


async def test_act_where_one_is_not(rogue: Make) -> None:
    """Buy in a shop, work, and claim a building without being there.

    `not_possible`.
    """
    attacker = await rogue()
    refused(await attacker.act("buy", "buy", {"item": "coffee"}), "not_possible")
    refused(await attacker.act("work", "work"), "not_possible")
    refused(await attacker.act("sleep", "sleep"), "not_possible")
    refused(await attacker.act("claim", "claim", {"building": "aikatalo"}), "not_possible")


async def test_walk_to_where_nothing_is(rogue: Make) -> None:
    """Walk to buildings that are not there, to co-ordinates, and to paths.

    `not_possible` or `bad_parameters`; the body has not moved.
    """
    attacker = await rogue()
    before = (await attacker.hello())["observation"]["location"]
    for to in ("atlantis", "mint", "0", "treasury"):
        refused(await attacker.act(f"go-{to}", "move_to", {"to": to}), "not_possible")
    for number, to in enumerate(("../../etc/passwd", "Aikatalo", "60.17,24.94", "a" * 49, 7, None, [], {"x": 1})):
        refused(await attacker.act(f"odd-{number}", "move_to", {"to": to}), "bad_parameters")
    after = (await attacker.hello())["observation"]["location"]
    assert (after["x"], after["y"]) == (before["x"], before["y"])


async def test_whisper_to_the_absent(rogue: Make, honest: Any) -> None:
    """Whisper to somebody who is in another district.

    `not_possible`; the victim hears nothing.
    """
    attacker = await rogue("punavuori")
    refused(await attacker.act("psst", "say", {"text": "Psst, Olga!", "to": [VICTIM]}), "not_possible")
    assert "Psst, Olga!" not in str(honest.heard)


async def test_tell_of_what_one_has_not_witnessed(rogue: Make, journal: Any) -> None:
    """Pass on an event that one has not witnessed, to forge who knew what.

    `not_possible`.
    """
    attacker = await rogue()
    (row,) = await journal.rows("SELECT id FROM events WHERE agent = $1 ORDER BY tick LIMIT 1", VICTIM)
    refused(await attacker.act("about", "say", {"text": "I heard it.", "about": [row["id"]]}), "not_possible")
    refused(await attacker.act("made-up", "say", {"text": "I heard it.", "about": ["e-1-1"]}), "not_possible")


async def test_nest_without_end(rogue: Make) -> None:
    """Send JSON that is nested 20,000 levels deep, in the parameters and as the whole.

    `malformed` at once, without a deep recursion.
    """
    attacker = await rogue()
    deep = b"[" * 20_000 + b"]" * 20_000
    for payload in (b'{"id": "deep", "action": "say", "parameters": {"text": ' + deep + b"}}", deep):
        await attacker.send("action", payload)
        refused(await attacker.told("verdict"), "malformed", "bad_parameters")


async def test_nest_a_little_too_deep(rogue: Make) -> None:
    """Send parameters that a JSON reader takes, nested 900 levels deep, in lists and in objects.

    `malformed`; nothing of it is kept in the journal.
    """
    attacker = await rogue()
    for number, (begin, end) in enumerate(((b"[", b"]"), (b'{"a":', b"}"))):
        deep = begin * 900 + b"1" + end * 900
        sent = b'{"id": "deep-%d", "action": "say", "parameters": {"text": "x", "to": %b}}' % (number, deep)
        await attacker.send("action", sent)
        refused(await attacker.told("verdict"), "malformed")


async def test_the_character_that_no_database_keeps(rogue: Make, journal: Any) -> None:
    """Send U+0000 in an id, an action, a text, a name of a parameter and the reasoning.

    `malformed` or `bad_parameters`; the journal is still written.
    """
    attacker = await rogue()
    for payload in (
        b'{"id": "a\\u0000b", "action": "wait", "parameters": {}}',
        b'{"id": "nul-1", "action": "wa\\u0000it", "parameters": {}}',
        b'{"id": "nul-2", "action": "say", "parameters": {"text": "a\\u0000b"}}',
        b'{"id": "nul-3", "action": "say", "parameters": {"te\\u0000xt": "b"}}',
        b'{"id": "nul-4", "action": "wait", "parameters": {}, "reasoning": "\\u0000"}',
        b'{"id": "nul-5", "action": "wait", "parameters": {}, "observation_id": "\\u0000"}',
        b'{"id": "nul-6", "action": "wait", "parameters": {}, "traceparent": "\\u0000"}',
    ):
        await attacker.send("action", payload)
        refused(await attacker.told("verdict"), "malformed", "bad_parameters")


async def test_numbers_that_no_machine_holds(rogue: Make) -> None:
    """Send whole numbers of 400 and of 60,000 digits, and ones beyond 64 bits, wherever a number goes.

    `malformed` or `bad_parameters`, at once.
    """
    attacker = await rogue()
    for digits in ("9" * 400, "9" * 60_000, "18446744073709551616", "-9223372036854775809"):
        for place in ('"parameters": {"ticks": %s}', '"parameters": {}, "confidence": %s'):
            await attacker.send("action", f'{{"id": "huge", "action": "wait", {place % digits}}}'.encode())
            refused(await attacker.told("verdict"), "malformed", "bad_parameters")


async def test_expire_beyond_every_number(rogue: Make) -> None:
    """Give an action an `expires_tick` of 60 digits, or of minus 2^63.

    `malformed` or `too_late`; it stops no tick.
    """
    attacker = await rogue()
    for number, tick in enumerate(("9" * 60, "-9223372036854775808", "1e300", '"soon"')):
        await attacker.send(
            "action", f'{{"id": "e-{number}", "action": "wait", "parameters": {{}}, "expires_tick": {tick}}}'.encode()
        )
        refused(await attacker.told("verdict"), "malformed", "too_late")


async def test_the_same_name_twice(rogue: Make, journal: Any) -> None:
    """Send an object with the same name twice, so that two readers see two different actions.

    One reader, one meaning: the last value counts for the check and for the world, and is refused here.
    """
    attacker = await rogue(PARK)
    sent = f'{{"id": "dup", "action": "wait", "action": "give", "parameters": {{"to": "{VICTIM}", "amount": 1, "amount": 999999}}}}'
    await attacker.send("action", sent.encode())
    refused(await attacker.verdict("dup"), "not_possible")
    (row,) = await journal.actions(attacker.name)
    assert row["action"] == "give"
    assert orjson.loads(row["parameters"])["amount"] == 999_999


async def test_junk_of_64_kib(rogue: Make) -> None:
    """Send 64 KiB of random-looking bytes, of one letter, and of open brackets, as actions.

    `malformed` each.
    """
    attacker = await rogue()
    for payload in (bytes(range(256)) * 256, b"x" * 65_536, b"[" * 65_536, b'{"id": "' + b"y" * 65_000 + b'"}'):
        await attacker.send("action", payload)
        refused(await attacker.verdict(None), "malformed")


async def test_a_payload_above_the_limit(rogue: Make, witness: Any) -> None:
    """Send an action of 70,000 bytes.

    The broker closes the connection, and passes nothing on.
    """
    attacker, marker = await rogue(), await rogue()
    attacker.client.send(0x30, len(attacker.out("action")).to_bytes(2, "big") + attacker.out("action").encode() + b"x" * 70_000)
    await asyncio.wait_for(attacker.client.closed.wait(), 10)
    await marker.send("status", b"end")
    while (message := await witness.message())[1] != b"end":
        assert len(message[1]) < 66_000


async def test_bytes_that_are_no_text(rogue: Make) -> None:
    """Send invalid UTF-8 and lone surrogates as the text of speech and as an id.

    `malformed`.
    """
    attacker = await rogue()
    for text in (b"\xff\xfe", b"\xc3\x28", b"\xed\xa0\x80", b"\xc0\x80", b"\\ud800", b"\\udfff\\ud800"):
        await attacker.send("action", b'{"id": "utf", "action": "say", "parameters": {"text": "' + text + b'"}}')
        refused(await attacker.told("verdict"), "malformed", "bad_parameters")


async def test_names_that_programs_stumble_over(rogue: Make) -> None:
    """Send parameters called `__proto__`, `__class__`, `constructor`, `self` and `id`.

    `bad_parameters`: a parameter that the verb does not know.
    """
    attacker = await rogue()
    for name in ("__proto__", "__class__", "constructor", "self", "id", "__init__", "model_config"):
        refused(await attacker.act(f"odd-{name}", "wait", {name: {"polluted": True}}), "bad_parameters")
    for name in ("__class__", "eval", "register", "revoke", "act_for", "came"):
        refused(await attacker.act(f"verb-{name}", name, {}), "unknown_action")


@pytest.mark.effects("waited")
async def test_more_than_eight_undecided(town: Any, rogue: Make) -> None:
    """Send 40 actions at once, to have them all wait and fill the town's memory.

    At most eight wait; the others are `rate_limited`, or judged a tick later, and none is done twice.
    """
    attacker = await rogue()
    assert town.cli("pause").returncode == 0
    try:
        for number in range(40):
            await attacker.send("action", {"id": f"many-{number}", "action": "wait", "parameters": {}}, 0)
        early = [await attacker.told("verdict") for _ in range(32)]
    finally:
        assert town.cli("resume").returncode == 0
    for verdict in early:
        refused(verdict, "rate_limited")
        assert verdict["retry_after"] > 0
    late = [await attacker.told("verdict") for _ in range(8)]
    assert {verdict["status"] for verdict in late} == {"accepted"}
