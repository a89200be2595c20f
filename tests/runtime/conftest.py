"""A real broker without grants, and the town's side of the wire for hosted agents."""

import json
import shutil
import socket
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

OPEN_BROKER = """
listen: "127.0.0.1:-1"
server_name: test
jetstream {{ store_dir: "{folder}/stream" }}
mqtt {{ listen: "127.0.0.1:{port}" }}
"""


@pytest.fixture(scope="session")
def broker_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """MQTT port of a `nats-server` that lets everybody in."""
    folder = tmp_path_factory.mktemp("nats")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    (folder / "open.conf").write_text(OPEN_BROKER.format(folder=folder, port=port))
    program = str(Path(sys.executable).parent / "nats-server")
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen([program, "-c", str(folder / "open.conf")], stdout=log, stderr=log)
    yield port
    process.terminate()
    process.wait(10)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def small_town_file(tiny_town: Any, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """The tiny town with two people, under a name of its own, so that tests don't meet on the broker."""
    tiny_town["people"] = tiny_town["people"][:2]
    tiny_town["town"]["id"] = f"town-{zlib.crc32(request.node.name.encode())}"
    file = tmp_path / "town.json"
    file.write_text(json.dumps(tiny_town), encoding="utf-8")
    return file
