"""Owners get a letter when four fifths of a budget are gone: once for each cap and day."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from mqttown_contract import topics
from mqttown_dashboard.budget_letters import LETTERS_A_DAY, BudgetLetters
from mqttown_dashboard.letters import Letters

CALLS = (
    "INSERT INTO runtime.calls (agent, owner, request_id, provider, model, registry, request_hash, prompt_hash, day, state, "
    "tokens_in, tokens_out, tokens, cost) VALUES ($1, $2, 'r', 'p', 'm', 1, 'h', 'h', (now() AT TIME ZONE 'utc')::date, 'done', "
    "0, 0, $4, $3)"
)


async def told(url: str, file: Path, script: Any, wanted: int) -> list[dict[str, Any]]:
    """Letters after what a script did, once there are so many."""
    connection = await asyncpg.connect(url)
    try:
        await script(connection)
    finally:
        await connection.close()
    async with asyncio.timeout(30):
        while not file.exists() or len(file.read_bytes().splitlines()) < wanted:  # noqa: ASYNC110, ASYNC240  another process writes it
            await asyncio.sleep(0.02)
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]  # noqa: ASYNC240


async def forget(url: str) -> None:
    """Take the calls away again: other tests look at what all spent."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("DELETE FROM runtime.calls WHERE owner = 'berit'")
    finally:
        await connection.close()


@pytest.fixture
def warned(
    stage: Any, another_process: Any, other_broker_port: int, journal_url: str, tmp_path: Path
) -> Iterator[tuple[Path, Any]]:
    """Where a second dashboard, on a broker of its own, puts letters; and a function that warns an owner's resident there."""
    token = stage.account("berit")["access_token"]
    assert stage.send("PUT", "/me/mail", token, {"mail": "berit@example.org"}).status_code == 204
    form = {"id": "berits-own", "name": "Bodil", "mind": {"kind": "model"}, "budget": {"day_money": 1000, "total_tokens": 500}}
    assert stage.send("POST", "/me/residents", token, form).status_code == 201
    file = tmp_path / "letters"
    another_process(MQTTOWN_MAIL=f"file:{file}")
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", other_broker_port)
    client.loop_start()

    def warn(text: str, code: str = "budget") -> None:
        told = json.dumps({"v": 1, "generation": 1, "seq": 1, "code": code, "text": text})
        client.publish(topics.agent_in("tiny", "ranta", "berits-own", "notice"), told, qos=1).wait_for_publish(5)

    yield file, warn
    client.disconnect()
    client.loop_stop()
    asyncio.run(forget(journal_url))


def test_an_owner_is_told_once_of_each_cap(warned: tuple[Path, Any], journal_url: str) -> None:
    box, warn = warned

    async def spend(connection: asyncpg.Connection, money: int, tokens: int) -> None:
        await connection.execute(CALLS, "berits-own", "berit", money, tokens)

    async def little(connection: asyncpg.Connection) -> None:
        await spend(connection, 799, 10)
        warn("not so much yet")
        await spend(connection, 1, 0)
        warn("of something else", code="rate_limited")
        warn("800 of 1000")
        warn("and once more")

    (first,) = asyncio.run(told(journal_url, box, little, 1))
    assert (first["to"], "budget" in first["title"]) == ("berit@example.org", True)
    assert "berits-own spent 0.0008 of 0.001 units of money a day" in first["body"]

    async def more(connection: asyncpg.Connection) -> None:
        await spend(connection, 0, 390)
        warn("400 of 500 tokens")
        await connection.execute("INSERT INTO runtime.budgets (kind, name, day_tokens) VALUES ('owner', 'berit', 401)")
        warn("of all together")

    letters = asyncio.run(told(journal_url, box, more, 3))
    bodies = sorted(letter["body"].partition(" on thinking")[0] for letter in letters[1:])
    assert bodies == [
        "All your residents together spent 400 of 401 tokens a day (UTC)",
        "Your resident berits-own spent 400 of 500 tokens in total",
    ]


def test_caps_that_change_again_and_again_fill_no_letter_box() -> None:
    nothing: Any = None
    letters = BudgetLetters(nothing, nothing, Letters(None), "Tiny")
    assert [letters.may_have("berit") for _ in range(LETTERS_A_DAY + 2)] == [True] * LETTERS_A_DAY + [False] * 2
    assert letters.may_have("otto")
