"""What happened, read from the journal's public views."""

from collections.abc import Collection
from typing import Any

import asyncpg
import orjson

from mqttown_contract.events import Event

__all__ = ["Journal"]


class Journal:
    """Read-only view of the town's history; every tick in it is whole.

    Args:
        pool: connections to PostgreSQL.
    """

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._there = False

    async def newest(self) -> int | None:
        """The latest tick in which something happened, -1 before the first; None while there is no journal yet."""
        if not self._there:
            self._there = await self._pool.fetchval("SELECT to_regclass('public.events') IS NOT NULL")
        if not self._there:
            return None
        return int(await self._pool.fetchval("SELECT coalesce(max(tick), -1) FROM public.events"))

    async def events(self, after: int, until: int, kinds: Collection[str]) -> list[Event]:
        """Events of some kinds in the order in which they happened.

        Args:
            after: the tick before the first.
            until: the last tick.
            kinds: names out of the contract's event kinds.
        """
        rows = await self._pool.fetch(
            "SELECT id, kind, tick, district, building, agent, action_id, cause, about, witnesses, data FROM public.events "
            "WHERE tick > $1 AND tick <= $2 AND kind = ANY($3) ORDER BY tick, n",
            after,
            until,
            sorted(kinds),
        )
        return [_event(row) for row in rows]

    async def names(self) -> dict[str, str]:
        """Public names of all who were ever registered."""
        if not await self._pool.fetchval("SELECT to_regclass('public.agents') IS NOT NULL"):
            return {}
        return {row["id"]: row["name"] for row in await self._pool.fetch("SELECT id, name FROM public.agents")}


def _event(row: Any) -> Event:
    given = dict(row)
    return Event(
        **given | {"about": given["about"] or [], "witnesses": given["witnesses"] or [], "data": orjson.loads(given["data"])}
    )
