"""How many there are, and how many of a kind."""

from typing import Any, Final

from mqttown_cli.laboratory.measure import Measure, Number, Tables

__all__ = ["HEADCOUNT"]


def _residents(tables: Tables) -> Number:
    return len(tables["residents"])


def _share(tables: Tables, *, of: str, value: Any) -> Number:
    column = tables["residents"][of]
    return int((column == value).sum()) / len(column) if len(column) else None


HEADCOUNT: Final = (
    Measure("residents", "residents", "Bodies in the town.", "a headcount; ours", _residents, ("residents",)),
    Measure(
        "share", "1", "Share of residents whose column `of` of `residents` is this `value`.", "a headcount; ours",
        _share, ("residents",), {"of": "doing", "value": "idle"},
    ),
)  # fmt: skip
