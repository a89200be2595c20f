"""`mqttown export`: tables that open in polars with the right types, and hold what the journal holds."""

import asyncio
import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import polars as pl
import pytest

pytestmark = [pytest.mark.town, pytest.mark.timeout(120)]
TYPES = {"string": pl.String, "int64": pl.Int64, "int32": pl.Int32, "list": pl.List(pl.String)}
TABLES = ("agents", "events", "actions", "speech", "money", "knows")


async def counts(url: str) -> dict[str, int]:
    """What the journal's own tables hold, counted without the views that are exported."""
    connection = await asyncpg.connect(url)
    questions = {
        "agents": "SELECT count(*) FROM town.agents",
        "events": "SELECT count(*) FROM town.events",
        "actions": "SELECT count(*) FROM town.actions",
        "speech": "SELECT count(*) FROM town.events WHERE kind = 'said'",
        "knows": "SELECT coalesce(sum(cardinality(array_remove(witnesses, agent))), 0) FROM town.events WHERE kind = 'said'",
    }
    try:
        return {name: int(await connection.fetchval(question)) for name, question in questions.items()}
    finally:
        await connection.close()


def test_it_holds_the_journal_and_says_where_it_comes_from(start_town: Callable[..., Any], tmp_path: Path) -> None:
    town = start_town("--speed", "0", "--lockstep", "--seed", "7")
    deadline = time.monotonic() + 60
    while town.api("/clock")["tick"] < 180 and time.monotonic() < deadline:
        time.sleep(0.2)
    town.cli("pause")
    out = tmp_path / "out"
    town.cli("export", "--out", str(out))
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert (manifest["town"], manifest["seed"]) == ("helsinki", 7)
    assert len(manifest["content_hash"]) == 64
    assert manifest["commit"] is None or len(manifest["commit"]) == 40
    assert {"python", "mqttown", "mqttown-town"} <= manifest["versions"].keys()
    assert manifest["ticks"] == town.api("/clock")["tick"]
    assert set(manifest["tables"]) == set(TABLES)

    tables = {name: pl.read_parquet(out / f"{name}.parquet") for name in TABLES}
    for name, table in tables.items():
        told = manifest["tables"][name]
        assert table.height == told["rows"]
        assert table.schema == {column: TYPES[kind] for column, kind in told["columns"].items()}
    journal = asyncio.run(counts(town.running["database"]))
    assert {name: tables[name].height for name in journal} == journal
    assert min(tables["speech"].height, tables["money"].height, tables["knows"].height) > 0

    events = tables["events"]
    assert events["id"].n_unique() == events.height
    assert events.select("tick", "n").equals(events.select("tick", "n").sort("tick", "n")), "in order"
    assert all(isinstance(json.loads(data), dict) for data in events["data"])
    said = events.filter(pl.col("kind") == "said")
    assert set(said["id"]) == set(tables["speech"]["event"])
    heard = tables["speech"].explode("heard_by").drop_nulls("heard_by")
    assert set(heard.select("event", "heard_by").rows()) == set(tables["knows"].select("event", "agent").rows())
    money = tables["money"]
    assert money["cents"].min() > 0
    assert money.filter(pl.col("payer") == pl.col("payee")).is_empty()

    hidden = tmp_path / "hidden"
    town.cli("resume")
    town.cli("intervene", "plant", "agent=aino", "text=Otto sings tonight.")
    town.cli("pause")
    town.cli("export", "--out", str(hidden), "--pseudonymise")
    names = [*tables["agents"]["id"], *tables["agents"]["name"]]
    for name in TABLES:
        text = pl.read_parquet(hidden / f"{name}.parquet").write_ndjson()
        assert not [known for known in names if re.search(rf"\b{re.escape(known)}\b", text)], name
    planted = pl.read_parquet(hidden / "knows.parquet").filter(pl.col("speaker").is_null())
    otto = tables["agents"]["id"].to_list().index("otto") + 1
    assert planted["text"].to_list() == [f"Agent {otto:03} sings tonight."]

    again = town.cli("export", "--out", str(out), check=False)
    assert again.returncode == 1
    assert "is not an empty folder; --out names a new one" in again.stderr
