"""What an operator sees and does over REST."""

import asyncio
import json
from typing import Any

import asyncpg
import pytest

OPERATOR = "operator-token"


@pytest.fixture(scope="module", autouse=True)
def noted(stage: Any, journal_url: str) -> None:
    """Something to look at."""

    async def write() -> None:
        connection = await asyncpg.connect(journal_url)
        await connection.execute(
            "INSERT INTO town.held (id, agent, action_id, parameters, rule, says, score) "
            "VALUES (1, 'otto', 'a-9', $1, 'contact', 'w', 40)",
            json.dumps({"text": "Call me at 050"}),
        )
        await connection.execute(
            "INSERT INTO town.flags (id, tick, agent, score, signs) VALUES (1, 3, 'otto', 70, '{\"pace\": 90}')"
        )
        await connection.executemany(
            "INSERT INTO town.audit (n, wall, tick, kind, agent, what, prev_hash, hash) "
            "VALUES ($1, now(), $1, $2, 'otto', '{}', '', '')",
            [(1, "flag"), (2, "moderation"), (3, "flag")],
        )
        await connection.execute("UPDATE town.agents SET quarantined = 'advertises' WHERE id = 'leena'")
        await connection.close()

    asyncio.run(write())


def test_the_town_at_a_glance(stage: Any) -> None:
    seen = stage.get("/operation", OPERATOR).json()
    assert seen["waiting"] == {"held": 1, "flags": 1, "quarantined": 1}
    assert (seen["broker"], seen["database"]) == (True, True)
    assert seen["model_money_today"] >= 0


def test_what_waits_is_listed_and_decided(stage: Any) -> None:
    assert [(one["id"], one["parameters"]["text"]) for one in stage.get("/operation/held", OPERATOR).json()] == [
        (1, "Call me at 050")
    ]
    assert [(one["agent"], one["signs"]) for one in stage.get("/operation/flags", OPERATOR).json()] == [("otto", {"pace": 90})]
    assert stage.get("/operation/quarantine", OPERATOR).json() == [{"agent": "leena", "owner": None, "why": "advertises"}]
    for method, path, body, command, parameters in (
        ("POST", "/operation/held/1", {"decision": "pass"}, "pass_held", {"id": 1}),
        ("POST", "/operation/held/1", {"decision": "refuse"}, "refuse_held", {"id": 1}),
        ("DELETE", "/operation/flags/1", None, "clear_flag", {"id": 1}),
        ("PUT", "/operation/quarantine/otto", {"why": "floods"}, "quarantine", {"agent": "otto", "why": "floods"}),
        ("DELETE", "/operation/quarantine/otto", None, "release", {"agent": "otto"}),
        ("PUT", "/operation/pace", {"speed": 120}, "speed", {"speed": 120}),
        ("PUT", "/operation/pace", {"state": "paused"}, "pause", {}),
        ("PUT", "/operation/pace", {"state": "running"}, "resume", {}),
    ):
        assert stage.send(method, path, OPERATOR, body).status_code == 204, (method, path)
        told = stage.commands[-1]
        assert (told["command"], told["parameters"]) == (command, parameters)


def test_the_audit_log_is_paged_and_filtered(stage: Any) -> None:
    page = stage.get("/operation/audit", OPERATOR, limit=2).json()
    assert [entry["n"] for entry in page["items"]] == [3, 2]
    assert [entry["n"] for entry in stage.get("/operation/audit", OPERATOR, limit=2, cursor=page["next"]).json()["items"]] == [1]
    assert [entry["n"] for entry in stage.get("/operation/audit", OPERATOR, kind="moderation").json()["items"]] == [2]


def test_an_owner_sees_nothing_of_it(stage: Any) -> None:
    token = stage.account("curious")["access_token"]
    for path in ("", "/held", "/flags", "/quarantine", "/audit"):
        assert stage.get(f"/operation{path}", token).status_code == 403
