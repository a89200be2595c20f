"""The ledger: schema `runtime` in PostgreSQL, with every call, every budget, and the keys."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import asyncpg

from mqttown_runtime.gateway.budget import Budgets, Caps, Holder

__all__ = ["CHANNEL", "Begun", "Call", "Ledger"]

CHANNEL: Final = "runtime"
"""`NOTIFY runtime` says that budgets or minds were changed."""
_SCHEMA: Final = """
CREATE SCHEMA IF NOT EXISTS runtime;
CREATE TABLE IF NOT EXISTS runtime.budgets (
    kind         text NOT NULL CHECK (kind IN ('agent', 'owner')),
    name         text NOT NULL,
    day_money    bigint CHECK (day_money >= 0),       -- millionths of a unit; null is no limit
    total_money  bigint CHECK (total_money >= 0),
    day_tokens   bigint CHECK (day_tokens >= 0),
    total_tokens bigint CHECK (total_tokens >= 0),
    paused       boolean NOT NULL DEFAULT false,
    when_spent   text NOT NULL DEFAULT 'asleep' CHECK (when_spent IN ('asleep', 'routine')),
    PRIMARY KEY (kind, name)
);
CREATE TABLE IF NOT EXISTS runtime.minds (
    agent text PRIMARY KEY,
    owner text                                        -- who pays, beside the agent's own budget
);
CREATE TABLE IF NOT EXISTS runtime.keys (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner     text NOT NULL,
    provider  text NOT NULL,
    token     bytea NOT NULL,                         -- Fernet
    last_four text NOT NULL,
    created   timestamptz NOT NULL DEFAULT now(),
    UNIQUE (owner, provider)
);
CREATE TABLE IF NOT EXISTS runtime.calls (
    n            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    agent        text NOT NULL,
    owner        text,
    request_id   text NOT NULL,
    tick         bigint,
    trace        text,
    provider     text NOT NULL,
    model        text NOT NULL,
    registry     integer NOT NULL,                    -- its version
    request_hash text NOT NULL,
    prompt_hash  text NOT NULL,
    day          date NOT NULL,                       -- of UTC, as the budgets count it
    started      timestamptz NOT NULL DEFAULT now(),
    latency_ms   integer,
    state        text NOT NULL DEFAULT 'open',        -- open, done, failed, unknown, cached, replayed, refused
    tokens_in    bigint NOT NULL DEFAULT 0,
    tokens_out   bigint NOT NULL DEFAULT 0,
    tokens       bigint NOT NULL,                     -- counted against budgets; while open the upper bound
    cost         bigint NOT NULL,                     -- the same, in millionths of a unit of money
    detail       text
);
CREATE INDEX IF NOT EXISTS calls_of_agent ON runtime.calls (agent, n);
CREATE INDEX IF NOT EXISTS calls_of_day ON runtime.calls (day);
"""
_BEGIN: Final = """
INSERT INTO runtime.calls (agent, owner, request_id, tick, trace, provider, model, registry, request_hash, prompt_hash, day, tokens,
                           cost, state)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) RETURNING n
"""
_END: Final = """
UPDATE runtime.calls SET state = $2, latency_ms = $3, tokens_in = $4, tokens_out = $5, tokens = $6, cost = $7, detail = $8
WHERE n = $1
"""
_SPENT: Final = """
SELECT agent, owner, day, sum(cost)::bigint AS money, sum(tokens)::bigint AS tokens
FROM runtime.calls GROUP BY agent, owner, day ORDER BY agent, owner, day
"""


@dataclass(frozen=True, slots=True)
class Begun:
    """What is known of a call when it begins.

    Attributes:
        tokens, cost: what it may come to.
        state: `open`, or `cached`, `replayed` and `refused` for what needs no call.
    """

    agent: str
    owner: str | None
    request_id: str
    tick: int | None
    trace: str | None
    provider: str
    model: str
    registry: int
    request_hash: str
    prompt_hash: str
    day: str
    tokens: int = 0
    cost: int = 0
    state: str = "open"


@dataclass(frozen=True, slots=True)
class Call:
    """How a call ended.

    Attributes:
        state: `done`; `refused`, before anybody was asked; `failed`, at no cost; `unknown`, which counts as its upper bound.
        tokens, cost: what is counted against the budgets.
    """

    state: str
    latency_ms: int
    tokens_in: int
    tokens_out: int
    tokens: int
    cost: int
    detail: str | None = None


class Ledger:
    """Everything the gateway keeps.

    A call is written down before it is made, with its upper bound. So whatever ends this process, nothing that may have been
    spent is forgotten.

    Args:
        pool: connections to PostgreSQL.
    """

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def open(self, budgets: Budgets) -> None:
        """Make the tables where they are missing; calls that a crash left open count as their upper bound; count what was spent."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock(hashtext('mqttown runtime schema'))")
            await connection.execute(_SCHEMA)
            await connection.execute(
                "UPDATE runtime.calls SET state = 'unknown', detail = 'the gateway ended' WHERE state = 'open'"
            )
            rows = await connection.fetch(_SPENT)
        for row in rows:
            for holder in self.holders(row["agent"], row["owner"]):
                budgets.recall(holder, row["day"].isoformat(), row["money"], row["tokens"])

    @staticmethod
    def holders(agent: str, owner: str | None) -> tuple[Holder, ...]:
        """Whose budgets a call of an agent is counted against."""
        own = (Holder("agent", agent),)
        return own if owner is None else (*own, Holder("owner", owner))

    async def allow(self, holder: Holder, caps: Caps) -> None:
        """Set what a holder may spend, and tell the gateway."""
        await self._pool.execute(
            "INSERT INTO runtime.budgets (kind, name, day_money, total_money, day_tokens, total_tokens, paused, when_spent) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (kind, name) DO UPDATE SET day_money = $3, total_money = $4, "
            "day_tokens = $5, total_tokens = $6, paused = $7, when_spent = $8",
            holder.kind,
            holder.name,
            caps.day_money,
            caps.total_money,
            caps.day_tokens,
            caps.total_tokens,
            caps.paused,
            caps.when_spent,
        )
        await self._pool.execute(f"NOTIFY {CHANNEL}")

    async def own(self, agent: str, owner: str | None) -> None:
        """Say who pays for an agent, and tell the gateway."""
        await self._pool.execute(
            "INSERT INTO runtime.minds (agent, owner) VALUES ($1, $2) ON CONFLICT (agent) DO UPDATE SET owner = $2", agent, owner
        )
        await self._pool.execute(f"NOTIFY {CHANNEL}")

    async def read(self) -> tuple[dict[Holder, Caps], dict[str, str | None]]:
        """All budgets, and every agent's owner."""
        budgets = await self._pool.fetch("SELECT * FROM runtime.budgets ORDER BY kind, name")
        minds = await self._pool.fetch("SELECT agent, owner FROM runtime.minds ORDER BY agent")
        caps = {Holder(row["kind"], row["name"]): _caps(row) for row in budgets}
        return caps, {row["agent"]: row["owner"] for row in minds}

    async def begin(self, begun: Begun) -> int:
        """Write down that a call begins; return its number."""
        number: int = await self._pool.fetchval(
            _BEGIN,
            begun.agent,
            begun.owner,
            begun.request_id,
            begun.tick,
            begun.trace,
            begun.provider,
            begun.model,
            begun.registry,
            begun.request_hash,
            begun.prompt_hash,
            date.fromisoformat(begun.day),
            begun.tokens,
            begun.cost,
            begun.state,
        )
        return number

    async def end(self, number: int, call: Call) -> None:
        """Write down how it ended."""
        await self._pool.execute(
            _END,
            number,
            call.state,
            call.latency_ms,
            call.tokens_in,
            call.tokens_out,
            call.tokens,
            call.cost,
            call.detail,
        )


def _caps(row: Any) -> Caps:
    return Caps(
        row["day_money"],
        row["total_money"],
        row["day_tokens"],
        row["total_tokens"],
        paused=row["paused"],
        when_spent=row["when_spent"],
    )
