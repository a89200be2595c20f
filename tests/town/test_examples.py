"""The examples do what they say."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.town, pytest.mark.timeout(120)]
EXAMPLES = Path(__file__).parents[2] / "examples"
SECONDS = 60


@pytest.fixture
def running(town: Any) -> Iterator[Any]:
    """Start an example against the town; it is ended with the test."""
    started: list[subprocess.Popen[str]] = []

    def start(name: str) -> subprocess.Popen[str]:
        town.new_agent(name)
        environment = {**os.environ, "MQTTOWN_DATA": str(town.data)}
        command = [sys.executable, str(EXAMPLES / f"{name}.py")]
        started.append(subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        process.terminate()
        _, complaints = process.communicate(timeout=10)
        assert complaints == ""


def lines_of_code(name: str) -> int:
    source = (EXAMPLES / f"{name}.py").read_text(encoding="utf-8")
    return len([line for line in source.splitlines() if line.strip()])


def said_by(town: Any, agent: str) -> list[dict[str, Any]]:
    """What somebody says, once they have said something."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        events = [event for event in town.api(f"/events?kind=said&agent={agent}")["items"] if event["agent"] == agent]
        if events:
            return events
        time.sleep(0.3)
    pytest.fail(f"{agent} said nothing within {SECONDS} s")


def test_every_example_is_listed_and_tested() -> None:
    files = {file.name for file in EXAMPLES.glob("*.py")}
    assert files == {"mira.py", "crier.py", "world_only.py"}
    readme = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert [name for name in sorted(files) if f"({name})" not in readme] == []


def test_mira_greets_in_a_cafe(town: Any, running: Any) -> None:
    assert lines_of_code("mira") <= 20
    town.cli("speed", "600")
    running("mira")
    said = said_by(town, "mira")[-1]
    assert said["data"]["text"] == "Good day, everybody!"
    assert town.api(f"/buildings/{said['building']}")["kind"] == "cafe"


def test_the_crier_answers_from_memory_and_names_its_source(town: Any, running: Any, connect: Any) -> None:
    assert lines_of_code("crier") <= 60
    town.cli("speed", "300")
    asker = connect(town.new_agent("asker"))
    running("crier")
    asker.hello()
    asker.act("come", "move_to", {"to": "crier"})
    deadline = time.monotonic() + SECONDS
    told = None
    number = 0
    while told is None:
        assert time.monotonic() < deadline, "they did not meet"
        number += 1
        told = asker.act(f"tell-{number}", "say", {"text": "The heron nests on the red barge.", "to": ["crier"]})
        if told["status"] == "rejected":
            assert told["code"] == "not_possible"
            told = None
            asker.act(f"come-{number}", "move_to", {"to": "crier"})
    asker.act("ask", "say", {"text": "What do you know of the heron?", "to": ["crier"]})
    seen = asker.expect(
        "observation", lambda message: any(one["from"] == "crier" for one in message["observation"]["messages"]), SECONDS
    )
    answer = next(one for one in seen["observation"]["messages"] if one["from"] == "crier")
    assert "The heron nests on the red barge." in answer["text"]
    assert told["events"][0] in answer["about"], "so that the source can be traced"


def test_the_world_alone_is_the_same_each_time() -> None:
    words = [
        subprocess.run(
            [sys.executable, str(EXAMPLES / "world_only.py")],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert words[0] == words[1]
    assert "accepted" in words[0]
    assert " arrived " in words[0]
