"""The tables of a run folder in other forms: CSV, JSON lines, GraphML; with other names for everybody if wanted."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import networkx as nx
import orjson
import polars as pl

from mqttown_cli.laboratory.folder import RunFolder, RunFolderError
from mqttown_cli.laboratory.measures.network import graph
from mqttown_cli.laboratory.pseudonyms import Pseudonyms

__all__ = ["export_run"]

_NETWORKS: Final = {"heard": ("knows", "speaker", "agent"), "paid": ("money", "payer", "payee")}
"""Name to table, and from and to whom an edge leads."""


def export_run(folder: Path, out: Path, form: str, tables: Sequence[str] | None = None, *, hide: bool = False) -> list[Path]:
    """Write the tables of all runs, one file a table; or GraphML, one file a network and run.

    Args:
        folder: the run folder.
        out: a new or empty folder.
        form: `parquet`, `csv`, `jsonl` or `graphml`. In CSV, lists are JSON.
        tables: which; all without it.
        hide: give everybody another name, in texts too, and leave out what owners wrote.

    Raises:
        RunFolderError: there is no such table, or `out` is not empty.
    """
    runs = RunFolder(folder)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise RunFolderError(f"{out} is not an empty folder; --out names a new one")
    unknown = sorted(set(tables or ()) - set(runs.names))
    if unknown:
        raise RunFolderError(f"{folder} has no table {', '.join(unknown)}; there are {', '.join(runs.names)}")
    out.mkdir(parents=True, exist_ok=True)
    names = Pseudonyms(runs.table("agents")) if hide and "agents" in runs.names else None
    if form == "graphml":
        return list(_graphs(runs, out, names))
    return [_written(name, _table(runs, name, names), out, form) for name in (tables or runs.names)]


def _table(runs: RunFolder, name: str, names: Pseudonyms | None) -> pl.DataFrame:
    table = runs.table(name)
    return table if names is None else names.hide(table)


def _written(name: str, table: pl.DataFrame, out: Path, form: str) -> Path:
    file = out / f"{name}.{form}"
    if form == "parquet":
        table.write_parquet(file, compression="zstd")
    elif form == "jsonl":
        table.write_ndjson(file)
    else:
        lists = [column for column, type_ in table.schema.items() if isinstance(type_, pl.List)]
        flat = table.with_columns(
            pl.Series(column, [None if row is None else orjson.dumps(row).decode() for row in table[column].to_list()], pl.String)
            for column in lists
        )
        flat.write_csv(file)
    return file


def _graphs(runs: RunFolder, out: Path, names: Pseudonyms | None) -> Iterable[Path]:
    for network, (name, one, other) in _NETWORKS.items():
        if name not in runs.names:
            continue
        table = _table(runs, name, names)
        for run_id in sorted(runs.receipts()):
            rows = table.filter((pl.col("RunId") == run_id) & pl.col(one).is_not_null()).select(one, other)
            file = out / f"{network}-{run_id:04}.graphml"
            nx.write_graphml(graph(rows.iter_rows()), file)
            yield file
