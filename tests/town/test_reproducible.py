"""A lockstep day depends on its seed alone; and every run replays to its own hash."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import psutil
import pytest

from mqttown_cli.laboratory.town import Town

pytestmark = [pytest.mark.town, pytest.mark.timeout(300)]
ROOT = Path(__file__).parents[2]
DAY_TICKS = 1440
DAY_SECONDS = 200
OTHER_PYTHON = "3.13" if sys.version_info[:2] != (3, 13) else "3.11"


def verified(town: Any) -> dict[str, Any]:
    found = dict(json.loads(town.cli("verify", "--json").stdout))
    assert found["ok"] is True, found
    assert found["first_bad_tick"] is None
    return found


@pytest.fixture
def lived(start_town: Callable[..., Any]) -> Callable[..., dict[str, Any]]:
    """Let a town live for some ticks in lockstep; returns what `mqttown verify` says of it."""

    def live(ticks: int, seed: int, hash_seed: int) -> dict[str, Any]:
        lockstep = ("--lockstep", "--speed", "0", "--for-ticks", str(ticks), "--seed", str(seed))
        town = start_town(*lockstep, environment={"PYTHONHASHSEED": str(hash_seed)})
        assert town.process.wait(DAY_SECONDS) == 0, town.lines
        found = verified(town)
        assert found["ticks"] == ticks
        return found

    return live


def headless(ticks: int, seed: int) -> str:
    """Hash of the state of the laboratory's town after some ticks."""
    town = Town(seed=seed)
    for _ in range(ticks):
        town.step()
    return town.digest()


def test_two_hours_depend_on_the_seed_alone(lived: Callable[..., dict[str, Any]]) -> None:
    first = lived(120, seed=7, hash_seed=1)["hash"]
    assert lived(120, seed=7, hash_seed=2)["hash"] == first
    assert headless(120, seed=7) == first, "an experiment without ports lives the same two hours"


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_town_day_depends_on_the_seed_alone(lived: Callable[..., dict[str, Any]]) -> None:
    first = lived(DAY_TICKS, seed=7, hash_seed=1)
    assert lived(DAY_TICKS, seed=7, hash_seed=2)["hash"] == first["hash"]
    assert lived(DAY_TICKS, seed=8, hash_seed=1)["hash"] != first["hash"]
    assert headless(DAY_TICKS, seed=7) == first["hash"], "an experiment without ports lives the same day"


def test_a_live_run_replays_to_its_own_hash_and_can_be_forked(start_town: Callable[..., Any], tmp_path: Path) -> None:
    town = start_town("--speed", "6000", "--for-ticks", "300")
    assert town.process.wait(DAY_SECONDS) == 0, town.lines
    whole = verified(town)
    assert whole["ticks"] == 300
    fork = json.loads(town.cli("experiment", "fork", str(tmp_path / "end"), "--json").stdout)
    assert (fork["tick"], fork["hash"]) == (300, whole["hash"])
    town.cli("experiment", "fork", str(tmp_path / "middle"), "--at", "200")
    again, closed = (Town(seed=1, start=str(tmp_path / "middle")) for _ in range(2))
    closed.intervene("close", {"building": "cafe-engel"}, "by hand")
    for _ in range(60):
        again.step()
        closed.step()
    assert again.steps == 260
    assert again.digest() != closed.digest()
    assert again.tables()["actions"].filter(pl.col("tick") > 201).height > 20, "the residents live on"


@pytest.fixture
def other_python() -> Path:
    """`mqttown` in an environment of the other Python, from the locked packages."""
    interpreter = _interpreter(OTHER_PYTHON)
    if interpreter is None:
        pytest.skip(f"there is no Python {OTHER_PYTHON} on this machine to compare with")
    place = ROOT / ".cache" / f"venv-{OTHER_PYTHON}"
    pip = [str(place / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--quiet", "--no-input", "install"]
    requirements = (ROOT / "requirements" / "town.txt").read_bytes()
    stamp = place / "town.txt"
    if not stamp.exists() or stamp.read_bytes() != requirements:
        shutil.rmtree(place, ignore_errors=True)
        subprocess.run([interpreter, "-m", "venv", str(place)], check=True)
        subprocess.run([*pip, "--require-hashes", "-r", str(ROOT / "requirements" / "town.txt")], check=True)
        subprocess.run([*pip, "--no-deps", "--no-build-isolation", "-e", str(ROOT / "sdk"), "-e", str(ROOT)], check=True)
        stamp.write_bytes(requirements)
    return place / "bin" / "mqttown"


def _interpreter(version: str) -> str | None:
    """A Python of that version: on the PATH, or one of pyenv's."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [shutil.which(f"python{version}"), *sorted(map(str, pyenv.glob(f"{version}*/bin/python{version}")))]
    for candidate in candidates:
        if candidate is None:
            continue
        asked = subprocess.run(
            [candidate, "-c", "import venv, sys; print(*sys.version_info[:2], sep='.')"],
            capture_output=True,
            text=True,
            check=False,
        )
        if asked.returncode == 0 and asked.stdout.strip() == version:
            return candidate
    return None


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_town_day_is_the_same_on_another_python(lived: Callable[..., dict[str, Any]], other_python: Path, tmp_path: Path) -> None:
    data = str(tmp_path / "other")
    ports = ("--http-port", "0", "--mqtt-port", "0", "--ws-port", "0")
    up = [
        str(other_python),
        "up",
        "--data",
        data,
        *ports,
        "--lockstep",
        "--speed",
        "0",
        "--for-ticks",
        str(DAY_TICKS),
        "--seed",
        "7",
    ]
    with subprocess.Popen(up, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            words, _ = process.communicate(timeout=DAY_SECONDS)
        finally:
            for child in psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []:
                child.kill()
            process.kill()
    assert process.returncode == 0, words
    done = subprocess.run([str(other_python), "verify", "--json", "--data", data], capture_output=True, text=True, check=True)
    theirs = json.loads(done.stdout)
    assert theirs["ok"] is True
    assert theirs["ticks"] == DAY_TICKS
    assert theirs["hash"] == lived(DAY_TICKS, seed=7, hash_seed=1)["hash"]
