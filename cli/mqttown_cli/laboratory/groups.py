"""Groups of residents, as experiment files say them: all, a list, or those of whom something holds."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from mqttown_cli.laboratory.measure import Tables
from mqttown_orchestrator.world.luck import Luck

__all__ = ["choose"]

_PARTS = ("where", "sample", "except")


def choose(group: Any, tables: Tables, seed: int) -> list[str]:
    """Ids of the residents of a group.

    Args:
        group: `all`, one id, a list of ids, or a mapping of `where` (column of `residents` or `agents` to a value, a list of
            values, or `{above, below}`), `sample` (so many, drawn by the seed) and `except` (ids).
        tables: of the run now.
        seed: of the run.

    Raises:
        ValueError: there is nobody of that name, or no such column.
    """
    residents = tables["residents"]
    everybody = residents["agent"].to_list()
    if group == "all":
        return everybody
    if isinstance(group, str):
        group = [group]
    if isinstance(group, Sequence):
        unknown = sorted(set(group) - set(everybody))
        if unknown:
            raise ValueError(f"nobody here is called {', '.join(unknown)}")
        return list(group)
    if not isinstance(group, Mapping) or set(group) - set(_PARTS):
        raise ValueError(f"a group is `all`, an id, a list of ids, or a mapping of {', '.join(_PARTS)}, not {group!r}")
    known = residents.join(
        tables["agents"].select(pl.exclude("kind", "home", "home_district", "job")), on="agent", maintain_order="left"
    )
    for column, wanted in group.get("where", {}).items():
        known = _filtered(known, column, wanted)
    left_out = set(group.get("except", ()))
    found = [agent for agent in known["agent"].to_list() if agent not in left_out]
    size = group.get("sample")
    if size is None or size >= len(found):
        return found
    luck = Luck(seed)
    drawn = set(sorted(found, key=lambda agent: (luck.draw("sample", tables.tick, agent), agent))[:size])
    return [agent for agent in found if agent in drawn]


def _filtered(known: pl.DataFrame, column: str, wanted: Any) -> pl.DataFrame:
    if column not in known.columns:
        raise ValueError(f"residents have no {column}; they have {', '.join(known.columns)}")
    if isinstance(wanted, Mapping):
        above, below = wanted.get("above", float("-inf")), wanted.get("below", float("inf"))
        return known.filter((pl.col(column) > above) & (pl.col(column) < below))
    return known.filter(pl.col(column).is_in(wanted if isinstance(wanted, list) else [wanted]))
