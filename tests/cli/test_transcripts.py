"""The golden transcripts are of the wire: topics, messages and manners are as the contract says."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mqttown_broker.grants import of_agent
from mqttown_cli.conformance.packets import Packet
from mqttown_cli.conformance.report import Report
from mqttown_cli.conformance.rules import AGENT_RULES
from mqttown_cli.conformance.scenes import SCENES
from mqttown_cli.conformance.tap import Line, Passed
from mqttown_cli.conformance.town import PlayedTown
from mqttown_cli.conformance.watch import Watch
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


def judged(doctor: Callable[[dict[str, Any]], None] = lambda _: None) -> Report:
    """What the kit that judges living agents says of the transcripts, played in the order of the scenes."""
    nobody: Any = None
    town = PlayedTown(nobody, nobody, "playtown", "stage", "mira", 6.0)
    report = Report("golden", AGENT_RULES)
    watch = Watch(town, "mira", of_agent("playtown", "stage", "mira"), report)
    names = [scene.name.replace(" ", "-") for scene in SCENES if scene.name not in LEFT_OUT]
    for began, entry in (
        (100.0 * number, entry) for number, name in enumerate(names) for entry in entries(FOLDER / f"{name}.jsonl")
    ):
        doctor(entry)
        at = began + entry["at"]  # which begins anew with each scene
        fields = {
            name.replace("message", "payload"): json.dumps(value).encode() if "message" in name else value
            for name, value in entry.items()
        }
        passed = Passed(at, entry["from"], Line(1), Packet(entry["packet"], fields))
        watch.hear(passed)
        town.hear(passed)
        if entry.get("topic", "").endswith("/in/verdict"):
            verdict = entry["message"]
            town.undecided.pop(verdict["action_id"], None)
            if verdict.get("code") not in {"rate_limited", "quarantined", "malformed"}:
                town.decided.setdefault(verdict["action_id"], (at, verdict))
    return report


def test_the_kit_finds_nothing_wrong_with_them() -> None:
    found = {name: (finding.outcome, finding.detail, finding.evidence) for name, finding in judged().findings.items()}
    assert {name: told for name, told in found.items() if told[0] == "fail"} == {}
    shown = {name for name, told in found.items() if told[0] == "pass"}
    assert {"connect.client_id", "connect.will", "connect.session", "subscribe.granted", "hello.rate", "action.eight"} <= shown
    assert {"action.verb", "action.observation", "action.fresh_id", "resend.same", "publish.granted"} <= shown


def other_client(entry: dict[str, Any]) -> None:
    if entry["packet"] == "CONNECT":
        entry["client_id"] = "otto"


def other_words(entry: dict[str, Any]) -> None:
    if entry["from"] == "agent" and "action" in entry.get("message", {}):
        entry["message"]["action"] = "fly"


def beyond(entry: dict[str, Any]) -> None:
    if entry["packet"] == "SUBSCRIBE":
        entry["filters"] = [["#", 1]]


@pytest.mark.parametrize(
    ("doctor", "rule"), [(other_client, "connect.client_id"), (other_words, "action.verb"), (beyond, "subscribe.granted")]
)
def test_the_kit_finds_what_is_changed_in_them(doctor: Callable[[dict[str, Any]], None], rule: str) -> None:
    assert judged(doctor).findings[rule].outcome == "fail"
