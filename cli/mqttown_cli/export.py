"""`mqttown export`: the journal as Parquet, with a manifest that says where it comes from."""

import json
import platform
import subprocess
from collections.abc import AsyncIterator
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Final

import asyncpg
import typer

from mqttown_cli.console import DataOption, JsonOption, console, fail, run, show_json
from mqttown_cli.database import open_database
from mqttown_cli.folder import DEFAULT_DATA, DataFolder

__all__ = ["TABLES", "export"]

BATCH_ROWS: Final = 20_000
VERSIONED: Final = ("mqttown", "mqttown-town", "rustworkx", "py-trees", "pydantic", "orjson")
TABLES: Final[dict[str, tuple[str, str]]] = {
    "agents": (
        "Everybody who has or had a body, hosted and external.",
        "id name kind home_district owner tagline plan placement registered_tick:int64 revoked_tick:int64",
    ),
    "events": (
        "Everything that happened, in order. `data` is JSON.",
        "tick:int64 n:int32 id kind district building agent action_id cause about:list witnesses:list data",
    ),
    "actions": (
        "Every decided action with its verdict. `parameters` is JSON.",
        "tick:int64 n:int32 agent action_id action parameters observation_id reasoning status code detail path events:list",
    ),
    "speech": (
        "Everything that was said: by whom, to whom, who heard it, what it passes on.",
        "tick:int64 event speaker district building text addressed:list about:list heard_by:list action_id",
    ),
    "money": (
        "Every payment, in cents.",
        "tick:int64 event payer payee cents:int64 why agent cause action_id",
    ),
    "knows": (
        "Who knows what, from whom: one row for each listener of each `said`. `about` leads back to the source.",
        "tick:int64 event agent speaker text about:list",
    ),
}
"""Table to (meaning, columns); a column is text unless it says `:int64`, `:int32` or `:list` (a list of text)."""
_VIEWS: Final = {"knows": "heard"}
_ORDER: Final = {"agents": "id", "events": "tick, n", "actions": "tick, n"}


def export(
    out: Annotated[Path, typer.Option(help="New or empty folder for the tables.")],
    data: DataOption = DEFAULT_DATA,
    database: Annotated[str | None, typer.Option(help="PostgreSQL URL, if the town was started with one.")] = None,
    pseudonymise: Annotated[
        bool, typer.Option("--pseudonymise", help="Other names for everybody, owners' texts left out.")
    ] = False,
    json_: JsonOption = False,
) -> None:
    """Write agents, events, actions, speech, money and who-knows-what as Parquet, with a manifest."""
    try:
        import pyarrow as pa  # noqa: F401, PLC0415  the extra is heavy; the command line is not
    except ImportError:
        fail("export needs an extra: pip install 'mqttown-town[research]'")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        fail(f"{out} is not an empty folder; --out names a new one")
    out.mkdir(parents=True, exist_ok=True)
    manifest = run(_export(DataFolder(data), database, out))
    if pseudonymise:
        _hide(out)
    if json_:
        show_json(manifest)
        return
    for name, table in manifest["tables"].items():
        console.print(f"{table['rows']:>10,} rows  {out / name}.parquet")
    console.print(f"manifest in {out / 'manifest.json'}")


async def _export(folder: DataFolder, database: str | None, out: Path) -> dict[str, Any]:
    # One snapshot of the database, so that the tables of a running town fit together.
    async with open_database(folder, database) as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        facts = await connection.fetchrow("SELECT town, seed, content_hash, versions, created FROM town.run")
        if facts is None:
            fail("the journal is empty: this town has never run")
        last = await connection.fetchrow("SELECT tick, events_hash FROM town.ticks ORDER BY tick DESC LIMIT 1")
        snapshot = await connection.fetchrow("SELECT tick, hash FROM town.snapshots ORDER BY tick DESC LIMIT 1")
        tables = {}
        for name, (meaning, specification) in TABLES.items():
            columns = _columns(specification)
            rows = await _write(connection, name, columns, out / f"{name}.parquet")
            tables[name] = {"rows": rows, "meaning": meaning, "columns": columns}
        manifest = {
            "format": 1,
            "town": facts["town"],
            "seed": int(facts["seed"]),
            "content_hash": facts["content_hash"],
            "commit": _commit(),
            "versions": {name: version(name) for name in VERSIONED} | {"python": platform.python_version()},
            "versions_at_start": json.loads(facts["versions"]),
            "created": facts["created"].isoformat(),
            "ticks": last["tick"] if last else 0,
            "last_events_hash": last["events_hash"] if last else None,
            "snapshot": {"tick": snapshot["tick"], "hash": snapshot["hash"]} if snapshot else None,
            "tables": tables,
        }
    (out / "manifest.json").write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return manifest


def _hide(out: Path) -> None:
    """Give everybody other names in the tables that were written."""
    import polars as pl  # noqa: PLC0415

    from mqttown_cli.laboratory.pseudonyms import Pseudonyms  # noqa: PLC0415

    names = Pseudonyms(pl.read_parquet(out / "agents.parquet").rename({"id": "agent"}))
    for name in TABLES:
        file = out / f"{name}.parquet"
        names.hide(pl.read_parquet(file)).write_parquet(file, compression="zstd")


def _columns(specification: str) -> dict[str, str]:
    parts = (column.partition(":") for column in specification.split())
    return {name: kind or "string" for name, _, kind in parts}


async def _write(connection: asyncpg.Connection, name: str, columns: dict[str, str], file: Path) -> int:
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    types = {"string": pa.string(), "int64": pa.int64(), "int32": pa.int32(), "list": pa.list_(pa.string())}
    schema = pa.schema([(column, types[kind]) for column, kind in columns.items()])
    count = 0
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        async for batch in _batches(connection, name, columns):
            writer.write_table(pa.Table.from_pylist([dict(row) for row in batch], schema=schema))
            count += len(batch)
    return count


async def _batches(connection: asyncpg.Connection, name: str, columns: dict[str, str]) -> AsyncIterator[list[asyncpg.Record]]:
    order = _ORDER.get(name, "tick, event")
    query = f"SELECT {', '.join(columns)} FROM public.{_VIEWS.get(name, name)} ORDER BY {order}"  # noqa: S608  our own names
    cursor = await connection.cursor(query)
    while batch := await cursor.fetch(BATCH_ROWS):
        yield batch


def _commit() -> str | None:
    """The commit of the code, where it is a checkout."""
    done = subprocess.run(
        ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or None
