"""A run folder: tables of all runs, a receipt of each finished one, and the manifest."""

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

import polars as pl
from ruamel.yaml import YAML

from mqttown_cli.laboratory.design import Run
from mqttown_cli.laboratory.experiment import Experiment
from mqttown_cli.laboratory.schema import dictionary
from mqttown_cli.laboratory.trial import Outcome, measure_of

__all__ = ["FORMAT", "RunFolder", "RunFolderError", "hash_table"]

FORMAT: Final = 1
Receipt = dict[str, Any]


class RunFolderError(ValueError):
    """The folder can't be used as asked; the message says why."""


class RunFolder:
    """Where the runs of one experiment are kept.

    Attributes:
        path: of the folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def prepare(self, experiment: Experiment) -> None:
        """Make the folder, or see that it is of this very experiment.

        Raises:
            RunFolderError: it is of another experiment, or of something else.
        """
        file = self.path / "experiment.yaml"
        if file.exists():
            if self.experiment().hash != experiment.hash:
                raise RunFolderError(
                    f"{self.path} is of another experiment, or of an earlier state of this one; --out names another"
                )
        elif self.path.exists() and any(self.path.iterdir()):
            raise RunFolderError(f"{self.path} is no run folder, and not empty; --out names another")
        (self.path / "done").mkdir(parents=True, exist_ok=True)
        with file.open("w", encoding="utf-8") as opened:
            YAML().dump(experiment.plain(), opened)
        for code in experiment.files:
            (self.path / "model").mkdir(exist_ok=True)
            shutil.copy2(code, self.path / "model")

    def experiment(self) -> Experiment:
        """The experiment, as it was run.

        Raises:
            RunFolderError: there is none.
        """
        file = self.path / "experiment.yaml"
        if not file.exists():
            raise RunFolderError(f"{self.path} is no run folder: it has no experiment.yaml")
        return Experiment.read(file).model_copy(update={"base": self.path / "model"})

    def manifest(self) -> dict[str, Any]:
        """The manifest.

        Raises:
            RunFolderError: there is none: no run is finished.
        """
        try:
            return dict(json.loads((self.path / "manifest.json").read_text(encoding="utf-8")))
        except OSError as error:
            raise RunFolderError(f"{self.path} has no manifest: {error.strerror}") from error

    def receipts(self) -> dict[int, Receipt]:
        """Receipts of finished runs by `RunId`."""
        found = {}
        for file in sorted((self.path / "done").glob("*.json")):
            receipt = json.loads(file.read_text(encoding="utf-8"))
            found[receipt["RunId"]] = receipt
        return found

    def missing(self, experiment: Experiment, runs: Sequence[Run]) -> list[Run]:
        """The runs that are not finished.

        Raises:
            RunFolderError: another run has such a number here.
        """
        done, left = self.receipts(), []
        for run in runs:
            receipt = done.get(run.run_id)
            if receipt is None:
                left.append(run)
            elif receipt["key"] != run.key(experiment):
                raise RunFolderError(
                    f"run {run.run_id} of {self.path} is of seed {receipt['seed']}: further seeds come behind those that are there"
                )
        return left

    def keep(self, experiment: Experiment, run: Run, outcome: Outcome, seconds: float) -> Receipt:
        """Write the tables of a run, and then its receipt, at once."""
        tables = {}
        for name, table in outcome.tables.items():
            (self.path / name).mkdir(exist_ok=True)
            tables[name] = {"rows": len(table), "hash": hash_table(table)}
            numbers = [pl.lit(run.run_id).cast(pl.Int64).alias("RunId")]
            if "Step" in table.columns:
                numbers.append(pl.lit(run.iteration).cast(pl.Int64).alias("iteration"))
            table.select(*numbers, *table.columns).write_parquet(self.path / name / f"{run.run_id:04}.parquet", compression="zstd")
        hashes = [outcome.state or "", *(f"{name} {tables[name]['hash']}" for name in sorted(tables))]
        receipt = {
            "RunId": run.run_id,
            "iteration": run.iteration,
            "seed": run.seed,
            "parameters": dict(run.parameters),
            "key": run.key(experiment),
            "steps": outcome.steps,
            "ended": outcome.ended,
            "state": outcome.state,
            "hash": blake2b("\n".join(hashes).encode(), digest_size=32).hexdigest(),
            "tables": tables,
            "facts": outcome.facts,
            "seconds": round(seconds, 3),
        }
        _write_whole(self.path / "done" / f"{run.run_id:04}.json", receipt)
        return receipt

    def close(self, experiment: Experiment, about: Mapping[str, Any]) -> dict[str, Any]:
        """Write `runs.parquet`, the data dictionary and the manifest over all finished runs.

        Args:
            experiment: as it was run.
            about: code, machine and the like.
        """
        receipts = list(self.receipts().values())
        columns = ("RunId", "iteration", "seed")
        runs = [
            {**{name: receipt[name] for name in columns}, **receipt["parameters"]}
            | {"steps": receipt["steps"], "ended": receipt["ended"], "hash": receipt["hash"]}
            for receipt in receipts
        ]
        pl.DataFrame(runs, infer_schema_length=None).write_parquet(self.path / "runs.parquet", compression="zstd")
        _write_whole(self.path / "dictionary.json", self._dictionary(experiment))
        kept = ("RunId", "iteration", "seed", "parameters", "steps", "ended", "state", "hash", "tables", "facts")
        manifest = {
            "format": FORMAT,
            "name": experiment.name,
            "about": experiment.about,
            "reference": experiment.reference,
            "model": experiment.model,
            "experiment_hash": experiment.hash,
            "hash": blake2b("\n".join(receipt["hash"] for receipt in receipts).encode(), digest_size=32).hexdigest(),
            **about,
            "seconds": round(sum(receipt["seconds"] for receipt in receipts), 3),
            "runs": [{name: receipt[name] for name in kept} for receipt in receipts],
        }
        _write_whole(self.path / "manifest.json", manifest)
        return manifest

    def table(self, name: str, run_id: int | None = None) -> pl.DataFrame:
        """A table of one run, or of all.

        Raises:
            RunFolderError: there is none of that name.
        """
        files = sorted((self.path / name).glob("*.parquet" if run_id is None else f"{run_id:04}.parquet"))
        if not files:
            of_run = "" if run_id is None else f" of run {run_id}"
            raise RunFolderError(f"{self.path} has no table {name}{of_run}; there are {', '.join(self.names)}")
        return pl.concat([pl.read_parquet(file) for file in files], how="vertical_relaxed")

    @property
    def names(self) -> list[str]:
        """Names of the tables that are there."""
        return sorted({file.parent.name for file in self.path.glob("*/*.parquet")})

    def _dictionary(self, experiment: Experiment) -> dict[str, Any]:
        columns = {}
        for name in self.names:
            files = sorted((self.path / name).glob("*.parquet"))
            columns[name] = dict(pl.read_parquet_schema(files[0]))
        columns["runs"] = dict(pl.read_parquet_schema(self.path / "runs.parquet"))
        metrics = {}
        for metric in experiment.metrics:
            measure = measure_of(metric.measure, experiment.base) if "${" not in metric.measure else None
            if measure is not None:
                metrics[metric.column] = (
                    measure.unit,
                    f"{measure.definition} [{measure.reference}] with {metric.parameters or 'its defaults'}",
                )
        return dictionary(columns, metrics)


def hash_table(table: pl.DataFrame) -> str:
    """BLAKE2b of a table's rows as JSON lines, hexadecimal."""
    return blake2b(table.write_ndjson().encode(), digest_size=32).hexdigest()


def _write_whole(file: Path, value: Mapping[str, Any]) -> None:
    """Write JSON so that nobody ever sees half of it."""
    part = file.with_suffix(f".{os.getpid()}.part")
    part.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    part.replace(file)
