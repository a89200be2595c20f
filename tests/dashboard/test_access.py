"""What the wire hides: who gets to see it, and what it is."""

from typing import Any

import pytest

SECRET = "The blue door opens at nine."
HIDDEN = ["/agents/aino/knows", "/agents/aino/memories?query=door", "/agents/aino/actions"]


@pytest.mark.parametrize("path", HIDDEN)
@pytest.mark.parametrize(
    ("token", "status"),
    [(None, 401), ("wrong", 403), ("expired-key", 403), ("aino-key", 200), ("operator-token", 200), ("researcher-token", 200)],
)
def test_the_hidden_side_needs_the_right_token(stage: Any, path: str, token: str | None, status: int) -> None:
    answer = stage.get(path, token)
    assert answer.status_code == status
    if status != 200:
        assert answer.json()["code"] == "not_allowed"
        assert SECRET not in answer.text


def test_a_key_opens_only_its_own_agent(stage: Any) -> None:
    assert stage.get("/agents/otto/knows", "aino-key").status_code == 403


def test_an_unknown_agent_is_unknown_whoever_asks(stage: Any) -> None:
    assert stage.get("/agents/nobody/knows").status_code == 404


def test_knowledge_comes_with_the_chain_of_words(stage: Any) -> None:
    facts = stage.get("/agents/veikko/knows", "operator-token").json()["items"]
    secret = next(fact for fact in facts if fact["event"] == "e-3-0")
    assert (secret["text"], secret["heard_from"], secret["learned_tick"], secret["first_hand"]) == (SECRET, "leena", 7, False)
    assert [(hop["event"], hop["by"]) for hop in secret["chain"]] == [("e-3-0", "aino"), ("e-5-0", "otto"), ("e-7-0", "leena")]
    for hop, following in zip(secret["chain"], secret["chain"][1:], strict=False):
        assert following["by"] in hop["to"]


def test_who_was_told_at_first_hand_has_a_chain_of_one(stage: Any) -> None:
    facts = stage.get("/agents/otto/knows", "operator-token", text="blue door").json()["items"]
    assert [(fact["event"], len(fact["chain"]), fact["heard_from"], fact["first_hand"]) for fact in facts] == [
        ("e-3-0", 1, "aino", True)
    ]


def test_facts_are_paged(stage: Any) -> None:
    first = stage.get("/agents/veikko/knows", "operator-token", limit=1).json()
    second = stage.get("/agents/veikko/knows", "operator-token", limit=1, cursor=first["next"]).json()
    assert {first["items"][0]["event"], second["items"][0]["event"]} == {"e-3-0", "e-7-1"}
    assert second["next"] is None


def test_memories_are_asked_of_the_memory_service(stage: Any) -> None:
    page = stage.get("/agents/aino/memories", "aino-key", query="doors", limit=3).json()
    assert page["items"][0]["text"] == "aino: doors"
    assert {"score", "recency", "importance", "relevance", "evidence"} <= page["items"][0].keys()
    assert (stage.asked[-1]["op"], stage.asked[-1]["k"], stage.asked[-1]["agent"]) == ("recall", 3, "aino")


def test_actions_come_with_their_verdicts(stage: Any) -> None:
    items = stage.get("/agents/aino/actions", "aino-key").json()["items"]
    assert [(item["id"], item["status"], item["code"]) for item in items] == [
        ("a-2", "rejected", "not_possible"),
        ("a-1", "accepted", None),
    ]
