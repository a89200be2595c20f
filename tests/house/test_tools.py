"""The tools that keep the house: lint, format, types, import directions."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


def passes(*command: str) -> None:
    done = subprocess.run([str(BIN / command[0]), *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]


def test_lint() -> None:
    passes("ruff", "check", "--no-cache", ".")


def test_format() -> None:
    passes("ruff", "format", "--no-cache", "--check", ".")


@pytest.mark.timeout(300)
def test_types() -> None:
    passes("mypy")


def test_imports_point_down_the_stairs() -> None:
    passes("lint-imports", "--no-cache")
