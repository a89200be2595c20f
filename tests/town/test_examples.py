"""The examples do what they say."""

import itertools
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.town, pytest.mark.timeout(300)]
EXAMPLES = Path(__file__).parents[2] / "examples"
SECONDS = 120


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

        assert "Traceback" not in complaints, complaints  # that somebody has walked out of earshot is no mistake


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
    elsewhere = {"deffuant.py"}  # tests/laboratory/test_examples.py
    assert files == {"mira.py", "crier.py", "parallel_env.py", "world_only.py"} | elsewhere
    readme = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert [name for name in sorted(files) if f"({name})" not in readme] == []


def test_mira_greets_in_a_cafe(town: Any, running: Any) -> None:
    assert lines_of_code("mira") <= 20
    town.cli("speed", "600")
    running("mira")
    said = said_by(town, "mira")[-1]
    assert said["data"]["text"] == "Good day, everybody!"
    assert town.api(f"/buildings/{said['building']}")["kind"] == "cafe"


def say_to(town: Any, stranger: Any, other: str, words: str) -> dict[str, Any]:
    """Wait in a house that the other comes to, and speak when it is there: it strolls between a few, and stays where people are."""
    deadline = time.monotonic() + SECONDS
    for number in itertools.count(1):
        verdict: dict[str, Any] = stranger.act(f"{words[:8]}-{number}-{time.monotonic_ns()}", "say", {"text": words, "to": [other]})
        if verdict["status"] == "accepted":
            return verdict
        assert verdict["code"] == "not_possible", verdict
        assert time.monotonic() < deadline, f"they did not meet in {number} tries"
        seen_last = town.api(f"/agents/{other}")
        if seen_last["building"] is not None or not seen_last["path"]:
            stranger.act(f"come-{time.monotonic_ns()}", "move_to", {"to": seen_last["building"] or other})
        stranger.find("observation", lambda seen: any(one["id"] == other for one in seen["observation"]["visible_agents"]), 6)
    raise AssertionError


def hears(observation: dict[str, Any], speaker: str) -> Iterator[dict[str, Any]]:
    return (one for one in observation["observation"]["messages"] if one["from"] == speaker)


def test_the_crier_answers_from_memory_and_names_its_source(town: Any, running: Any, connect: Any) -> None:
    assert lines_of_code("crier") <= 60
    town.cli("speed", "300")
    asker = connect(town.new_agent("asker"))
    running("crier")
    asker.hello()
    told = say_to(town, asker, "crier", "The heron nests on the red barge.")
    answer = None
    deadline = time.monotonic() + SECONDS
    while answer is None:  # it may have walked on before it could answer
        assert time.monotonic() < deadline, "the crier does not answer"
        say_to(town, asker, "crier", "What do you know of the heron?")
        seen = asker.find("observation", lambda message: any(hears(message, "crier")), 10)
        answer = seen and next(hears(seen, "crier"))
    assert "The heron nests on the red barge." in answer["text"]
    assert told["events"][0] in answer["about"], "so that the source can be traced"


def test_the_environment_runs() -> None:
    pytest.importorskip("pettingzoo", reason="extra gym")
    done = subprocess.run([sys.executable, str(EXAMPLES / "parallel_env.py")], capture_output=True, text=True, check=True)
    assert "aino: " in done.stdout


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
