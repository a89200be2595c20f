"""The wire of an agent, as its owner watches it: every message with what of it is not as the contract has it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from mqttown_contract import topics

OUT = {channel: topics.agent_out("tiny", "ranta", "otto", channel) for channel in topics.OUT_CHANNELS}
VERDICT = topics.agent_in("tiny", "ranta", "otto", "verdict")


@contextmanager
def watching(stage: Any, agent: str, token: str) -> Iterator[Iterator[dict[str, Any]]]:
    """Messages of a stream that has begun."""
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.stream("GET", f"{stage.page}api/v1/me/agents/{agent}/wire", headers=headers, timeout=15) as answer:
        assert answer.status_code == 200, answer.read()
        lines = answer.iter_lines()
        assert next(line for line in lines if line.startswith("event")) == "event: beat"
        yield (json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: {") and line != "data: {}")


@pytest.mark.parametrize(
    ("payload", "fault"),
    [
        (b'{"id": "a-1", "action": "wait", "parameters": {"ticks": 5}}', None),
        (b'{"id": "a-2", "action": "wait", "parameters": {"tics": 5}}', "parameters.tics: "),
        (b'{"id": "a-3", "action": "fly", "parameters": {}}', "action: there is no action 'fly'"),
        (b'{"action": "wait", "parameters": {}}', "id: Field required"),
        (b"{now", "not JSON in UTF-8"),
        (b"[1]", "Input should be"),
    ],
    ids=["good", "wrong parameter", "no such verb", "no id", "no JSON", "no object"],
)
def test_a_message_is_shown_with_what_is_wrong_with_it(stage: Any, payload: bytes, fault: str | None) -> None:
    with watching(stage, "otto", "operator-token") as messages:
        stage.client.publish(OUT["action"], payload, qos=1).wait_for_publish(5)
        told = next(messages)
    assert (told["topic"], told["direction"], told["channel"], told["size"]) == (OUT["action"], "out", "action", len(payload))
    assert told["valid"] is (fault is None)
    assert (told["fault"] or "").startswith(fault or "")
    assert told["text"] == ("{now" if payload == b"{now" else None)


def test_both_directions_are_told_to_everybody_who_watches_and_nothing_of_others(stage: Any) -> None:
    verdict = {"generation": 1, "seq": 1, "action_id": "a-1", "agent_id": "otto", "tick": 12, "status": "accepted"}
    with watching(stage, "otto", "operator-token") as first, watching(stage, "otto", "operator-token") as second:
        stage.publish(topics.agent_out("tiny", "ranta", "leena", "hello"), {})
        stage.publish(OUT["hello"], {"session": "s"})
        stage.publish(VERDICT, verdict)
        for messages in (first, second):
            told = [next(messages), next(messages)]
            assert [(one["number"], one["channel"], one["valid"], one["lost"]) for one in told] == [
                (1, "hello", True, 0),
                (2, "verdict", True, 0),
            ]
            assert told[1]["message"]["tick"] == 12


def test_only_its_owner_watches_it(stage: Any) -> None:
    stranger = stage.account("curious")["access_token"]
    assert stage.get("/me/agents/otto/wire", stranger).status_code == 403
    assert stage.get("/me/agents/otto/wire").status_code == 401
    assert stage.get("/me/agents/nobody/wire", "operator-token").status_code == 404
