"""The three strangers of the README, taken out of it and run as printed."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.town, pytest.mark.timeout(300)]
ROOT = Path(__file__).parents[2]
LIFE_SECONDS = 90


def block(name: str) -> str:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(rf"<!-- test: {name} -->\n```\w+\n(.*?)```", text, re.DOTALL)
    assert found, f"the README has no block {name}"
    return found[1]


@pytest.fixture(scope="module", autouse=True)
def quick(town: Any) -> None:
    """Ten ticks a second: the cafés open an hour after the town begins."""
    town.cli("speed", "600")


@pytest.fixture(scope="module")
def folder(town: Any) -> Path:
    """A folder as the README has it: the town's data is in `.mqttown`."""
    place = Path(town.data).parent / "checkout"
    place.mkdir()
    (place / ".mqttown").symlink_to(town.data)
    return place


def live_until_said(
    town: Any, agent: str, command: list[str], folder: Path, environment: dict[str, str] | None = None
) -> dict[str, Any]:
    """Run a stranger until it has spoken in a café; returns the `said` event."""
    log = folder / f"{agent}.out"
    with log.open("w") as out:
        program = subprocess.Popen(
            command, cwd=folder, stdout=out, stderr=out, env={**os.environ, **(environment or {})}, start_new_session=True
        )
    try:
        deadline = time.monotonic() + LIFE_SECONDS
        while time.monotonic() < deadline:
            said = town.api(f"/events?kind=said&agent={agent}")["items"]
            if said:
                return dict(said[0])
            assert program.poll() in {None, 0}, log.read_text()
            time.sleep(0.5)
        pytest.fail(f"{agent} said nothing within {LIFE_SECONDS} s: {log.read_text()[-3000:]}")
    finally:
        with contextlib.suppress(ProcessLookupError):  # it has ended, and whatever it had started too
            os.killpg(program.pid, signal.SIGTERM)
        program.wait(10)


def in_a_cafe(town: Any, event: dict[str, Any]) -> None:
    assert event["building"]
    assert town.api(f"/buildings/{event['building']}")["kind"] == "cafe"
    walked = town.api(f"/events?kind=arrived&agent={event['agent']}")["items"]
    assert walked, "it walked there"


def test_python(town: Any, folder: Path) -> None:
    source = block("python")
    assert len([line for line in source.splitlines() if line.strip()]) <= 20
    town.new_agent("mira")
    (folder / "mira.py").write_text(source, encoding="utf-8")
    in_a_cafe(town, live_until_said(town, "mira", [sys.executable, "mira.py"], folder))


def test_javascript(town: Any, folder: Path, node_modules: Path, node: str) -> None:
    town.new_agent("juno")
    (folder / "juno.mjs").write_text(block("javascript"), encoding="utf-8")
    (folder / "node_modules").symlink_to(node_modules)
    in_a_cafe(town, live_until_said(town, "juno", [node, "juno.mjs"], folder))


def test_nothing_but_mosquitto(town: Any, folder: Path, mosquitto_clients: None) -> None:
    town.new_agent("kai")
    event = live_until_said(town, "kai", ["sh", "-c", block("shell")], folder)
    in_a_cafe(town, event)
