"""What residents had in mind when they acted: the memories that came, the reasoning they gave, and the model that was asked."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg
import orjson
import structlog
from asyncpg.exceptions import ForeignKeyViolationError, InterfaceError, PostgresError

from mqttown_contract import topics

__all__ = ["Thought", "Thoughts", "channels"]

KEPT: Final = 100
"""Of one resident."""
FLUSH_SECONDS: Final = 1.0
_WAITING: Final = 10_000
"""So many thoughts wait for a database that is away; what comes on top is lost."""
_REASONING: Final = 2000

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Thought:
    """One decision.

    Attributes:
        number: goes up.
        tick: town time when it acted.
        memories: as the memory service gave them, best first.
        model: that was asked last before it; None for a mind without one.
    """

    number: int
    tick: int
    action_id: str
    action: str
    reasoning: str | None
    memories: list[dict[str, Any]]
    model: str | None


@dataclass(slots=True)
class _Gathering:
    """What has come since an agent last acted."""

    memories: list[dict[str, Any]] = field(default_factory=list)
    model: str | None = None


def channels(town: str, district: str, agent: str) -> tuple[str, ...]:
    """Topics that tell what an agent has in mind."""
    return (
        topics.agent_in(town, district, agent, "memory"),
        topics.agent_in(town, district, agent, "thought"),
        topics.agent_out(town, district, agent, "action"),
    )


class Thoughts:
    """Gathers thoughts off the wire and keeps the last ones in `portal.thoughts`.

    Args:
        pool: connections that take the dashboard's role.
        now: tells the town's tick.
    """

    def __init__(self, pool: asyncpg.Pool, now: Callable[[], int]) -> None:
        self._pool = pool
        self._now = now
        self._gathering: dict[str, _Gathering] = {}
        self._waiting: list[tuple[Any, ...]] = []

    def take(self, topic: topics.Topic, payload: dict[str, Any]) -> None:
        """Take note of a message to or from an agent.

        Raises:
            KeyError, TypeError: it is not as the wire has it.
        """
        agent = topic.subject or ""
        now = self._gathering.setdefault(agent, _Gathering())
        if topic.channel == "memory":
            now.memories = payload.get("memories") or now.memories
        elif topic.channel == "thought":
            now.model = payload.get("model") or now.model
        elif topic.channel == "action" and len(self._waiting) < _WAITING:
            reasoning = payload.get("reasoning")
            self._waiting.append(
                (
                    agent,
                    self._now(),
                    _plain(payload["id"], 128),
                    _plain(payload["action"], 48),
                    None if reasoning is None else _plain(reasoning, _REASONING),
                    orjson.dumps(now.memories).decode().replace("\\u0000", ""),
                    now.model,
                )
            )
            self._gathering[agent] = _Gathering()

    def forget(self, agent: str) -> None:
        """An agent is gone."""
        self._gathering.pop(agent, None)

    async def of(self, agent: str, before: int | None, limit: int) -> list[Thought]:
        """An agent's thoughts, the newest first, those before a number alone."""
        rows = await self._pool.fetch(
            "SELECT n AS number, tick, action_id, action, reasoning, memories, model FROM portal.thoughts "
            "WHERE agent = $1 AND ($2::bigint IS NULL OR n < $2) ORDER BY n DESC LIMIT $3",
            agent,
            before,
            limit,
        )
        return [Thought(**{**row, "memories": orjson.loads(row["memories"])}) for row in rows]

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Write what has been gathered once a second for the length of an `async with`."""
        writing = asyncio.create_task(self._write_again_and_again(), name="mqttown[dashboard].thoughts")
        try:
            yield
        finally:
            writing.cancel()
            await asyncio.wait({writing})

    async def _write_again_and_again(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            fresh, self._waiting = self._waiting, []
            if not fresh:
                continue
            try:
                await self._write(fresh)
            except (PostgresError, InterfaceError, OSError) as error:
                log.warning("thoughts could not be kept", thoughts=len(fresh), error=str(error))

    async def _write(self, fresh: list[tuple[Any, ...]]) -> None:
        there = {row["agent"] for row in await self._pool.fetch("SELECT agent FROM portal.residents")}
        kept = [row for row in fresh if row[0] in there]
        try:
            await self._pool.executemany(
                "INSERT INTO portal.thoughts (agent, tick, action_id, action, reasoning, memories, model) "
                "VALUES ($1, $2, $3, $4, $5, $6, $7)",
                kept,
            )
        except ForeignKeyViolationError:
            log.info("somebody went while thoughts were written; those of this second are lost")
            return
        await self._pool.executemany(
            "DELETE FROM portal.thoughts WHERE agent = $1 AND n <= "
            "(SELECT n FROM portal.thoughts WHERE agent = $1 ORDER BY n DESC OFFSET $2 LIMIT 1)",
            [(agent, KEPT) for agent in sorted({row[0] for row in kept})],
        )


def _plain(value: Any, most: int) -> str:
    """Text that a database keeps."""
    return str(value).replace("\0", "")[:most].encode(errors="replace").decode()
