"""A bounded run of the coverage-guided fuzzer over the way in; longer ones by hand, see its file."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
RUNS = int(os.environ.get("FUZZ_RUNS", "5000"))


@pytest.mark.timeout(180)
def test_so_many_inputs_lead_to_refusals_alone(tmp_path: Path, missing: Callable[[str], None], record_property: Any) -> None:
    try:
        import atheris  # noqa: F401, PLC0415
    except ImportError:
        missing("the wheel atheris is not installed; it has none for this Python")
    corpus = tmp_path / "corpus"
    shutil.copytree(HERE / "corpus", corpus)
    command = [sys.executable, str(HERE / "atheris_wire.py"), f"-runs={RUNS}", "-seed=7", "-max_len=4096", "-max_total_time=60"]
    done = subprocess.run([*command, str(corpus)], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    tried = re.search(r"Done (\d+) runs", done.stderr)
    assert tried, done.stderr[-2000:]
    record_property("tried", int(tried[1]))
    assert int(tried[1]) >= 100
