"""Remembering what happens: the journal is read tick by tick, and each tick is stored whole, once.

The town's clock only rings the bell. Since the journal is committed before anything is published, whoever knows of a tick can find
it there; so a lost message, a pause or a restart loses nothing, and there is no second road on which memories could differ.
"""

import asyncio
from collections.abc import Collection, Sequence
from itertools import groupby
from operator import attrgetter

from mqttown_memory.archive import Archive
from mqttown_memory.journal import Journal
from mqttown_memory.names import Names
from mqttown_memory.reflection import LOOKED_AT, THRESHOLD, reflect
from mqttown_memory.sentences import TOLD
from mqttown_memory.stream import Memory
from mqttown_memory.table import Progress
from mqttown_memory.witnessing import witnessed

__all__ = ["Follower"]

_MANY = 500
"""Memories in a step; after more, the next step takes a single tick."""
_LONGEST_STEP = 64
"""Ticks."""
_UNWRITTEN = 60
"""So many ticks without a memory may pass before the progress is written; reading them again is cheap."""
_RING_SECONDS = 0.25
"""How often somebody who waits for a tick has the journal looked at, should the clock have been missed."""


class Follower:
    """Stores what is witnessed, in the order in which it happened.

    Args:
        journal: what happened.
        archive: where it goes.
        names: what the sentences call people and places; learns those who register.
        progress: from where to go on.
        remember: False stores nothing, for a town under load.
        forgetful: agents for whom nothing is stored.
    """

    def __init__(
        self,
        journal: Journal,
        archive: Archive,
        names: Names,
        progress: Progress,
        *,
        remember: bool = True,
        forgetful: Collection[str] = (),
    ) -> None:
        self.stored_tick = progress.stored_tick
        self.clock_tick = -1
        self._journal = journal
        self._archive = archive
        self._names = names
        self._since_reflection = dict(progress.since_reflection)
        self._kinds = TOLD if remember else frozenset[str]()
        self._forgetful = forgetful
        self._written_tick = progress.stored_tick
        self._step_ticks = _LONGEST_STEP
        self._bell = asyncio.Event()
        self._stored = asyncio.Condition()

    @property
    def now(self) -> int:
        """The town's present tick as far as it is known here."""
        return max(self.clock_tick, self.stored_tick, 0)

    def ring(self, clock_tick: int | None = None) -> None:
        """Look at the journal; with a tick of the clock, everything up to it is known to be there."""
        if clock_tick is not None:
            self.clock_tick = max(self.clock_tick, clock_tick)
        self._bell.set()

    async def run(self) -> None:
        """Store for ever."""
        while True:
            await self._bell.wait()
            self._bell.clear()
            await self.catch_up()

    async def catch_up(self) -> None:
        """Store everything that the journal has."""
        newest = await self._journal.newest()
        if newest is None:
            return
        newest = max(newest, self.clock_tick)
        while self.stored_tick < newest:
            await self._step(min(newest, self.stored_tick + self._step_ticks))

    async def wait_for(self, tick: int, patience: float) -> bool:
        """Wait until everything witnessed up to a tick is stored.

        Args:
            tick: up to which.
            patience: seconds.

        Returns:
            False if the town did not get there in time.
        """
        try:
            async with asyncio.timeout(patience):
                while self.stored_tick < tick:
                    self.ring()
                    await self._wait_a_moment(tick)
        except TimeoutError:
            return self.stored_tick >= tick
        return True

    async def _wait_a_moment(self, tick: int) -> None:
        try:
            async with asyncio.timeout(_RING_SECONDS), self._stored:
                await self._stored.wait_for(lambda: self.stored_tick >= tick)
        except TimeoutError:
            return

    async def _step(self, until: int) -> None:
        events = await self._journal.events(self.stored_tick, until, self._kinds) if self._kinds else []
        memories: list[Memory] = []
        changed: dict[str, int] = {}
        for tick, of_tick in groupby(events, attrgetter("tick")):
            lived = list(of_tick)
            self._names.learn(lived)
            fresh = [memory for event in lived for memory in witnessed(event, self._names, self._forgetful)]
            memories += fresh
            for memory in fresh:
                changed[memory.agent] = self._since_reflection[memory.agent] = (
                    self._since_reflection.get(memory.agent, 0) + memory.importance
                )
            for agent in sorted({memory.agent for memory in fresh}):
                if self._since_reflection[agent] >= THRESHOLD:
                    memories += await self._reflect(agent, memories, tick)
                    changed[agent] = self._since_reflection[agent] = 0
        if memories or until - self._written_tick >= _UNWRITTEN:
            await self._archive.store(memories, since_reflection=changed, stored_tick=until)
            self._written_tick = until
        self._step_ticks = 1 if len(memories) > _MANY else min(2 * self._step_ticks, _LONGEST_STEP)
        async with self._stored:
            self.stored_tick = until
            self._stored.notify_all()

    async def _reflect(self, agent: str, pending: Sequence[Memory], tick: int) -> list[Memory]:
        stored = await self._archive.table.recent(agent, LOOKED_AT)
        return reflect(agent, [*stored, *(memory for memory in pending if memory.agent == agent)], tick, self._names)
