"""The tiny town for experiments, and a way to run one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mqttown_cli.laboratory.experiment import Experiment
from mqttown_cli.laboratory.runner import run_experiment

TINY = str(Path(__file__).parents[1] / "towns" / "tiny.json")
NEWS = "The lantern of Pihlajasaari burns blue again."


@pytest.fixture
def rumour() -> dict[str, Any]:
    """A small experiment that has something of everything."""
    return {
        "name": "rumour",
        "time_limit": 240,
        "repetitions": 2,
        "parameters": {"town": TINY, "talk": [True, False], "fact": NEWS},
        "metrics": ["gini", {"measure": "knowers", "as": "know", "fact": "${fact}"}],
        "metrics_every": 60,
        "setup": [{"do": "plant", "agent": "aino", "text": "${fact}"}],
        "interventions": [
            {"at": 30, "do": "close", "building": "cafe-satama"},
            {"when": "know >= 2", "do": "weather", "weather": "fog"},
        ],
        "surveys": [{"every": 120, "name": "heard", "ask": "knows", "about": "${fact}"}],
    }


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., tuple[dict[str, Any], Path]]:
    """Run an experiment into a new folder; the manifest and the folder."""
    made: list[Path] = []

    def run(plain: dict[str, Any], **how: Any) -> tuple[dict[str, Any], Path]:
        out = tmp_path / f"run-{len(made)}"
        made.append(out)
        return run_experiment(Experiment.of(plain), out, **how), out

    return run
