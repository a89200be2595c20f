"""Whatever is killed whenever, nothing accepted is lost, and nothing is doubled: the short forms of `mqttown bench crash`."""

import sys
from pathlib import Path

import pytest

from mqttown_cli.bench.crash.harness import Asked, bench_crash

pytestmark = pytest.mark.town


def tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")


@pytest.mark.timeout(240)
def test_nothing_is_lost_or_doubled_by_a_few_kills(tmp_path: Path) -> None:
    told = bench_crash(Asked(kills=6, agents=20, seed=3, speed=240.0, failpoint_ticks=20), tell, tmp_path)
    assert told["problems"] == []
    assert told["accepted"] > 20
    assert told["resent"] > 0


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_nothing_is_lost_or_doubled_by_many_kills(tmp_path: Path) -> None:
    told = bench_crash(Asked(kills=60, agents=100, seed=1, speed=240.0, failpoint_ticks=30), tell, tmp_path)
    assert told["problems"] == []
    assert told["accepted"] > 1000
    assert set(told["kills"]) >= {"orchestrator", "broker", "database", "memory"}
    assert len(told["failpoints"]) >= 4
