"""The live stream: snapshot, frames, resuming, and the queue of a slow watcher."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from mqttown_contract import topics
from mqttown_dashboard.hub import PAST_BYTES, QUEUE_LENGTH, Hub


@contextmanager
def watching(page: str, last_id: str | None = None) -> Iterator[Iterator[dict[str, Any]]]:
    """The messages of a stream, as a browser would read them."""
    headers = {"Last-Event-ID": last_id} if last_id else {}
    with httpx.stream("GET", f"{page}api/v1/stream", headers=headers, timeout=10) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield read(answer)


def read(answer: httpx.Response) -> Iterator[dict[str, Any]]:
    message: dict[str, Any] = {}
    for line in answer.iter_lines():
        if not line:
            if "event" in message:
                yield message
            message = {}
            continue
        name, _, value = line.partition(": ")
        message[name] = json.loads(value) if name == "data" else value


def frame_with(messages: Iterator[dict[str, Any]], wanted: Any) -> dict[str, Any]:
    return next(message for message in messages if message["event"] == "frame" and wanted(message["data"]))


def test_a_stream_begins_with_the_present_and_goes_on_with_what_changes(stage: Any) -> None:
    with watching(stage.page) as messages:
        first = next(messages)
        assert first["event"] == "snapshot"
        assert [resident["id"] for resident in first["data"]["residents"]] == ["aino", "leena", "otto", "veikko"]
        stage.clock(11)
        clock = frame_with(messages, lambda data: data["clock"] and data["clock"]["tick"] == 11)
        assert clock["data"]["clock"]["weather"] == "rain"
        walk = {
            "id": "otto",
            "x": 47.0,
            "y": 28.0,
            "path": [[47.0, 28.0], [147.0, 28.0]],
            "starts_tick": 11,
            "arrives_tick": 14,
            "doing": "walking",
        }
        stage.publish(topics.district("tiny", "ranta", "people"), {"tick": 11, "people": [walk]})
        walker = frame_with(messages, lambda data: data["residents"])["data"]["residents"][0]
        assert (walker["id"], walker["path"], walker["arrives_tick"]) == ("otto", [[47.0, 28.0], [147.0, 28.0]], 14)
        said = {
            "id": "e-11-0",
            "kind": "said",
            "tick": 11,
            "district": "ranta",
            "agent": "otto",
            "data": {"text": "On my way!", "to": None},
            "witnesses": ["otto"],
        }
        stage.publish(topics.district("tiny", "ranta", "events"), {"generation": 1, "tick": 11, "events": [said]})
        heard = frame_with(messages, lambda data: data["events"])["data"]
        assert heard["events"][0]["data"]["text"] == "On my way!"
        assert heard["residents"][0]["said"]["event"] == "e-11-0"


def test_coming_back_brings_what_was_missed_and_nothing_twice(stage: Any) -> None:
    with watching(stage.page) as messages:
        assert next(messages)["event"] == "snapshot"
        stage.clock(12)
        last = frame_with(messages, lambda data: data["clock"] and data["clock"]["tick"] == 12)["id"]
    with watching(stage.page) as messages:
        next(messages)
        stage.clock(13)
        frame_with(messages, lambda data: data["clock"] and data["clock"]["tick"] == 13)
    with watching(stage.page, last) as messages:
        missed = next(messages)
        assert (missed["event"], missed["data"]["clock"]["tick"]) == ("frame", 13)


@pytest.mark.parametrize("last_id", ["ffffffff-3", "nonsense", "-", "1"])
def test_an_id_of_another_time_brings_a_snapshot(stage: Any, last_id: str) -> None:
    with watching(stage.page, last_id) as messages:
        assert next(messages)["event"] == "snapshot"


def test_a_message_that_is_no_json_harms_nobody(stage: Any) -> None:
    with watching(stage.page) as messages:
        next(messages)
        stage.client.publish(topics.world("tiny", "clock"), b"\xff{").wait_for_publish(5)
        stage.clock(14)
        frame_with(messages, lambda data: data["clock"] and data["clock"]["tick"] == 14)


async def test_a_slow_watcher_is_given_the_present_instead_of_a_long_past() -> None:
    hub = Hub(lambda: "now")
    stream = hub.watch(None)
    assert (await anext(stream)).data == "now"
    for number in range(QUEUE_LENGTH + 5):
        hub.send(str(number))
    assert [(await anext(stream)).event, hub.watchers] == ["snapshot", 1]
    hub.send("next")
    assert (await anext(stream)).data == "next"
    await stream.aclose()
    assert hub.watchers == 0


async def test_the_kept_past_is_bounded() -> None:
    hub = Hub(lambda: "now")
    hub.send("first")
    first = hub.last_id
    for _ in range(3):
        hub.send("x" * (PAST_BYTES // 2))
    stream = hub.watch(first)
    assert (await anext(stream)).event == "snapshot"
    await stream.aclose()
