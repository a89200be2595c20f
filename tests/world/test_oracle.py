"""A recorded day: the same seed and the same player give the same town, in every process and on every Python.

After a change of the rules on purpose: `python tests/world/recorded_day.py tests/towns/tiny.json 7 > tests/oracles/tiny_day.json`.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ORACLE = json.loads((HERE.parent / "oracles" / "tiny_day.json").read_text(encoding="utf-8"))


def played(town: Path, seed: int, hash_seed: str) -> dict:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    command = [sys.executable, str(HERE / "recorded_day.py"), str(town), str(seed)]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True, timeout=100)
    return json.loads(done.stdout)


@pytest.mark.parametrize("hash_seed", ["0", "4711"])
def test_the_recorded_day(tiny_town_file: Path, hash_seed: str) -> None:
    assert played(tiny_town_file, ORACLE["seed"], hash_seed) == ORACLE


def test_another_seed_is_another_day(tiny_town_file: Path) -> None:
    assert played(tiny_town_file, ORACLE["seed"] + 1, "0")["digest"] != ORACLE["digest"]


def test_the_day_is_full() -> None:
    for kind in (
        "said",
        "arrived",
        "stopped",
        "finished_work",
        "finished_meal",
        "woke",
        "gave",
        "bought",
        "claimed",
        "revoked",
        "day",
    ):
        assert ORACLE["events"][kind] > 0, kind
    assert ORACLE["money"] == 0
    assert ORACLE["verdicts"]["accepted"] > ORACLE["verdicts"]["not_possible"] > 0
