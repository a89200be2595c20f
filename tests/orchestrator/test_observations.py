"""Sizes: an observation is never too large, a long list is split, and what is left out is counted."""

import json
from typing import Any

import orjson

from mqttown_contract.types import LIST_SPLIT_BYTES, MAX_PAYLOAD_BYTES
from mqttown_orchestrator.observations import to_bytes
from mqttown_orchestrator.parts import split
from mqttown_orchestrator.witnessed import Witnessed


def large(messages: int, size: int) -> dict[str, Any]:
    words = [orjson.Fragment(orjson.dumps({"event": f"e-{n}-0", "text": "ä" * size})) for n in range(messages)]
    return {
        "id": "", "generation": 1, "seq": 0, "tick": 5, "agent_id": "mira", "traceparent": "",
        "observation": {"messages": words, "environment": {"events": []}, "location": {"nearby": []}}, "more": {"messages": 3},
    }  # fmt: skip


def test_the_oldest_messages_give_way() -> None:
    payload = to_bytes(large(50, 1_000), 9)
    assert len(payload) <= MAX_PAYLOAD_BYTES
    told = json.loads(payload)
    kept = told["observation"]["messages"]
    assert kept[-1]["event"] == "e-49-0"
    assert told["more"]["messages"] == 3 + 50 - len(kept)
    assert (told["seq"], told["id"]) == (9, "o-5-mira-9")


def test_what_fits_is_left_alone() -> None:
    assert len(json.loads(to_bytes(large(50, 500), 1))["observation"]["messages"]) == 50


def test_long_lists_are_split() -> None:
    entries = [orjson.dumps({"n": n, "text": "x" * 1_000}) for n in range(200)]
    parts = list(split({"tick": 1}, "events", entries))
    assert all(len(part) <= LIST_SPLIT_BYTES for part in parts)
    told = [json.loads(part) for part in parts]
    assert [one["part"] for one in told] == list(range(1, len(parts) + 1))
    assert {one["parts"] for one in told} == {len(parts)}
    assert [event["n"] for one in told for event in one["events"]] == list(range(200))


def test_short_lists_are_not() -> None:
    (only,) = split({"tick": 1}, "events", [b"{}"])
    assert json.loads(only) == {"tick": 1, "events": [{}]}


def test_the_newest_fifty_are_kept_and_the_rest_counted() -> None:
    log = Witnessed()
    for tick in range(200):
        log.hear(tick, b"%d" % tick)
    entries, more = log.messages(99)
    assert entries == [b"%d" % tick for tick in range(150, 200)]
    assert more == 50
    assert log.messages(197)[0] == entries[-2:]
    assert log.messages(199) == ([], 0)
    assert log.events(0) == ([], 0)
