"""What the journal's tables hold of what was noticed about agents before: read at a start, and by `permit`."""

from dataclasses import dataclass
from typing import Any

__all__ = ["Remembered", "read_acted", "read_remembered"]


@dataclass(frozen=True, slots=True)
class Remembered:
    """What is needed to go on watching.

    Attributes:
        audit: number and hash of the last row of the audit log; None for an empty one.
        payments: agent, account that got it, and cents, of this town day.
        held: rows of words that wait, or were passed and have not come into the world.
        last_held, last_flag: the highest numbers given.
    """

    audit: tuple[int, str] | None
    payments: list[tuple[str, str, int]]
    held: list[dict[str, Any]]
    last_held: int
    last_flag: int


async def read_remembered(connection: Any, first_tick: int) -> Remembered:
    """Read it.

    Args:
        connection: to the journal, reading `jsonb` as values.
        first_tick: of the town day.
    """
    end = await connection.fetchrow("SELECT n, hash FROM town.audit ORDER BY n DESC LIMIT 1")
    payments = await connection.fetch(
        "SELECT agent, data ->> 'to' AS account, sum((data ->> 'amount')::bigint)::bigint AS cents FROM town.events "
        "WHERE tick >= $1 AND kind = 'paid' AND action_id IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2",
        first_tick,
    )
    held = await connection.fetch(
        "SELECT id, agent, parameters, status FROM town.held "
        "WHERE status = 'waiting' OR (status = 'passed' AND entered_tick IS NULL) ORDER BY id"
    )
    return Remembered(
        audit=None if end is None else (end["n"], end["hash"]),
        payments=[(row["agent"], row["account"], row["cents"]) for row in payments],
        held=[dict(row) for row in held],
        last_held=await connection.fetchval("SELECT coalesce(max(id), 0) FROM town.held"),
        last_flag=await connection.fetchval("SELECT coalesce(max(id), 0) FROM town.flags"),
    )


async def read_acted(connection: Any, agent: str, seconds: float) -> list[float]:
    """When an agent's newest actions were judged, unless the pipeline had refused them: UTC seconds, oldest first."""
    rows = await connection.fetch(
        "SELECT extract(epoch FROM tick.wall)::float8 AS at FROM town.actions did JOIN town.ticks tick USING (tick) "
        "WHERE did.agent = $1 AND (did.code IS NULL OR did.code IN ('not_possible', 'too_late')) AND did.tick > coalesce("
        "(SELECT tick FROM town.ticks WHERE wall <= now() - make_interval(secs => $2) ORDER BY tick DESC LIMIT 1), 0) "
        "ORDER BY did.tick, did.n",
        agent, seconds,
    )  # fmt: skip
    return [row["at"] for row in rows]
