"""`mqttown up` as a person uses it."""

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from mqttown_cli.folder import DataFolder
from mqttown_cli.ports import choose_ports

pytestmark = [pytest.mark.town, pytest.mark.timeout(180)]


def test_it_comes_up_shows_progress_stops_and_goes_on(start_town: Callable[..., Any], tmp_path: Path) -> None:
    first = start_town("--speed", "600", data=tmp_path / "a")
    assert set(first.ready) == {"page", "api", "mqtt", "ws"}
    assert any("reading the town" in line for line in first.lines)
    deadline = time.monotonic() + 20
    while first.api("/clock")["tick"] < 12 and time.monotonic() < deadline:
        time.sleep(0.2)
    began = time.monotonic()
    assert first.stop(signal.SIGINT) == 0
    assert time.monotonic() - began < 5, first.lines
    second = start_town(data=tmp_path / "a")
    assert second.api("/clock")["tick"] >= 12
    assert second.stop(signal.SIGTERM) == 0
    verified = json.loads(second.cli("verify", "--json").stdout)
    assert verified["ok"] is True
    assert verified["ticks"] >= 12


def test_another_seed_on_the_same_data_is_refused(start_town: Callable[..., Any], tmp_path: Path) -> None:
    start_town("--seed", "7", data=tmp_path / "a").stop()
    with pytest.raises(AssertionError, match="made with --seed 7, not 8"):
        start_town("--seed", "8", data=tmp_path / "a")


def test_a_taken_port_is_named_with_its_flag(start_town: Callable[..., Any], tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(AssertionError, match=f"127.0.0.1:{port} .*--mqtt-port"):
            start_town("--mqtt-port", str(port), data=tmp_path / "a")


def test_two_towns_on_one_directory_are_refused(start_town: Callable[..., Any], tmp_path: Path) -> None:
    start_town(data=tmp_path / "a")
    with pytest.raises(AssertionError, match="already runs"):
        start_town(data=tmp_path / "a")


def test_a_killed_parent_leaves_nothing_that_blocks_the_next(start_town: Callable[..., Any], tmp_path: Path) -> None:
    ports = choose_ports("127.0.0.1", {"--http-port": 0, "--mqtt-port": 0, "--ws-port": 0})
    args = ["--speed", "600", *(str(word) for pair in ports.items() for word in pair)]
    first = start_town(*args, data=tmp_path / "a")
    children = psutil.Process(first.process.pid).children(recursive=True)
    assert len(children) >= 6
    first.process.kill()
    second = start_town(*args, data=tmp_path / "a")  # at once, on the same ports
    _gone, alive = psutil.wait_procs(children, timeout=10)
    assert alive == []
    assert second.ready == first.ready
    assert json.loads(second.cli("verify", "--json").stdout)["ok"] is True
    assert second.stop() == 0
    assert not DataFolder(tmp_path / "a").held()


def test_ctrl_c_stops_it_while_it_comes_up(start_town: Callable[..., Any], tmp_path: Path) -> None:
    early = start_town(data=tmp_path / "a", ready=False)
    early.wait_line("· opening the broker")
    began = time.monotonic()
    early.stop(signal.SIGINT)
    assert time.monotonic() - began < 5, early.lines
    start_town("--for-ticks", "1", data=tmp_path / "a")


def test_commands_say_when_no_town_runs(tmp_path: Path) -> None:
    mqttown = str(Path(sys.executable).parent / "mqttown")
    done = subprocess.run([mqttown, "agent", "list", "--data", str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "no town runs" in done.stderr


def test_for_ticks_ends_by_itself(start_town: Callable[..., Any], tmp_path: Path) -> None:
    town = start_town("--speed", "0", "--for-ticks", "30", data=tmp_path / "a")
    assert town.process.wait(60) == 0
    assert json.loads(town.cli("verify", "--json").stdout)["ticks"] == 30
