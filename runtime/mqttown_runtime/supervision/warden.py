"""The warden: makes what is what is wished. Holds Docker's socket, so it hears nobody: its one source is the register."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import structlog

from mqttown_runtime.sandbox.cell import CREDENTIALS, DOOR, Cell, CellError
from mqttown_runtime.sandbox.container import Container
from mqttown_runtime.sandbox.engine import Engine, EngineAway, EngineError
from mqttown_runtime.sandbox.workshop import drop_code
from mqttown_runtime.seal import Seal
from mqttown_runtime.supervision.due import LOOP_ENDS, Step, due
from mqttown_runtime.supervision.ends import count_end
from mqttown_runtime.supervision.epitaph import epitaph
from mqttown_runtime.supervision.programs import NotReady, Programs, Refused
from mqttown_runtime.supervision.register import Hosted, Observed, Register

__all__ = ["Warden"]

log = structlog.get_logger(__name__)

INSIDE: Final = f"/agent/config/{DOOR}"
"""The door, as an agent sees it."""
NO_KEY: Final = "its key is not here any more, so it can't enter the town: give it a new one"
_REST_SECONDS: Final = 1
"""Whoever does not end by then is killed."""
_TROUBLE_PAUSE: Final = timedelta(seconds=5)
"""Before the engine is asked again for what it would not do."""


class Warden:
    """Looks again and again, and does for each agent the one thing that is due.

    All that it knows is in the register and in the engine, so it may be killed at any moment: whoever comes after it finds
    containers by their labels, and their names keep any from being there twice.

    Args:
        register: of hosted agents.
        engine: connects to the engine; called again after the engine was away.
        root: of the jail.
        programs: what containers are made for.
        seal: opens the credentials that come with a wish.
    """

    def __init__(self, register: Register, engine: Callable[[], Engine], root: Path, programs: Programs, seal: Seal) -> None:
        self._register = register
        self._seal = seal
        self._programs = programs
        self._connect = engine
        self._engine: Engine | None = None
        self._root = root
        self._not_before: dict[str, datetime] = {}
        self._steps: Mapping[Step, Callable[[Hosted, Container | None], Awaitable[None]]] = {
            Step.CREATE: self._create,
            Step.START: self._start,
            Step.PAUSE: self._pause,
            Step.REPLACE: self._replace,
            Step.COUNT_END: self._count_end,
            Step.END_SILENCE: self._end_silence,
            Step.REMOVE: self._remove,
            Step.RELEASE: self._release,
        }

    async def look(self) -> None:
        """Do what is due for everybody, once. One agent's trouble is written to its row and is nobody else's.

        Raises:
            EngineAway: the engine can't be reached; the next look tries again.
        """
        if self._engine is None:
            self._engine = await asyncio.to_thread(self._connect)
        try:
            await self._look_at_all(self._engine)
        except EngineAway:
            self.close()
            raise

    async def _look_at_all(self, engine: Engine) -> None:
        there = {container.agent: container for container in await asyncio.to_thread(engine.list)}
        wishes = await self._register.all("docker")
        for wish in wishes:
            now = datetime.now(UTC)
            if now < self._not_before.get(wish.agent, now):
                continue
            try:
                await self._do(wish, there.get(wish.agent))
            except EngineAway:
                raise
            except (EngineError, CellError) as error:
                self._not_before[wish.agent] = now + _TROUBLE_PAUSE
                log.warning("not done", agent=wish.agent, error=str(error))
                await self._register.observe(wish.agent, wish.observed, str(error), next_start=wish.next_start)
        for agent in sorted(set(there) - {wish.agent for wish in wishes}):
            log.warning("nobody wishes this container; its disk stays", agent=agent)
            await asyncio.to_thread(engine.remove, agent)

    async def collect_logs(self) -> None:
        """Keep the end of everybody's log for the owner, and throw away code that nobody has used for a day."""
        if self._engine is None:
            return
        for container in await asyncio.to_thread(self._engine.list):
            await self._register.keep_log(container.agent, await asyncio.to_thread(self._engine.logs, container.agent))
        for archive in await self._register.drop_archives():
            await asyncio.to_thread(drop_code, self._engine.client, archive)

    async def rest(self) -> None:
        """Stop everybody, since the town stops; that counts as no end of theirs, and the next look starts them again."""
        if self._engine is None:
            return
        running = [one for one in await asyncio.to_thread(self._engine.list) if one.state in {"running", "paused"}]
        await asyncio.gather(*(asyncio.to_thread(self._engine.stop, one.agent, _REST_SECONDS) for one in running))
        ended = {one.agent: one.finished for one in await asyncio.to_thread(self._engine.list)}
        for agent in (one.agent for one in running):
            await self._register.observe(agent, "waiting", "the town has stopped", counted=ended.get(agent))
        for wish in await self._register.all("docker"):
            with contextlib.suppress(CellError):  # still in use: it is unmounted with the machine
                await asyncio.to_thread(self._cell(wish).close)

    def close(self) -> None:
        """Let go of the engine; the agents live on."""
        if self._engine is not None:
            self._engine.close()
            self._engine = None

    @property
    def _docker(self) -> Engine:
        if self._engine is None:
            raise EngineAway("the engine is away")
        return self._engine

    async def _do(self, wish: Hosted, container: Container | None) -> None:
        step = due(wish, container, datetime.now(UTC))
        if step in self._steps:
            log.info("due", agent=wish.agent, step=step.value, generation=wish.generation)
            await self._steps[step](wish, container)
            return
        seen: Observed | None = None
        if container is not None and container.state in {"running", "paused"}:
            seen = "running" if container.state == "running" else "paused"
        elif wish.desired == "paused":
            seen = "paused"
        if seen is not None and seen != wish.observed:
            await self._register.observe(wish.agent, seen, None)

    def _cell(self, wish: Hosted) -> Cell:
        return Cell(self._root, wish.agent, wish.number)

    async def _create(self, wish: Hosted, _container: Container | None) -> None:
        try:
            program = await self._programs.of(wish, self._docker)
        except NotReady as reason:
            await self._register.observe(wish.agent, "new" if wish.observed == "new" else "waiting", str(reason))
            return
        except Refused as reason:
            await self._register.observe(wish.agent, "parked", str(reason), failures=[datetime.now(UTC)] * LOOP_ENDS)
            return
        if not await self._register.take(wish.agent, "docker"):
            return  # whoever has it lets go first
        cell = self._cell(wish)
        files = dict(program.files)
        given = self._handed_over(wish)
        if given is not None:
            files[CREDENTIALS] = {**given, "socket": INSIDE, "ca": None}
        elif not (cell.config / CREDENTIALS).exists():
            await self._register.observe(wish.agent, "parked", NO_KEY, failures=[datetime.now(UTC)] * LOOP_ENDS)
            return
        await asyncio.to_thread(cell.make, wish.spec.limits.disk_mib, files)
        if given is not None:
            await self._register.handed_over(wish.agent)
        await asyncio.to_thread(
            self._docker.create,
            cell,
            wish.spec.limits,
            image=program.image,
            generation=wish.generation,
            command=program.command,
        )
        if wish.desired == "running":
            await self._start(wish, None)

    def _handed_over(self, wish: Hosted) -> dict[str, Any] | None:
        """Credentials that come with a wish; none that were sealed for a jailer with another folder, and so another key."""
        if wish.handover is None:
            return None
        try:
            return dict(json.loads(self._seal.open(wish.handover, f"handover {wish.agent}")))
        except ValueError as error:
            log.warning("credentials that can't be opened", agent=wish.agent, error=str(error))
            return None

    async def _start(self, wish: Hosted, container: Container | None) -> None:
        await asyncio.to_thread(self._cell(wish).make, wish.spec.limits.disk_mib, {})  # after a restart of the host, mounted again
        await asyncio.to_thread(self._docker.start, wish.agent)
        resumed = container is not None and container.state == "paused"
        await self._register.observe(wish.agent, "running", None, started=not resumed)

    async def _pause(self, wish: Hosted, _container: Container | None) -> None:
        await asyncio.to_thread(self._docker.pause, wish.agent)
        await self._register.observe(wish.agent, "paused", None)

    async def _replace(self, wish: Hosted, container: Container | None) -> None:
        await self._end(wish, container)
        await self._create(wish, None)

    async def _end(self, wish: Hosted, container: Container | None) -> None:
        if container is not None and container.state in {"running", "paused"}:
            await asyncio.to_thread(self._docker.stop, wish.agent)
        await asyncio.to_thread(self._docker.remove, wish.agent)

    async def _count_end(self, wish: Hosted, container: Container | None) -> None:
        if container is None:
            return
        tail = await asyncio.to_thread(self._docker.logs, wish.agent)
        await self._register.keep_log(wish.agent, tail)
        reason = wish.reason if wish.reason and wish.observed == "waiting" else epitaph(container, wish.spec.limits, tail)
        await count_end(self._register, wish, reason, container.finished)

    async def _end_silence(self, wish: Hosted, _container: Container | None) -> None:
        """End it, and let the next look count that; the reason is told beforehand, since an end by our hand explains nothing."""
        await self._register.observe(wish.agent, "waiting", "the town does not hear it, so it was ended to start anew")
        await asyncio.to_thread(self._docker.stop, wish.agent)

    async def _release(self, wish: Hosted, container: Container | None) -> None:
        """Let another placement have it; its disk stays, for when it comes back."""
        await self._end(wish, container)
        await self._register.let_go(wish.agent, "docker")

    async def _remove(self, wish: Hosted, _container: Container | None) -> None:
        """Take everything of it away, its code and its row last."""
        await asyncio.to_thread(self._docker.remove, wish.agent)
        await asyncio.to_thread(self._cell(wish).remove)
        if wish.spec.code is not None:
            for archive in await self._register.drop_archives(of=wish.spec.code):
                await asyncio.to_thread(drop_code, self._docker.client, archive)
        await self._register.forget(wish.agent)
