"""What waits for an operator, and what the town has noted: held words, flags, quarantine, the audit log. Read alone."""

from datetime import datetime
from typing import Any

import asyncpg
import orjson
from pydantic import BaseModel, Field

__all__ = ["Entry", "Flag", "Held", "Quarantined", "Review"]


class Held(BaseModel):
    """Words that wait."""

    id: int
    wall: datetime
    agent: str
    rule: str
    says: str = Field(description="what the rule asks for")
    score: int
    parameters: dict[str, Any] = Field(description="of the action; the words are in `text`")


class Flag(BaseModel):
    """An agent whose conduct an operator is asked to look at."""

    id: int
    wall: datetime
    tick: int
    agent: str
    owner: str | None
    score: int
    signs: dict[str, Any] = Field(description="percent")


class Quarantined(BaseModel):
    """An agent that the town holds."""

    agent: str
    owner: str | None
    why: str


class Entry(BaseModel):
    """One entry of the audit log; `mqttown audit verify` checks their chain."""

    n: int
    wall: datetime
    tick: int
    kind: str
    agent: str | None
    owner: str | None
    what: dict[str, Any]


class Review:
    """The journal's tables for operators.

    Args:
        pool: connections that take the dashboard's role.
    """

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def held(self, limit: int) -> list[Held]:
        """The oldest first."""
        rows = await self._pool.fetch(
            "SELECT id, wall, agent, rule, says, score, parameters FROM town.held WHERE status = 'waiting' ORDER BY id LIMIT $1",
            limit,
        )
        return [Held(**{**row, "parameters": orjson.loads(row["parameters"])}) for row in rows]

    async def flags(self, limit: int) -> list[Flag]:
        """Those that nobody has looked at, the oldest first."""
        rows = await self._pool.fetch(
            "SELECT id, wall, tick, agent, owner, score, signs FROM town.flags WHERE cleared IS NULL ORDER BY id LIMIT $1", limit
        )
        return [Flag(**{**row, "signs": orjson.loads(row["signs"])}) for row in rows]

    async def quarantined(self) -> list[Quarantined]:
        """By id."""
        rows = await self._pool.fetch(
            "SELECT id AS agent, owner, quarantined AS why FROM town.agents WHERE quarantined IS NOT NULL AND revoked_tick IS NULL "
            "ORDER BY id"
        )
        return [Quarantined(**row) for row in rows]

    async def audit(self, before: int | None, agent: str | None, kind: str | None, limit: int) -> list[Entry]:
        """The newest first, those before a number alone."""
        rows = await self._pool.fetch(
            "SELECT n, wall, tick, kind, agent, owner, what FROM town.audit WHERE ($1::bigint IS NULL OR n < $1) "
            "AND ($2::text IS NULL OR agent = $2) AND ($3::text IS NULL OR kind = $3) ORDER BY n DESC LIMIT $4",
            before,
            agent,
            kind,
            limit,
        )
        return [Entry(**{**row, "what": orjson.loads(row["what"])}) for row in rows]

    async def waiting(self) -> dict[str, int]:
        """How many of each wait."""
        row = await self._pool.fetchrow(
            "SELECT (SELECT count(*) FROM town.held WHERE status = 'waiting') AS held, "
            "(SELECT count(*) FROM town.flags WHERE cleared IS NULL) AS flags, "
            "(SELECT count(*) FROM town.agents WHERE quarantined IS NOT NULL AND revoked_tick IS NULL) AS quarantined"
        )
        return {} if row is None else dict(row)
