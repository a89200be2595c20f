"""The golden transcripts are of the wire: topics, messages and manners are as the contract says."""

import json
from pathlib import Path
from typing import Any

import pytest

from mqttown_cli.conformance.scenes import SCENES
from mqttown_contract import topics
from mqttown_contract.catalogue import CHANNELS

FOLDER = Path(__file__).parents[2] / "docs" / "transcripts"
MODELS = {channel.name: channel.message for channel in CHANNELS}
FILES = sorted(FOLDER.glob("*.jsonl"))
LEFT_OUT = {"junk", "flood"}
"""One is none of the wire, the other says the same a hundred times."""


def entries(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_each_scene_has_one() -> None:
    assert {file.stem.replace("-", " ") for file in FILES} == {scene.name for scene in SCENES} - LEFT_OUT


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_message_is_of_its_topic(file: Path) -> None:
    published = [entry for entry in entries(file) if entry["packet"] == "PUBLISH"]
    assert published
    for entry in published:
        topic = topics.parse(entry["topic"])
        middle = f"_{topic.direction}" if topic.direction else ""
        MODELS[f"{topic.scope}{middle}_{topic.channel}"].model_validate(entry["message"])
        assert (topic.direction == "out") == (entry["from"] == "agent")


def test_arrival_shows_a_will_and_a_hello_of_one_session() -> None:
    spoken = [entry for entry in entries(FOLDER / "arrival.jsonl") if entry["from"] == "agent"]
    connect = spoken[0]
    assert (connect["packet"], connect["level"], connect["client_id"]) == ("CONNECT", 4, connect["username"])
    hello = next(entry for entry in spoken if entry["packet"] == "PUBLISH")
    assert connect["will_message"] == {"status": "offline", "session": hello["message"]["session"]}


def test_silence_shows_the_same_action_twice() -> None:
    actions = [entry["message"] for entry in entries(FOLDER / "silence.jsonl") if entry.get("topic", "").endswith("/out/action")]
    assert actions[0] == actions[1]
