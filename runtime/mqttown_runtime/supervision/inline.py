"""The inline keeper: has the host run whom the register wishes inline, among the town's written people or beside them."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

import asyncpg
import asyncpg.exceptions
import structlog

from mqttown_agents.mind import Mind, Thinker
from mqttown_runtime.casting import CastingError
from mqttown_runtime.host import Host
from mqttown_runtime.supervision.due import LOOP_ENDS
from mqttown_runtime.supervision.ends import count_end
from mqttown_runtime.supervision.register import Hosted, Register
from mqttown_runtime.supervision.spec import Spec

__all__ = ["InlineKeeper"]

log = structlog.get_logger(__name__)

_LOOK_SECONDS: Final = 1.0


class InlineKeeper:
    """Looks again and again, and admits and dismisses.

    Args:
        register: of hosted agents.
        people: the minds of the town's written people, whom the host has without anybody's wish, by agent id.
        cast: makes the mind that a spec asks for.
    """

    def __init__(self, register: Register, people: Mapping[str, Mind | Thinker], cast: Callable[[Spec], Mind | Thinker]) -> None:
        self._register = register
        self._people = people
        self._cast = cast
        self._running: dict[str, int] = {}
        self._seated: set[str] = set()
        self._failed: dict[str, str] = {}
        self._newest_tick: int | None = None

    async def seat(self) -> dict[str, Mind | Thinker]:
        """The people to begin with: all who are not wished elsewhere."""
        self._seated = await self._register.seat(self._people)
        return {agent: mind for agent, mind in self._people.items() if agent in self._seated}

    def failed(self, agent: str, error: Exception) -> bool:
        """A mind has failed; say whether it is one that is looked after here."""
        if agent not in self._running:
            return False
        self._failed[agent] = f"its mind failed: {type(error).__name__}: {error}"
        return True

    async def run(self, host: Host) -> None:
        """Keep the host right until cancelled."""
        while True:
            try:
                await self.look(host)
            except (asyncpg.exceptions.PostgresError, asyncpg.exceptions.InterfaceError, OSError) as error:
                log.warning("the database is away", error=str(error))
            await asyncio.sleep(_LOOK_SECONDS)

    async def look(self, host: Host) -> None:
        """Do what is due for everybody, once."""
        wishes = {wish.agent: wish for wish in await self._register.all("inline")}
        for agent in [agent for agent in self._running if agent not in wishes]:
            await self._dismiss(host, agent)
        for wish in wishes.values():
            await self._do(host, wish)
        await self._look_after_people(host, wishes)
        self._newest_tick = await self._register.thought_since(self._newest_tick)

    async def _look_after_people(self, host: Host, wishes: Iterable[str]) -> None:
        elsewhere = await self._register.wanted_elsewhere()
        for agent in sorted(self._seated & elsewhere):
            await host.dismiss(agent)
        gone = sorted(set(self._people) - self._seated - elsewhere - set(wishes))
        if gone or self._seated & elsewhere:
            self._seated = await self._register.seat(self._people)
        for agent in gone:
            if agent in self._seated:
                await host.admit(agent, self._people[agent])

    async def _do(self, host: Host, wish: Hosted) -> None:
        if wish.agent in self._failed:
            await self._count_end(host, wish, self._failed.pop(wish.agent))
        elif wish.placement != "inline" or wish.desired == "deleted":
            await self._dismiss(host, wish.agent)
            await self._register.let_go(wish.agent, "inline")
            await self._register.forget(wish.agent)
        elif wish.desired == "paused":
            await self._dismiss(host, wish.agent)
            if wish.observed != "paused":
                await self._register.observe(wish.agent, "paused", None)
        elif self._running.get(wish.agent) != wish.generation and self._may_start(wish):
            await self._start(host, wish)

    @staticmethod
    def _may_start(wish: Hosted) -> bool:
        return len(wish.failures) < LOOP_ENDS and (wish.next_start is None or datetime.now(UTC) >= wish.next_start)

    async def _start(self, host: Host, wish: Hosted) -> None:
        if not await self._register.take(wish.agent, "inline"):
            return
        try:
            mind = self._cast(wish.spec)
        except CastingError as error:
            await self._count_end(host, wish, str(error))
            return
        await host.admit(wish.agent, mind)
        self._running[wish.agent] = wish.generation
        await self._register.observe(wish.agent, "running", None, started=True)

    async def _dismiss(self, host: Host, agent: str) -> None:
        if self._running.pop(agent, None) is None:
            return
        await host.dismiss(agent)
        self._seated.discard(agent)  # a written person goes back to the mind that they were written with

    async def _count_end(self, host: Host, wish: Hosted, reason: str) -> None:
        await self._dismiss(host, wish.agent)
        await count_end(self._register, wish, reason)
