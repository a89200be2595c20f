"""Attacks on a town that was started with `--open`, which shows on this machine what the wire hides."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.town


@pytest.fixture(scope="module")
def town(make_town: Any) -> Iterator[Any]:
    """A town with `--open`, for this file alone."""
    running = make_town("--open")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def honest(town: Any, make_honest: Any) -> Iterator[Any]:
    agent = make_honest(town)
    yield agent
    agent.close()


def test_rebind_a_name(town: Any, anyone: httpx.Client) -> None:
    """Lead a page's own name to this machine (DNS rebinding), to read memories from a browser behind the town's back.

    401: the hidden side opens for the names of this machine alone.
    """
    port = town.api.rpartition(":")[2].partition("/")[0]
    assert anyone.get("/agents/olga/actions").status_code == 200, "open to this machine"
    for host in (
        "evil.example",
        f"evil.example:{port}",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "0.0.0.0",
        "[::ffff:7f00:1]",
    ):
        assert anyone.get("/agents/olga/actions", headers={"Host": host}).status_code in {400, 401}, host


def test_open_to_the_world(tmp_path: Path) -> None:
    """Start a town with `--open` on an address that others can reach.

    It does not start, and says why.
    """
    mqttown, ports = str(Path(sys.executable).parent / "mqttown"), ("--http-port", "0", "--mqtt-port", "0", "--ws-port", "0")
    command = [mqttown, "up", "--open", "--public", "--tls", "--host", "0.0.0.0", *ports, "--data", str(tmp_path / "data")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0
    assert "open" in done.stderr
    assert not (tmp_path / "data" / "running.json").exists()
