"""`mqttown diff`: the first tick, agent and cause where two runs part."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson
import polars as pl

from mqttown_cli.laboratory.folder import RunFolder

__all__ = ["Difference", "difference"]

_CODE: Final = ("commit", "lock_hash", "packages_hash")


@dataclass(frozen=True, slots=True)
class Difference:
    """Where two runs part.

    Attributes:
        made_otherwise: what they were made from, where that differs: name to the two values.
        tick: the first that differs; None if none does.
        agent: who did something else in it first; `laboratory` for an intervention; None if the world itself differs.
        cause: in words.
        here, there: what was done, or what happened, in each.
    """

    made_otherwise: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    tick: int | None = None
    agent: str | None = None
    cause: str | None = None
    here: dict[str, Any] | None = None
    there: dict[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        """As a plain mapping."""
        return asdict(self)


def difference(one: Path, other: Path, run_id: int = 0, other_id: int | None = None) -> Difference:
    """Compare a run of each of two folders, tick by tick.

    Args:
        one: a run folder.
        other: a run folder; may be the same.
        run_id: RunId in the first.
        other_id: RunId in the second; the same without it.

    Raises:
        RunFolderError: there is no such run, or it has nothing that can be compared.
    """
    first, second = RunFolder(one), RunFolder(other)
    there = run_id if other_id is None else other_id
    made = _made_otherwise(first, run_id, second, there)
    if "ticks" not in first.names or "ticks" not in second.names:
        return _measured(first, run_id, second, there, made)
    ticks = (first.table("ticks", run_id), second.table("ticks", there))
    both = ticks[0].join(ticks[1], on="tick", how="full", suffix="_there", coalesce=True).sort("tick")
    apart = both.filter(
        pl.col("inputs_hash").ne_missing(pl.col("inputs_hash_there"))
        | pl.col("events_hash").ne_missing(pl.col("events_hash_there"))
    )
    if apart.is_empty():
        return Difference(made)
    row = apart.row(0, named=True)
    tick = row["tick"]
    if row["inputs"] is None or row["inputs_there"] is None:
        shorter = "the first" if row["inputs"] is None else "the second"
        return Difference(made, tick, None, f"{shorter} has ended before")
    if row["inputs"] != row["inputs_there"]:
        return _inputs(first, run_id, second, there, made, row)
    return _events(first, run_id, second, there, made, tick)


def _made_otherwise(first: RunFolder, run_id: int, second: RunFolder, there: int) -> dict[str, tuple[Any, Any]]:
    one, other = first.receipts().get(run_id, {}), second.receipts().get(there, {})
    values = [
        {"seed": receipt.get("seed"), **receipt.get("parameters", {}), **{name: folder.manifest().get(name) for name in _CODE}}
        | {"experiment_hash": folder.manifest().get("experiment_hash")}
        for receipt, folder in ((one, first), (other, second))
    ]
    names = dict.fromkeys([*values[0], *values[1]])
    return {name: (values[0].get(name), values[1].get(name)) for name in names if values[0].get(name) != values[1].get(name)}


def _inputs(
    first: RunFolder, run_id: int, second: RunFolder, there: int, made: dict[str, tuple[Any, Any]], row: dict[str, Any]
) -> Difference:
    """The world was given something else: by an experimenter, or by a mind."""
    tick = row["tick"]
    one, other = _by_agent(row["inputs"]), _by_agent(row["inputs_there"])
    order = sorted(dict.fromkeys([*one, *other]), key=lambda agent: (agent != "laboratory", agent))
    agent = next(agent for agent in order if one.get(agent) != other.get(agent))
    if agent == "laboratory":
        return Difference(
            made, tick, agent, "an intervention that the other has not", {"inputs": one.get(agent)}, {"inputs": other.get(agent)}
        )
    known = [_decision(folder, number, tick, agent) for folder, number in ((first, run_id), (second, there))]
    answered = [None if entry is None else entry["observation_id"] for entry in known]
    before = "the same before, so it is the mind that decides otherwise"
    cause = f"{agent} answers {answered[0] or 'nothing'} here and {answered[1] or 'nothing'} there; all was {before}: {_why(made)}"
    return Difference(made, tick, agent, cause, known[0] or {"inputs": one.get(agent)}, known[1] or {"inputs": other.get(agent)})


def _why(made: dict[str, tuple[Any, Any]]) -> str:
    if not made:
        return "nothing else is known to differ"
    return "they were made with other " + ", ".join(f"{name} ({one} and {other})" for name, (one, other) in made.items())


def _events(
    first: RunFolder, run_id: int, second: RunFolder, there: int, made: dict[str, tuple[Any, Any]], tick: int
) -> Difference:
    """The same inputs led to something else: other luck, or other rules."""
    told = []
    for folder, number in ((first, run_id), (second, there)):
        rows = (
            folder.table("events", number).filter(pl.col("tick") == tick).drop("RunId").to_dicts()
            if "events" in folder.names
            else []
        )
        told.append(rows)
    longest = max(len(told[0]), len(told[1]))
    for n in range(longest):
        one, other = (rows[n] if n < len(rows) else None for rows in told)
        if one != other:
            agent = (one or other or {}).get("agent")
            return Difference(made, tick, agent, f"the same inputs lead to another event {n}: {_why(made)}", one, other)
    return Difference(made, tick, None, f"the same inputs lead to other verdicts: {_why(made)}")


def _measured(first: RunFolder, run_id: int, second: RunFolder, there: int, made: dict[str, tuple[Any, Any]]) -> Difference:
    """Runs of models without a journal: the first measurement that differs."""
    one, other = first.table("model_vars", run_id), second.table("model_vars", there)
    same = [name for name in one.columns if name in other.columns and name not in ("RunId", "iteration")]
    for here, yonder in zip(one.select(same).to_dicts(), other.select(same).to_dicts(), strict=False):
        apart = [name for name in same if here[name] != yonder[name]]
        if apart:
            return Difference(made, here["Step"], None, f"{', '.join(apart)} differ: {_why(made)}", here, yonder)
    if len(one) != len(other):
        return Difference(made, min(one["Step"][-1], other["Step"][-1]) + 1, None, "one has ended before the other")
    return Difference(made)


def _by_agent(inputs: str) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for entry in orjson.loads(inputs):
        found.setdefault(entry["agent"], []).append(entry)
    return found


def _decision(folder: RunFolder, run_id: int, tick: int, agent: str) -> dict[str, Any] | None:
    """The first action of somebody in a tick."""
    if "actions" not in folder.names:
        return None
    rows = folder.table("actions", run_id).filter((pl.col("tick") == tick) & (pl.col("agent") == agent)).drop("RunId").to_dicts()
    return rows[0] if rows else None
