"""Letters to owners when four fifths of what may be spent on thinking are gone: each cap is told of once a day, a total once."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

import asyncpg
import structlog
from asyncpg.exceptions import InterfaceError, PostgresError

from mqttown_contract import topics
from mqttown_dashboard.letters import Letters
from mqttown_dashboard.spending import Spending, Used

__all__ = ["BudgetLetters"]

TOLD_AT: Final = 800
"""Permille of a cap, as the gateway's notice to the agent has it."""
LETTERS_A_DAY: Final = 10
"""To one account. Nobody has proved that an address is theirs, so nobody shall fill a letter box by changing caps."""
_MICROS: Final = 1_000_000

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Reached:
    """A cap of which most is gone; money is millionths of a unit."""

    period: Literal["day", "total"]
    unit: Literal["money", "tokens"]
    cap: int
    spent: int

    def __str__(self) -> str:
        per = "a day (UTC)" if self.period == "day" else "in total"
        if self.unit == "money":
            return f"{self.spent / _MICROS:g} of {self.cap / _MICROS:g} units of money {per}"
        return f"{self.spent} of {self.cap} tokens {per}"


class BudgetLetters:
    """Hears that the gateway warned a resident of its budget, and writes to whoever owns it.

    Args:
        pool: connections that take the dashboard's role.
        spending: caps, and what is gone of them.
        letters: sends.
        town: name of the town.
    """

    def __init__(self, pool: asyncpg.Pool, spending: Spending, letters: Letters, town: str) -> None:
        self._pool = pool
        self._spending = spending
        self._letters = letters
        self._town = town
        self._looking: set[asyncio.Task[None]] = set()
        self._day = datetime.now(UTC).date()
        self._sent: Counter[str] = Counter()

    def take(self, topic: topics.Topic, payload: dict[str, Any]) -> None:
        """Take note of a message to an agent."""
        if topic.channel == "notice" and payload.get("code") == "budget" and topic.subject is not None and self._letters.sends:
            task = asyncio.create_task(self._look(topic.subject), name="mqttown[dashboard].budget-letter")
            self._looking.add(task)
            task.add_done_callback(self._looking.discard)

    async def _look(self, agent: str) -> None:
        try:
            found = await self._pool.fetchrow(
                "SELECT account.name, account.mail FROM portal.residents AS resident JOIN portal.accounts AS account "
                "ON account.name = resident.account WHERE resident.agent = $1 AND account.mail IS NOT NULL "
                "AND account.locked IS NULL",
                agent,
            )
            if found is None or not await self._spending.there():
                return
            whose: tuple[tuple[Literal["agent", "owner"], str, str], ...] = (
                ("agent", agent, f"Your resident {agent}"),
                ("owner", found["name"], "All your residents together"),
            )
            for kind, name, who in whose:
                for reached in _reached(await self._spending.used(kind, name)):
                    if await self._is_new(kind, name, reached) and self.may_have(found["name"]):
                        self._letters.send(found["mail"], *self._words(who, reached))
        except (PostgresError, InterfaceError, OSError) as error:
            log.warning("an owner was not told of a budget", agent=agent, error=str(error))

    def may_have(self, account: str) -> bool:
        """Count a letter to an account; False if it had enough today."""
        today = datetime.now(UTC).date()
        if today != self._day:
            self._day, self._sent = today, Counter()
        self._sent[account] += 1
        return self._sent[account] <= LETTERS_A_DAY

    async def _is_new(self, kind: str, name: str, reached: _Reached) -> bool:
        """Write down that a cap is told of; False if it was before. Another cap is another story."""
        return bool(
            await self._pool.fetchval(
                "WITH old AS (DELETE FROM portal.budget_letters WHERE day < (now() AT TIME ZONE 'utc')::date AND period = 'day') "
                "INSERT INTO portal.budget_letters (kind, name, period, unit, cap, day) "
                "VALUES ($1, $2, $3, $4, $5, CASE $3 WHEN 'day' THEN (now() AT TIME ZONE 'utc')::date ELSE 'epoch' END) "
                "ON CONFLICT DO NOTHING RETURNING true",
                kind,
                name,
                reached.period,
                reached.unit,
                reached.cap,
            )
        )

    def _words(self, who: str, reached: _Reached) -> tuple[str, str]:
        title = f"{self._town}: most of a budget is spent"
        return title, (
            f"{who} spent {reached} on thinking.\n\n"
            "Nothing is spent beyond a budget. Under My residents on the town's page you can pause, or give more or less.\n"
            "No more letters come for this budget today."
        )


def _reached(used: Used) -> Iterator[_Reached]:
    if used.budget is None:
        return
    today, budget = used.today, used.budget
    caps = (
        _Reached("day", "money", budget.day_money or 0, today.money),
        _Reached("total", "money", budget.total_money or 0, used.total_money),
        _Reached("day", "tokens", budget.day_tokens or 0, today.tokens),
        _Reached("total", "tokens", budget.total_tokens or 0, used.total_tokens),
    )
    yield from (one for one in caps if one.cap and one.spent * 1000 >= one.cap * TOLD_AT)
