"""`mqttown verify RUN`: the runs of a folder are made again, and everything is compared."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mqttown_cli.laboratory.design import Run
from mqttown_cli.laboratory.folder import Receipt, RunFolder, RunFolderError, hash_table
from mqttown_cli.laboratory.trial import Trial

__all__ = ["RunVerification", "verify_run"]


@dataclass(frozen=True, slots=True)
class RunVerification:
    """What `mqttown verify RUN` tells.

    Attributes:
        ok: whether files and runs are what the receipts say.
        runs: that were made again.
        hash: of the manifest.
        first_bad_run: RunId, or None.
        detail: what differs there.
    """

    ok: bool
    runs: int
    hash: str
    first_bad_run: int | None = None
    detail: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As a plain mapping."""
        return asdict(self)


def verify_run(
    path: Path, run_ids: Iterable[int] | None = None, told: Callable[[int], None] = lambda _run_id: None
) -> RunVerification:
    """Compare the files of a run folder with their hashes, make the runs again, and compare what comes of them.

    Args:
        path: the run folder.
        run_ids: which runs to make again; all without it. The files of all are compared.
        told: told of each run that is made again.

    Raises:
        RunFolderError: there is no such run.
    """
    folder = RunFolder(path)
    experiment, manifest, receipts = folder.experiment(), folder.manifest(), folder.receipts()
    wanted = list(receipts) if run_ids is None else list(run_ids)
    unknown = [run_id for run_id in wanted if run_id not in receipts]
    if unknown:
        raise RunFolderError(f"{path} has no finished run {', '.join(map(str, unknown))}")
    for run_id, receipt in receipts.items():
        if (fault := _files_fault(folder, run_id, receipt)) is not None:
            return RunVerification(ok=False, runs=0, hash=manifest["hash"], first_bad_run=run_id, detail=fault)
    for count, run_id in enumerate(wanted):
        told(run_id)
        receipt = receipts[run_id]
        outcome = Trial(experiment, Run(run_id, receipt["iteration"], receipt["seed"], receipt["parameters"])).live()
        again = {name: hash_table(table) for name, table in outcome.tables.items()}
        fault = _fault(receipt, outcome.state, again)
        if fault is not None:
            return RunVerification(ok=False, runs=count, hash=manifest["hash"], first_bad_run=run_id, detail=fault)
    return RunVerification(ok=True, runs=len(wanted), hash=manifest["hash"])


def _files_fault(folder: RunFolder, run_id: int, receipt: Receipt) -> str | None:
    """What of the files is not as it was written."""
    for name, known in receipt["tables"].items():
        table = folder.table(name, run_id).drop("RunId", "iteration", strict=False)
        if hash_table(table) != known["hash"]:
            return f"the file of table {name} is not as it was written"
    return None


def _fault(receipt: Receipt, state: str | None, again: dict[str, str]) -> str | None:
    """What comes out otherwise when the run is made again."""
    if state != receipt["state"]:
        return f"made again, it ends with the state {state}, not {receipt['state']}"
    differing = [name for name, known in receipt["tables"].items() if again.get(name) != known["hash"]]
    return f"made again, it has another table {', '.join(differing)}" if differing else None
