"""An occasion as it went: who heard of it and from whom, who meant to come, who was there, and why the others were not."""

from typing import Any, Final

import polars as pl

from mqttown_cli.laboratory.folder import RunFolder
from mqttown_cli.laboratory.provenance import provenance

__all__ = ["SCHEMA", "gathering"]

SCHEMA: Final = {
    "agent": pl.String(), "invited": pl.Boolean(), "invited_by": pl.String(), "invited_tick": pl.Int64(), "planned": pl.Boolean(),
    "came": pl.Boolean(), "why_not": pl.String(),
}  # fmt: skip


def gathering(folder: RunFolder, run_id: int, fact: str, building: str, begins: int, tick: int) -> pl.DataFrame:
    """Everybody with regard to an occasion.

    Args:
        folder: of the experiment; it has asked `attending` about the fact at some time before, and measured at `tick`.
        run_id: which run.
        fact: words of the invitation.
        building: where it is held.
        begins: tick at which it begins.
        tick: at which it is looked who is there.

    Returns:
        A row for each resident: see `SCHEMA`. Whoever was there has no `why_not`.
    """
    chains = provenance(folder.table("knows", run_id).filter(pl.col("tick") <= tick), fact).chains
    answers = folder.table("answers", run_id).filter(pl.col("question") == f"attending: {fact}").sort("tick")
    asked = {row["agent"]: row for row in answers.to_dicts()}
    now = {row["AgentID"]: row for row in folder.table("agent_vars", run_id).filter(pl.col("Step") == tick).to_dicts()}
    rows = []
    for agent in folder.table("agents", run_id)["agent"]:
        chain = chains.get(agent)
        row: dict[str, Any] = {
            "agent": agent,
            "invited": chain is not None,
            "invited_by": None if chain is None else chain[-1].speaker,
            "invited_tick": None if chain is None else chain[-1].tick,
            "planned": bool(asked.get(agent, {}).get("boolean")),
            "came": agent in now and now[agent]["building"] == building,
        }
        rows.append({**row, "why_not": None if row["came"] else _why_not(row, asked.get(agent, {}), now.get(agent), begins)})
    return pl.DataFrame(rows, schema=SCHEMA)


def _why_not(row: dict[str, Any], answer: dict[str, Any], now: dict[str, Any] | None, begins: int) -> str:
    """The reason in words: never heard of it, did not mean to come, or meant to and did something else."""
    if not row["invited"]:
        return "never heard of it"
    if row["invited_tick"] >= begins:
        return "heard of it too late"
    if not row["planned"]:
        return str(answer.get("text") or "heard of it after the question was put")
    if now is None:
        return "has left the town"
    return f"meant to come, but is {now['doing']}" + (f" at {now['building']}" if now["building"] else " outdoors")
