"""A whole town, started as a person would start it: `mqttown up` in a process of its own."""

import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

MQTTOWN = str(Path(sys.executable).parent / "mqttown")
FREE_PORTS = ("--http-port", "0", "--mqtt-port", "0", "--ws-port", "0")
READY_SECONDS = 90


class RunningTown:
    """One `mqttown up`."""

    def __init__(self, data: Path, *args: str, environment: dict[str, str] | None = None) -> None:
        self.data = data
        self.lines: list[str] = []
        self._words: queue.Queue[str | None] = queue.Queue()
        self.process = subprocess.Popen(
            [MQTTOWN, "up", "--data", str(data), *FREE_PORTS, *args],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )
        threading.Thread(target=self._read, daemon=True).start()
        self.ready: dict[str, str] = {}

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as out:
            for line in out:
                self.lines.append(line.rstrip())
                self._words.put(line.rstrip())
        self._words.put(None)

    def wait_ready(self) -> "RunningTown":
        while True:
            line = self._words.get(timeout=READY_SECONDS)
            assert line is not None, "the town ended: " + "\n".join(self.lines)
            if line.startswith("ready "):
                self.ready = json.loads(line.removeprefix("ready "))
                return self

    @property
    def running(self) -> dict[str, Any]:
        return dict(json.loads((self.data / "running.json").read_text(encoding="utf-8")))

    @property
    def mqtt_port(self) -> int:
        return int(self.ready["mqtt"].rpartition(":")[2])

    def cli(self, *args: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run([MQTTOWN, *args, "--data", str(self.data)], capture_output=True, text=True, timeout=60, check=False)
        assert not check or done.returncode == 0, done.stderr + done.stdout
        return done

    def new_agent(self, name: str, *args: str) -> dict[str, Any]:
        return dict(json.loads(self.cli("agent", "new", name, "--json", *args).stdout))

    def api(self, path: str) -> Any:
        with urllib.request.urlopen(f"{self.ready['api']}{path}", timeout=20) as answer:  # our own loopback
            return json.load(answer)

    def stop(self, how: signal.Signals = signal.SIGINT, seconds: float = 20) -> int:
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(seconds)


@pytest.fixture
def start_town(tmp_path: Path) -> Iterator[Callable[..., RunningTown]]:
    """Start towns on fresh (or given) data directories; all are stopped at the end."""
    started: list[RunningTown] = []

    def start(*args: str, data: Path | None = None, environment: dict[str, str] | None = None) -> RunningTown:
        town = RunningTown(data or tmp_path / f"town{len(started)}", *args, environment=environment)
        started.append(town)
        return town.wait_ready()

    yield start
    for town in started:
        town.stop()


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningTown]:
    """One town for all tests of a module, with everything shown (`--open`)."""
    running = RunningTown(tmp_path_factory.mktemp("town") / "data", "--open", "--speed", "120")
    try:
        yield running.wait_ready()
    finally:
        running.stop()


@pytest.fixture(scope="session")
def mosquitto_clients(missing: Callable[[str], None]) -> None:
    """`mosquitto_sub` and `mosquitto_pub`."""
    if shutil.which("mosquitto_sub") is None:
        missing("mosquitto_sub is not installed (Debian's package mosquitto-clients)")
