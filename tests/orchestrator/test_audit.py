"""The audit log: chained, append-only, and every way of tampering with it is found as far as docs/moderation.md says."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from typer.testing import CliRunner

from mqttown_orchestrator.audit import FIRST, Audit, row_hash, verify

NAMES = ("n", "wall", "tick", "kind", "agent", "owner", "what", "prev_hash", "hash")


def chain(length: int = 5) -> list[dict[str, Any]]:
    audit = Audit()
    for number in range(length):
        audit.note("moderation", "mira", None, rule="insults", score=number)
    return [dict(zip(NAMES, arguments, strict=True)) for _, arguments in audit.statements(7)]


def test_a_whole_chain_is_whole() -> None:
    rows = chain()
    found = verify(rows, {3: rows[2]["hash"]})
    assert (found.ok, found.rows, found.head) == (True, 5, rows[-1]["hash"])
    assert rows[0]["prev_hash"] == FIRST
    assert verify([], {}).ok


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("agent", "otto"),
        ("what", {"rule": "insults", "score": 99}),
        ("tick", 8),
        ("kind", "flag"),
        ("owner", "Ada"),
        ("prev_hash", FIRST),
    ],
)
def test_a_changed_value_is_found(name: str, value: Any) -> None:
    rows = chain()
    rows[2][name] = value
    assert verify(rows, {}).first_bad == 3


def test_a_changed_time_a_missing_row_and_a_cut_tail_are_found() -> None:
    rows = chain()
    later = [dict(row) for row in rows]
    later[1]["wall"] += timedelta(microseconds=1)
    assert verify(later, {}).first_bad == 2
    assert verify(rows[:2] + rows[3:], {}).first_bad == 3
    assert verify(rows[1:], {}).first_bad == 1
    heads = {row["n"]: row["hash"] for row in rows}
    assert verify(rows[:3], {}).ok, "a cut tail can't be seen from the rows alone"
    assert verify(rows[:3], heads).first_bad == 4


def test_a_chain_that_was_made_anew_is_found_by_a_noted_head() -> None:
    rows = chain()
    heads = {5: rows[-1]["hash"]}
    rows[1]["agent"] = "otto"
    for number, row in enumerate(rows):
        row["prev_hash"] = rows[number - 1]["hash"] if number else FIRST
        row["hash"] = row_hash(row)
    assert verify(rows, {}).ok
    assert verify(rows, heads).first_bad == 5


def test_the_hash_does_not_depend_on_the_time_zone() -> None:
    row = chain(1)[0]
    moved = {**row, "wall": row["wall"].astimezone(datetime.now(UTC).astimezone().tzinfo)}
    assert row_hash(moved) == row["hash"]


async def test_decisions_are_logged_with_the_tick_and_survive_a_restart(orchestrator: Any) -> None:
    await orchestrator.start()
    mira = await orchestrator.join("mira", owner="Ada")
    await mira.hello()
    assert (await mira.act("w-1", "say", {"text": "You wanker"}))["code"] == "moderated"
    await orchestrator.command("permit", agent="mira", allowed_actions=["say"])
    await orchestrator.command("key", agent="mira", tag="two", key_hash="sha256:" + "b" * 64)
    await orchestrator.command("regster")
    await orchestrator.stop()
    await orchestrator.start()
    await orchestrator.command("quarantine", agent="mira", why="it shouts")
    await orchestrator.command("release", agent="mira")
    rows = [dict(row) for row in await orchestrator.rows("SELECT * FROM town.audit ORDER BY n")]
    assert [row["kind"] for row in rows] == ["register", "moderation", "permit", "key", "regster", "quarantine", "release"]
    assert (rows[1]["agent"], rows[1]["owner"], json.loads(rows[1]["what"])["action"]) == ("mira", "Ada", "reject")
    assert "wanker" not in json.dumps([row["what"] for row in rows])
    assert "sha256" not in json.dumps([row["what"] for row in rows])
    heads = {row["n"]: row["hash"] for row in await orchestrator.rows("SELECT n, hash FROM town.audit_heads WHERE n > 0")}
    assert heads, "noted beside a snapshot"
    found = verify([{**row, "what": json.loads(row["what"])} for row in rows], heads)
    assert found.ok, found
    for change in (
        "UPDATE town.audit SET agent = 'otto'",
        "DELETE FROM town.audit",
        "TRUNCATE town.audit",
        "DELETE FROM town.audit_heads",
    ):
        with pytest.raises(asyncpg.RaiseError, match="only grows"):
            await orchestrator.rows(change)


async def test_the_command_names_the_first_bad_row(orchestrator: Any) -> None:
    import asyncio  # noqa: PLC0415

    from mqttown_cli.audit import app  # noqa: PLC0415

    await orchestrator.start()
    for _ in range(4):
        await orchestrator.command("pause")
    await orchestrator.stop()

    async def audit(*arguments: str) -> tuple[int, Any]:
        done = await asyncio.to_thread(CliRunner().invoke, app, [*arguments, "--database", orchestrator.database, "--json"])
        return done.exit_code, json.loads(done.stdout)

    code, found = await audit("verify")
    assert (code, found["ok"], found["rows"]) == (0, True, 4)
    assert (await audit("verify", "--head", f"4:{found['head']}"))[0] == 0
    assert (await audit("verify", "--head", f"5:{found['head']}"))[0] == 1
    _, listed = await audit("list", "--last", "2")
    assert [row["kind"] for row in listed["items"]] == ["pause", "pause"]
    await orchestrator.rows("ALTER TABLE town.audit DISABLE TRIGGER ALL")
    await orchestrator.rows("UPDATE town.audit SET kind = 'resume' WHERE n = 3")
    code, found = await audit("verify")
    assert (code, found["first_bad"]) == (1, 3)
