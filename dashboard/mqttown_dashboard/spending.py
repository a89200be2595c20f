"""What residents may spend on thinking, and what they have spent: the gateway's tables (docs/minds.md)."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, Literal

import asyncpg

from mqttown_contract.persona import Budget
from mqttown_dashboard.rights import Rights

__all__ = ["Day", "Spending", "Used"]

Holder = Literal["agent", "owner"]
DAYS: Final = 30
"""So far back spending is told by days."""
_CHANNEL: Final = "runtime"


@dataclass(frozen=True, slots=True)
class Day:
    """Spending of one day of UTC; money is millionths of a unit."""

    day: date
    calls: int
    tokens_in: int
    tokens_out: int
    tokens: int
    money: int


@dataclass(frozen=True, slots=True)
class Used:
    """What was spent, and what may be.

    Attributes:
        budget: None where no model that costs may be used.
        paused: nothing may be spent at all now.
        days: of the last 30 those on which anything was asked, the newest first.
        total_money, total_tokens: ever.
        models: name to calls of the last 30 days.
    """

    budget: Budget | None
    paused: bool
    days: tuple[Day, ...]
    total_money: int
    total_tokens: int
    models: dict[str, int]

    @property
    def today(self) -> Day:
        """Spending of today, UTC."""
        today = datetime.now(UTC).date()
        return self.days[0] if self.days and self.days[0].day == today else Day(today, 0, 0, 0, 0, 0)


class Spending:
    """Budgets and the ledger.

    Args:
        pool: connections that take the dashboard's role.
        rights: what is there for them.
    """

    def __init__(self, pool: asyncpg.Pool, rights: Rights) -> None:
        self._pool = pool
        self._rights = rights

    async def there(self) -> bool:
        """Whether this town has a gateway."""
        return await self._rights.have("spending")

    async def need(self) -> None:
        """See that this town has a gateway.

        Raises:
            ProblemError: 503, it has none.
        """
        await self._rights.need("spending")

    async def allow(self, kind: Holder, name: str, budget: Budget | None) -> None:
        """Set what somebody may spend; what was paused stays paused."""
        given = budget or Budget(total_money=0)
        await self._pool.execute(
            "INSERT INTO runtime.budgets (kind, name, day_money, total_money, day_tokens, total_tokens, when_spent) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (kind, name) DO UPDATE SET day_money = $3, total_money = $4, "
            "day_tokens = $5, total_tokens = $6, when_spent = $7",
            kind, name, given.day_money, given.total_money, given.day_tokens, given.total_tokens, given.when_spent,
        )  # fmt: skip
        await self._tell()

    async def pay(self, agent: str, owner: str) -> None:
        """Say who pays for an agent."""
        await self._pool.execute(
            "INSERT INTO runtime.minds (agent, owner) VALUES ($1, $2) ON CONFLICT (agent) DO UPDATE SET owner = $2", agent, owner
        )
        await self._tell()

    async def pause(self, agent: str, paused: bool) -> None:
        """Stop an agent's spending at once, or let it go on."""
        await self._pool.execute(
            "INSERT INTO runtime.budgets (kind, name, total_money, paused) VALUES ('agent', $1, 0, $2) "
            "ON CONFLICT (kind, name) DO UPDATE SET paused = $2",
            agent,
            paused,
        )
        await self._tell()

    async def forget(self, agent: str) -> None:
        """Take an agent's budget away; its calls stay in the ledger."""
        await self._pool.execute("DELETE FROM runtime.budgets WHERE kind = 'agent' AND name = $1", agent)
        await self._pool.execute("DELETE FROM runtime.minds WHERE agent = $1", agent)
        await self._tell()

    async def used(self, kind: Holder, name: str) -> Used:
        """What an agent, or all of an owner's agents, have spent."""
        column = {"agent": "agent", "owner": "owner"}[kind]
        since = datetime.now(UTC).date() - timedelta(days=DAYS - 1)
        # The column is one of two words of ours.
        days = await self._pool.fetch(
            "SELECT day, count(*) AS calls, sum(tokens_in)::bigint AS tokens_in, sum(tokens_out)::bigint AS tokens_out, "  # noqa: S608
            f"sum(tokens)::bigint AS tokens, sum(cost)::bigint AS money FROM runtime.calls WHERE {column} = $1 AND day >= $2 "
            "GROUP BY day ORDER BY day DESC",
            name,
            since,
        )
        models = await self._pool.fetch(
            f"SELECT model, count(*) AS calls FROM runtime.calls WHERE {column} = $1 AND day >= $2 GROUP BY model ORDER BY model",  # noqa: S608
            name,
            since,
        )
        total = await self._pool.fetchrow(
            "SELECT coalesce(sum(cost), 0)::bigint AS money, coalesce(sum(tokens), 0)::bigint AS tokens "  # noqa: S608
            f"FROM runtime.calls WHERE {column} = $1",
            name,
        )
        row = await self._pool.fetchrow("SELECT * FROM runtime.budgets WHERE kind = $1 AND name = $2", kind, name)
        return Used(
            None if row is None else _budget(row),
            row is not None and row["paused"],
            tuple(Day(**day) for day in days),
            total["money"] if total else 0,
            total["tokens"] if total else 0,
            {model["model"]: model["calls"] for model in models},
        )

    async def today(self) -> tuple[int, int]:
        """Money (millionths of a unit) and tokens that everybody has spent today, UTC."""
        row = await self._pool.fetchrow(
            "SELECT coalesce(sum(cost), 0)::bigint AS money, coalesce(sum(tokens), 0)::bigint AS tokens FROM runtime.calls "
            "WHERE day = $1",
            datetime.now(UTC).date(),
        )
        return (0, 0) if row is None else (row["money"], row["tokens"])

    async def _tell(self) -> None:
        await self._pool.execute(f"NOTIFY {_CHANNEL}")


def _budget(row: Any) -> Budget:
    return Budget(
        day_money=row["day_money"],
        total_money=row["total_money"],
        day_tokens=row["day_tokens"],
        total_tokens=row["total_tokens"],
        when_spent=row["when_spent"],
    )
