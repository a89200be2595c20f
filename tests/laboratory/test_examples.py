"""The experiments among the examples, in their short forms: a file each, and at most a page of Python beside it."""

import json
from pathlib import Path

import polars as pl
import pytest

from mqttown_cli.laboratory.experiment import Experiment, ExperimentError
from mqttown_cli.laboratory.folder import RunFolder
from mqttown_cli.laboratory.runner import RunError, run_experiment
from mqttown_cli.laboratory.verification import verify_run

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_who_listens_farther_ends_in_fewer_camps(tmp_path: Path) -> None:
    run_experiment(Experiment.read(EXAMPLES / "deffuant.yaml", short=True), tmp_path / "run")
    folder = RunFolder(tmp_path / "run")
    last = folder.table("model_vars").group_by("RunId", maintain_order=True).last()
    assert last.filter(pl.col("confidence") == 0.5)["camps"].to_list() == [1, 1]
    assert last.filter(pl.col("confidence") == 0.15)["camps"].min() > 1  # type: ignore[operator]
    assert (tmp_path / "run" / "model" / "deffuant.py").exists(), "model and measure are kept with the run"
    assert verify_run(tmp_path / "run", [0]).ok
    told = json.loads((tmp_path / "run" / "dictionary.json").read_text(encoding="utf-8"))
    assert told["model_vars"]["columns"]["camps"]["meaning"].startswith("Groups of opinions")


def test_a_cafe_that_closes_sells_nothing_and_changes_nothing_before(tmp_path: Path) -> None:
    run_experiment(Experiment.read(EXAMPLES / "cafe-closes.yaml", short=True), tmp_path / "run")
    folder = RunFolder(tmp_path / "run")
    hashes = [folder.table("ticks", run_id).filter(pl.col("tick") <= 1440)["events_hash"].to_list() for run_id in (0, 1)]
    assert hashes[0] == hashes[1]
    measured = folder.table("model_vars")
    assert measured.filter(pl.col("Step") == 1440)["at_the_cafe"].to_list()[0] > 0
    after = folder.table("events").filter(
        pl.col("kind") == "bought", pl.col("building") == "karl-fazer-cafe", pl.col("tick") > 1441
    )
    assert set(after["RunId"]) == {0}
    sold = folder.table("events", 1).filter(pl.col("kind") == "bought", pl.col("tick") > 720)
    last = measured.filter(pl.col("RunId") == 1).row(-1, named=True)
    assert last["takings_of_all"] == sold["data"].str.json_path_match("$.price").cast(pl.Int64).sum(), "a recount"
    assert last["at_engel"] == sold.filter(pl.col("building") == "cafe-engel")["agent"].n_unique()


def test_what_is_not_in_the_file_beside_is_told(tmp_path: Path) -> None:
    plain = {"name": "wrong", "time_limit": 1, "model": "deffuant.py:Deffuant", "parameters": {"agents": 4}}
    wrong = {"deffuant.py:TENTS": "has no attribute 'TENTS'", "nowhere.py:X": "nowhere", "deffuant.py:camps": "is no Measure"}
    for measure, told in wrong.items():
        with pytest.raises(RunError, match=told):
            run_experiment(Experiment.of({**plain, "metrics": [measure]}, EXAMPLES), tmp_path / measure)
    with pytest.raises(ExperimentError, match="beside the experiment"):
        run_experiment(Experiment.of({**plain, "model": "nowhere.py:X"}, EXAMPLES), tmp_path / "none")
