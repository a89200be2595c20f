"""The crowd of `mqttown bench loop` does what the figures say it does."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

MQTTOWN = Path(sys.executable).parent / "mqttown"


def test_the_crowd_keeps_its_mix_and_is_answered_in_every_tick() -> None:
    command = [str(MQTTOWN), "bench", "loop", "--agents", "40", "--ticks", "15", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=180)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["mix_percent"] == pytest.approx({"say": 40, "move_to": 40, "others": 20}, abs=3)
    assert result["accepted_share"] >= 0.99
    assert result["answered_share"] == pytest.approx(1, abs=0.1)
    # A tick's public part, a verdict and an observation each.
    assert result["raw"]["messages"] > 2 * 40
    assert set(result["cpu_share"]) == {"gate", "orchestrator", "postgres", "crowd"}
