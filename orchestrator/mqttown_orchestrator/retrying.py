"""The journal as the loop sees it: a write ends when it is durable, however long the database is away."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, Protocol

import structlog

from mqttown_orchestrator.journal import JournalAway, SecondWriter, Snapshot, TickRecord
from mqttown_orchestrator.pace import Pace
from mqttown_orchestrator.statements import Statement

__all__ = ["Retrying", "Writing"]

_FIRST_SECONDS: Final = 0.1
_LAST_SECONDS: Final = 2.0
"""Between two tries; each pause is twice the one before, up to this."""
_log = structlog.get_logger("orchestrator")


class Writing(Protocol):
    """What is written to the journal while the town lives."""

    async def append(self, record: TickRecord) -> None:
        """Commit one tick."""

    async def write(self, statements: Sequence[Statement], snapshot: Snapshot | None = None) -> None:
        """Commit changes that belong to no tick."""

    async def answer(self, service: str, command_id: str) -> dict[str, Any] | None:
        """The answer that a command got already."""

    async def acted(self, agent: str, seconds: float) -> list[float]:
        """When an agent's actions of the last seconds were judged, UTC seconds, oldest first."""


class _Journal(Writing, Protocol):
    async def holds(self, record: TickRecord) -> bool:
        """Whether a tick of ours is in the journal."""

    async def reconnect(self) -> None:
        """Begin a new connection."""


class Retrying:
    """Writes to a journal until it is written.

    A commit whose answer was lost may have come through. So a tick is written again only if the journal does not hold it, and
    what belongs to no tick can be written twice with no further effect.

    Args:
        journal: of the one writer.
        pace: says when to give up, because the town is told to stop.
        trouble: called with the reason when the database goes away, and with None when it is back.
    """

    def __init__(self, journal: _Journal, pace: Pace, trouble: Callable[[str | None], None]) -> None:
        self._journal = journal
        self._pace = pace
        self._trouble = trouble

    async def append(self, record: TickRecord) -> None:
        """Commit one tick; on return it is durable.

        Raises:
            SecondWriter: another generation has written.
            JournalAway: the database is away, and the town is told to stop.
        """
        again = False

        async def append() -> None:
            nonlocal again
            if again and await self._journal.holds(record):
                return
            again = True
            try:
                await self._journal.append(record)
            except SecondWriter:
                if not await self._journal.holds(record):  # else our own first try came through meanwhile
                    raise

        await self._until_done(append)

    async def write(self, statements: Sequence[Statement], snapshot: Snapshot | None = None) -> None:
        """Commit changes that belong to no tick.

        Raises:
            SecondWriter, JournalAway: as for `append`.
        """
        await self._until_done(lambda: self._journal.write(statements, snapshot))

    async def answer(self, service: str, command_id: str) -> dict[str, Any] | None:
        """The answer that a command got already.

        Raises:
            JournalAway: as for `append`.
        """
        found: dict[str, Any] | None = None

        async def look() -> None:
            nonlocal found
            found = await self._journal.answer(service, command_id)

        await self._until_done(look)
        return found

    async def acted(self, agent: str, seconds: float) -> list[float]:
        """When an agent's actions of the last seconds were judged, UTC seconds, oldest first.

        Raises:
            JournalAway: as for `append`.
        """
        found: list[float] = []

        async def look() -> None:
            found[:] = await self._journal.acted(agent, seconds)

        await self._until_done(look)
        return found

    async def _until_done(self, work: Callable[[], Awaitable[None]]) -> None:
        pause, lost = _FIRST_SECONDS, False
        while True:
            try:
                if lost:
                    await self._journal.reconnect()
                await work()
            except JournalAway as error:
                if self._pace.stopping:
                    raise
                if not lost:
                    _log.warning("the database is away; the town holds until it is back", why=str(error))
                    self._trouble("database")
                lost = True
            else:
                break
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LAST_SECONDS)
        if lost:
            _log.warning("the database is back; the town goes on")
            self._trouble(None)
