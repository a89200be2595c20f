"""Runs depend on the file and the seed alone: not on workers, not on being killed; and all of it can be checked again."""

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import psutil
import pytest
from typer.testing import CliRunner

from mqttown_cli.__main__ import app
from mqttown_cli.laboratory.experiment import Experiment
from mqttown_cli.laboratory.folder import RunFolder, RunFolderError
from mqttown_cli.laboratory.runner import RunError, run_experiment

TINY = str(Path(__file__).parents[1] / "towns" / "tiny.json")
NEWS = "The lantern of Pihlajasaari burns blue again."
Run = Callable[..., tuple[dict[str, Any], Path]]


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_the_same_twice_and_on_two_worker_counts(rumour: dict[str, Any], run: Run) -> None:
    first, one = run(rumour)
    second, _ = run(rumour, workers=2)
    assert first["hash"] == second["hash"]
    assert [entry["hash"] for entry in first["runs"]] == [entry["hash"] for entry in second["runs"]]
    assert len({entry["state"] for entry in first["runs"]}) == 4, "seeds and talk make a difference"
    assert CliRunner().invoke(app, ["verify", str(one)]).exit_code == 0
    told = json.loads(CliRunner().invoke(app, ["verify", str(one), "--run", "2", "--json"]).stdout)
    assert (told["ok"], told["runs"], told["hash"]) == (True, 1, first["hash"])


HELD = '''
"""A town that waits in the middle of its second seed until it is let go: whoever kills it there has not come too late."""

import time
from pathlib import Path

from mqttown_cli.laboratory.town import Town


class Held(Town):
    def __init__(self, *, seed: int, town: str, talk: bool, gate: str) -> None:
        super().__init__(seed=seed, town=town, talk=talk)
        self.gate = Path(gate)

    def step(self) -> None:
        while self.seed == 2 and self.steps == 100 and not self.gate.exists():
            time.sleep(0.01)
        super().step()
'''


DEADLY = '''
"""A model that kills its process as long as there is no gate."""

import os
import signal
from pathlib import Path


class Deadly:
    def __init__(self, *, seed: int, gate: str) -> None:
        self.seed, self.gate, self.steps, self.running = seed, Path(gate), 0, True

    def step(self) -> None:
        if self.seed == 2 and not self.gate.exists():
            os.kill(os.getpid(), signal.SIGKILL)
        self.steps += 1
'''


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_run_that_was_killed_goes_on_where_it_was(rumour: dict[str, Any], tmp_path: Path) -> None:
    gate, file, whole, out = (tmp_path / name for name in ("gate", "rumour.json", "whole", "killed"))
    (tmp_path / "held.py").write_text(HELD, encoding="utf-8")
    held = {**rumour, "model": "held.py:Held", "parameters": {**rumour["parameters"], "gate": str(gate)}}
    file.write_text(json.dumps(held), encoding="utf-8")  # JSON is YAML
    command = [sys.executable, "-m", "mqttown_cli", "experiment", "run", str(file), "--out", str(out), "--workers", "2"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while len(list(out.glob("done/*.json"))) < 2:
            with suppress(subprocess.TimeoutExpired):
                pytest.fail(f"it ended with {process.wait(timeout=0.01)}, though runs of the second seed are held")
        children = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        for child in children:
            child.kill()
        psutil.wait_procs(children)
    assert not (out / "manifest.json").exists()
    finished = {file.name: file.stat().st_mtime_ns for file in out.glob("done/*.json")}
    assert sorted(finished) == ["0000.json", "0001.json"], "half of them: the others were killed in the middle"
    gate.touch()
    again, never_killed = run_experiment(Experiment.read(file), out), run_experiment(Experiment.read(file), whole)
    assert again["hash"] == never_killed["hash"]
    assert {name: (out / "done" / name).stat().st_mtime_ns for name in finished} == finished, "what was there is not run again"
    for table in RunFolder(whole).names:
        assert RunFolder(whole).table(table).equals(RunFolder(out).table(table)), table


@pytest.mark.slow
def test_a_worker_that_dies_is_told_and_what_is_missing_runs_later(tmp_path: Path) -> None:
    (tmp_path / "deadly.py").write_text(DEADLY, encoding="utf-8")
    file, gate, out = tmp_path / "deadly.json", tmp_path / "gate", tmp_path / "run"
    plain = {"name": "deadly", "model": "deadly.py:Deadly", "time_limit": 3, "repetitions": 3, "parameters": {"gate": str(gate)}}
    file.write_text(json.dumps(plain), encoding="utf-8")
    with pytest.raises(RunError, match="its process ended"):
        run_experiment(Experiment.read(file), out, workers=2)
    gate.touch()
    manifest = run_experiment(Experiment.read(file), out)
    assert [entry["steps"] for entry in manifest["runs"]] == [3, 3, 3]


def test_more_seeds_come_behind_and_another_experiment_is_refused(rumour: dict[str, Any], run: Run) -> None:
    short = {**rumour, "time_limit": 20, "repetitions": 1}
    first, out = run(short)
    more = run_experiment(Experiment.of({**short, "repetitions": 2}), out)
    assert [entry["hash"] for entry in more["runs"][:2]] == [entry["hash"] for entry in first["runs"]]
    assert [entry["seed"] for entry in more["runs"]] == [1, 1, 2, 2]
    with pytest.raises(RunFolderError, match="another experiment"):
        run_experiment(Experiment.of({**short, "time_limit": 21}), out)
    with pytest.raises(RunFolderError, match="come behind"):
        run_experiment(Experiment.of({**short, "seeds": [7]}), out)


def test_the_tables_open_with_one_line_each(rumour: dict[str, Any], run: Run) -> None:
    manifest, out = run({**rumour, "repetitions": 1})
    events = pl.read_parquet(f"{out}/events/*.parquet")
    assert len(duckdb.sql(f"FROM '{out}/events/*.parquet'")) == len(events)
    assert len(pd.read_parquet(out / "events")) == len(events)
    model = pl.read_parquet(f"{out}/model_vars/*.parquet")
    assert model.columns == ["RunId", "iteration", "Step", "town", "talk", "fact", "gini", "know"]
    assert model.filter(pl.col("RunId") == 0)["Step"].to_list() == [0, 60, 120, 180, 240]
    agents = pl.read_parquet(f"{out}/agent_vars/*.parquet")
    assert agents.columns[:7] == ["RunId", "iteration", "Step", "town", "talk", "fact", "AgentID"]
    assert len(agents) == 2 * 5 * 6
    runs = pl.read_parquet(out / "runs.parquet")
    assert runs["hash"].to_list() == [entry["hash"] for entry in manifest["runs"]]
    told = json.loads((out / "dictionary.json").read_text(encoding="utf-8"))
    for name in RunFolder(out).names:
        assert set(told[name]["columns"]) == set(RunFolder(out).table(name).columns)
        assert all(column["meaning"] for column in told[name]["columns"].values())
    assert manifest["lock_hash"]
    assert manifest["runs"][0]["facts"]["content_hash"]


def test_interventions_are_done_once_and_journaled(rumour: dict[str, Any], run: Run) -> None:
    _, out = run({**rumour, "repetitions": 1})
    done = RunFolder(out).table("interventions", 0)
    assert done.select("kind", "because").rows() == [("plant", "setup"), ("close", "at"), ("weather", "when")]
    assert done["tick"].to_list()[:2] == [1, 30]
    events = {row["id"]: row for row in RunFolder(out).table("events", 0).to_dicts()}
    assert [events[event]["kind"] for event in done["event"]] == ["intervened"] * 3
    assert [row["kind"] for row in events.values() if row["cause"] == done["event"][0]] == ["planted"]
    heard = RunFolder(out).table("answers", 0).filter(pl.col("tick") == 240, pl.col("boolean"))
    known = RunFolder(out).table("model_vars", 0)["know"].to_list()
    assert len(heard) == known[-1] > 1
    silent = RunFolder(out).table("model_vars", 1)["know"].to_list()
    assert silent[-1] == 1, "nobody talks, nobody learns"


def test_what_can_not_be_done_ends_the_run_with_a_reason(rumour: dict[str, Any], run: Run) -> None:
    wrong = {**rumour, "interventions": [{"at": 5, "do": "close", "building": "atlantis"}], "repetitions": 1}
    with pytest.raises(RunError, match="There is no building atlantis"):
        run(wrong)
    with pytest.raises(RunError, match="there is no intervention 'flood'"):
        run({**rumour, "interventions": [{"at": 5, "do": "flood"}]})
    with pytest.raises(RunError, match="there is no measure 'joy'"):
        run({**rumour, "metrics": ["joy"]})
    with pytest.raises(RunError, match="names nothing"):
        run({**rumour, "setup": [{"do": "plant", "agent": "${nothing}", "text": NEWS}], "metrics": [], "interventions": []})


def test_a_file_that_was_changed_is_found(rumour: dict[str, Any], run: Run) -> None:
    _, out = run({**rumour, "repetitions": 1, "time_limit": 60})
    file = out / "events" / "0000.parquet"
    pl.read_parquet(file).with_columns(tick=pl.col("tick") + 1).write_parquet(file)
    told = CliRunner().invoke(app, ["verify", str(out), "--json"])
    assert told.exit_code == 1
    assert json.loads(told.stdout)["detail"] == "the file of table events is not as it was written"


def test_diff_finds_tick_agent_and_cause(rumour: dict[str, Any], run: Run) -> None:
    base = {**rumour, "repetitions": 1, "time_limit": 120, "parameters": {"town": TINY, "fact": NEWS}}
    (_, one), (_, same) = run(base), run(base)
    _, other = run({**base, "interventions": [*base["interventions"], {"at": 77, "do": "price", "item": "coffee", "cents": 999}]})
    told = CliRunner().invoke(app, ["diff", str(one), str(same)])
    assert told.exit_code == 0
    assert "the same" in told.stdout
    found = json.loads(CliRunner().invoke(app, ["diff", str(one), str(other), "--json"]).stdout)
    assert (found["tick"], found["agent"], found["here"]["inputs"]) == (77, "laboratory", None)
    assert found["there"]["inputs"][0]["data"]["cents"] == 999
    _, seeded = run({**base, "seeds": [2]})
    found = json.loads(CliRunner().invoke(app, ["diff", str(one), str(seeded), "--json"]).stdout)
    assert found["tick"] == 1
    assert found["made_otherwise"]["seed"] == [1, 2]
    assert "seed (1 and 2)" in found["cause"]
