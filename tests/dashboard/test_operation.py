"""What an operator sees and does over REST."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import asyncpg
import httpx
import pytest

from mqttown_contract import topics

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


@pytest.fixture
def running(stage: Any) -> Any:
    """A town that makes ticks."""
    until(stage, "/clock", lambda answer: answer.json()["state"] == "running")
    return stage


def until(stage: Any, path: str, holds: Callable[[httpx.Response], bool]) -> None:
    """Ask until an answer is as wished."""
    end = time.monotonic() + 20
    while not holds(answer := stage.get(path)):
        assert time.monotonic() < end, answer.text
        time.sleep(0.02)


def test_the_town_at_a_glance(stage: Any) -> None:
    seen = stage.get("/operation", OPERATOR).json()
    assert seen["waiting"] == {"held": 1, "flags": 1, "quarantined": 1}
    assert (seen["broker"], seen["database"]) == (True, True)
    assert seen["model_money_today"] == 0


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
        assert (told["command"], told["parameters"], told["by"]) == (command, parameters, "operator")


@pytest.mark.parametrize(
    ("body", "sent"),
    [
        ({"do": "close", "building": "cafe-satama"}, [{"building": "cafe-satama"}]),
        ({"do": "price", "item": "coffee", "cents": 5}, [{"item": "coffee", "cents": 5}]),
        ({"do": "rule", "name": "earshot", "value": 0}, [{"name": "earshot", "value": 0}]),
        ({"do": "plant", "agent": "aino", "text": "Eleven."}, [{"agent": "aino", "text": "Eleven."}]),
        (
            {"do": "cut", "name": "quiet", "from": ["aino"], "to": ["otto"], "words": ["party"]},
            [
                {"name": "quiet", "from": ["aino"], "to": ["otto"], "words": ["party"]},
                {"name": "quiet-back", "from": ["otto"], "to": ["aino"], "words": ["party"]},
            ],
        ),
        (
            {"do": "cut", "name": "alone", "agents": ["otto"]},
            [
                {"name": "alone", "from": ["otto"], "to": None, "words": None},
                {"name": "alone-back", "from": None, "to": ["otto"], "words": None},
            ],
        ),
        (
            {"do": "cut", "name": "deaf", "to": ["otto"], "both": False},
            [{"name": "deaf", "from": None, "to": ["otto"], "words": None}],
        ),
    ],
    ids=lambda value: value.get("name", value["do"]) if isinstance(value, dict) else "",
)
def test_the_town_is_changed_by_hand(running: Any, body: dict[str, Any], sent: list[dict[str, Any]]) -> None:
    done = running.send("POST", "/operation/interventions", OPERATOR, body)
    assert (done.status_code, done.json()) == (201, {"events": ["e-1-0"] * len(sent)})
    told = running.commands[-len(sent) :]
    assert [(one["command"], one["parameters"], one["by"]) for one in told] == [
        ("intervene", {"kind": body["do"], "data": data}, "operator") for data in sent
    ]


def test_somebody_is_added_and_removed_by_hand(running: Any) -> None:
    added = {"do": "add", "agent": "sini", "name": "Sini Salo", "district": "ranta", "purse": 700, "wakes": "06:15"}
    assert running.send("POST", "/operation/interventions", OPERATOR, added).status_code == 201
    told = running.commands[-1]
    assert told["command"] == "register"
    assert {name: told["parameters"][name] for name in ("agent", "name", "kind", "purse", "owner")} == {
        "agent": "sini", "name": "Sini Salo", "kind": "hosted", "purse": 700, "owner": "operator",
    }  # fmt: skip
    assert running.get("/me/residents/sini", OPERATOR).json()["resident"]["wakes"] == "06:15"
    card = topics.agent("tiny", "ranta", "sini", "card")
    running.publish(card, {"id": "sini", "name": "Sini Salo", "kind": "hosted", "home_district": "ranta"})
    until(running, "/agents/sini", lambda answer: answer.status_code == 200)
    removed = {"do": "remove", "agents": ["sini"]}
    assert running.send("POST", "/operation/interventions", OPERATOR, removed).status_code == 201
    assert (running.commands[-1]["command"], running.commands[-1]["parameters"]) == ("revoke", {"agent": "sini"})
    assert running.get("/me/residents/sini", OPERATOR).status_code == 404
    running.client.publish(card, b"").wait_for_publish(5)
    until(running, "/agents/sini", lambda answer: answer.status_code == 404)


@pytest.mark.parametrize(
    ("body", "path", "allowed"),
    [
        ({"do": "flood"}, "body", "close"),
        ({"do": "close"}, "body.building", None),
        ({"do": "rule", "name": "gravity", "value": 1}, "body.name", "earshot"),
        ({"do": "price", "item": "coffee", "cents": -1}, "body.cents", "ge"),
        ({"do": "cut", "name": "x"}, "body", None),
        ({"do": "cut", "name": "x", "agents": ["otto"], "to": ["aino"]}, "body", None),
        ({"do": "cut", "name": "x", "agents": ["nobody"]}, "body.agents.0", None),
        ({"do": "remove", "agents": ["otto", "nobody"]}, "body.agents.1", None),
        ({"do": "add", "agent": "x", "name": "X", "like": "nobody"}, "body.like", None),
    ],
)
def test_a_wrong_intervention_is_told_where_it_is_wrong(running: Any, body: Any, path: str, allowed: str | None) -> None:
    before = len(running.commands)
    answer = running.send("POST", "/operation/interventions", OPERATOR, body)
    assert (answer.status_code, answer.json()["path"]) == (422, path), answer.text
    assert allowed is None or allowed in answer.json()["allowed"]
    assert len(running.commands) == before


def test_a_paused_town_is_not_changed(running: Any) -> None:
    running.clock(10, state="paused")
    until(running, "/clock", lambda answer: answer.json()["state"] == "paused")
    answer = running.send("POST", "/operation/interventions", OPERATOR, {"do": "broadcast", "text": "Hello."})
    running.clock(10)
    until(running, "/clock", lambda answer: answer.json()["state"] == "running")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_possible")
    assert "paused" in answer.json()["detail"]


def test_the_audit_log_is_paged_and_filtered(stage: Any) -> None:
    page = stage.get("/operation/audit", OPERATOR, limit=2).json()
    assert [entry["n"] for entry in page["items"]] == [3, 2]
    assert [entry["n"] for entry in stage.get("/operation/audit", OPERATOR, limit=2, cursor=page["next"]).json()["items"]] == [1]
    assert [entry["n"] for entry in stage.get("/operation/audit", OPERATOR, kind="moderation").json()["items"]] == [2]


def test_an_owner_sees_nothing_of_it(stage: Any) -> None:
    token = stage.account("curious")["access_token"]
    for path in ("", "/held", "/flags", "/quarantine", "/audit"):
        assert stage.get(f"/operation{path}", token).status_code == 403
    before = len(stage.commands)
    assert stage.send("POST", "/operation/interventions", token, {"do": "broadcast", "text": "Free money!"}).status_code == 403
    assert len(stage.commands) == before
