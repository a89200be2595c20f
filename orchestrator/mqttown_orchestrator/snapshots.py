"""When the whole state is kept, and how that holds nobody up: it is packed in a thread and goes with a later tick."""

import asyncio

from mqttown_orchestrator.journal import Snapshot
from mqttown_orchestrator.town import Town
from mqttown_orchestrator.world.digest import dump

__all__ = ["Snapshots"]


class Snapshots:
    """Takes a snapshot every `every` ticks. Use `after_tick` when all of a tick has been told."""

    def __init__(self, town: Town, every: int) -> None:
        self._town = town
        self._every = every
        self._packing: asyncio.Task[Snapshot] | None = None

    def after_tick(self) -> None:
        """Dump the state if it is time."""
        if self._town.tick % self._every == 0:
            self._packing = asyncio.create_task(_pack(self._town.tick, dump(self._town.state)), name=f"snapshot[{self._town.tick}]")

    def take(self) -> Snapshot | None:
        """The snapshot that is ready to be journaled, if there is one."""
        packing = self._packing
        if packing is None or not packing.done():
            return None
        self._packing = None
        return packing.result()

    async def last(self) -> Snapshot:
        """The state of the newest tick, for the end. One that is still being packed is of an earlier tick, and not needed then."""
        if self._packing is not None:
            await asyncio.wait({self._packing})
        return await _pack(self._town.tick, dump(self._town.state))


async def _pack(tick: int, dumped: bytes) -> Snapshot:
    return await asyncio.to_thread(Snapshot.of, tick, dumped)
