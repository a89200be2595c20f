"""The notebook of the examples: its cells run as they stand, from a run folder to three figures."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("matplotlib", reason="extra research")
pytest.importorskip("polars", reason="extra research")

from mqttown_cli.laboratory.experiment import Experiment
from mqttown_cli.laboratory.runner import run_experiment

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "examples" / "news.ipynb"
KEEP_FIGURES = """
for number in plt.get_fignums():
    plt.figure(number).savefig(f"figure-{number}.png")
print(len(aware), network.number_of_edges(), len(places))
"""


@pytest.fixture(scope="module")
def cells() -> list[str]:
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    assert all(cell["outputs"] == [] for cell in notebook["cells"] if cell["cell_type"] == "code"), (
        "keep outputs out of the repository"
    )
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]


def test_from_a_run_folder_to_three_figures(cells: list[str], tmp_path: Path) -> None:
    news = Experiment.read(ROOT / "content" / "scenarios" / "news.yaml", short=True).plain()
    town = {**news["parameters"], "town": str(ROOT / "tests" / "towns" / "tiny.json")}
    planted = [{**entry, "data": {**entry["data"], "agent": "aino"}} for entry in news["setup"]]
    small = {**news, "parameters": town, "setup": planted, "surveys": [], "time_limit": 300}
    run_experiment(Experiment.of(small), tmp_path / "runs" / "news")

    (tmp_path / "cells.py").write_text("\n\n".join([*cells, KEEP_FIGURES]), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "cells.py"],
        cwd=tmp_path,
        env={**os.environ, "MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    aware, edges, places = map(int, done.stdout.split())
    assert aware > 1
    assert edges
    assert places
    assert sorted(file.name for file in tmp_path.glob("*.png")) == ["figure-1.png", "figure-2.png", "figure-3.png"]
