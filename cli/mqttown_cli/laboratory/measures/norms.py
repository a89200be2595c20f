"""How far a norm is kept: on how many of its occasions people did as it asks."""

from collections.abc import Mapping
from typing import Any, Final

import polars as pl

from mqttown_cli.laboratory.measure import Measure, Number, Tables

__all__ = ["NORMS", "matching"]

DAY: Final = 1440


def matching(rows: pl.DataFrame, wanted: Mapping[str, Any], begins: int = 0) -> pl.DataFrame:
    """Rows that are as wanted.

    Args:
        rows: of table `events`, `actions` or `speech`.
        wanted: column to value, or to a list of values; `text` and `data` to words that they hold; `minute` to
            [from, to) of the day, past midnight if `to` is the smaller.
        begins: minute of the day at tick 0.

    Raises:
        ValueError: there is no such column.
    """
    for column, value in wanted.items():
        if column == "minute":
            first, last = value
            minute = (pl.col("tick") + begins) % DAY
            rows = rows.filter(minute.is_between(first, last, "left") if first <= last else (minute >= first) | (minute < last))
        elif column not in rows.columns:
            raise ValueError(f"there is no column {column!r}; there are {', '.join(rows.columns)} and minute")
        elif column in ("text", "data", "parameters"):
            rows = rows.filter(pl.col(column).str.contains(str(value), literal=True))
        else:
            rows = rows.filter(pl.col(column).is_in(value if isinstance(value, list) else [value]))
    return rows


def _adherence(
    tables: Tables, *, table: str, occasion: Mapping[str, Any], kept: Mapping[str, Any], window: int | None, begins: int
) -> Number:
    since = -1 if window is None else tables.tick - window
    occasions = matching(tables[table].filter(pl.col("tick") > since), occasion, begins)
    return len(matching(occasions, kept, begins)) / len(occasions) if len(occasions) else None


NORMS: Final = (
    Measure(
        "adherence", "1",
        "Share of the occasions of a norm on which it was kept. An `occasion` is a row of `table` that is as said (column: value or "
        "list; `text`: words it holds; `minute`: [from, to) of the day, which `begins` with minute 360 at tick 0); it was `kept` if the row is as said there too. Over the last "
        "`window` ticks, or ever.",
        "Savarimuthu & Cranefield (2011), Multiagent and Grid Systems 7(1)",
        _adherence, ("actions", "events", "speech"),
        {"table": "actions", "occasion": {}, "kept": {"status": "accepted"}, "window": None, "begins": 360},
    ),
)  # fmt: skip
