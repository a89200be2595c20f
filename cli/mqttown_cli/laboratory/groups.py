"""Groups of residents, as experiment files say them: all, a list, or those of whom something holds."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from mqttown_cli.laboratory.measure import Tables
from mqttown_orchestrator.world.luck import Luck

__all__ = ["choose"]

_PARTS = ("where", "sample", "share", "of_each", "except")


def choose(group: Any, tables: Tables, seed: int) -> list[str]:
    """Ids of the residents of a group.

    Args:
        group: `all`, one id, a list of ids, or a mapping of `where` (column of `residents` or `agents` to a value, a list of
            values, or `{above, below}`), `except` (ids), and `sample` (so many, drawn by the seed) or `share` (such a part of them,
            one at least); with `of_each` (a column) so many, or such a part, of those with each of its values.
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
    column = group.get("of_each")
    parts = [found] if column is None else _parts(known.filter(pl.col("agent").is_in(found)), column)
    drawn = {agent for part in parts for agent in _drawn(part, group, Luck(seed), tables.tick)}
    return [agent for agent in found if agent in drawn]


def _parts(known: pl.DataFrame, column: str) -> list[list[str]]:
    """Ids of those with each value of a column."""
    if column not in known.columns:
        raise ValueError(f"residents have no {column}; they have {', '.join(known.columns)}")
    return [part["agent"].to_list() for part in known.partition_by(column, maintain_order=True)]


def _drawn(agents: list[str], group: Mapping[str, Any], luck: Luck, tick: int) -> list[str]:
    """So many of them as a group says, by luck; all if it says nothing."""
    share = group.get("share")
    if share is not None and not 0 < share <= 1:
        raise ValueError(f"a share is above 0 and at most 1, not {share}")
    size = group.get("sample") if share is None else max(1, round(share * len(agents)))
    return sorted(agents, key=lambda agent: (luck.draw("sample", tick, agent), agent))[:size]


def _filtered(known: pl.DataFrame, column: str, wanted: Any) -> pl.DataFrame:
    if column not in known.columns:
        raise ValueError(f"residents have no {column}; they have {', '.join(known.columns)}")
    if isinstance(wanted, Mapping):
        above, below = wanted.get("above", float("-inf")), wanted.get("below", float("inf"))
        return known.filter((pl.col(column) > above) & (pl.col(column) < below))
    return known.filter(pl.col(column).is_in(wanted if isinstance(wanted, list) else [wanted]))
