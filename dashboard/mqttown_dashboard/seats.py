"""The seats at the REST door: who has one, and for how long."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import structlog

from mqttown.link import Address
from mqttown_dashboard.problems import ProblemError
from mqttown_dashboard.seat import Seat, Sitter

__all__ = ["Seats"]

SWEEP_SECONDS: Final = 5.0

log = structlog.get_logger(__name__)


class Seats:
    """Opens a seat when an agent comes, and closes it when it has been idle.

    Args:
        address: of the broker.
        town: id.
        most: seats at a time.
        idle_seconds: without a request or a reader, after which a seat is given up.
    """

    def __init__(self, address: Address, town: str, most: int, idle_seconds: float) -> None:
        self._address = address
        self._town = town
        self._most = most
        self._idle = idle_seconds
        self._seats: dict[str, Seat] = {}

    def __len__(self) -> int:
        """Seats that are taken."""
        return len(self._seats)

    async def take(self, sitter: Sitter, since: int | None = None) -> Seat:
        """The seat of an agent, a new one if it has none.

        Args:
            sitter: who.
            since: tick after which a new seat asks for what was witnessed.

        Raises:
            ProblemError: 403 if the broker will not have the key; 503 if it is away, or all seats are taken.
        """
        seat = self._seats.get(sitter.username)
        if seat is None or not seat.open:
            await self._make_room()
            # Nothing may come between looking and taking: two requests of one agent share one seat.
            seat = self._seats.get(sitter.username)
            if seat is None or not seat.open:
                seat = self._seats[sitter.username] = Seat(sitter, self._address, self._town, since)
        seat.used = asyncio.get_running_loop().time()
        await seat.ready()
        return seat

    def find(self, agent: str) -> list[Seat]:
        """Seats of an agent; it has one for each of its keys that it came by."""
        return [seat for seat in self._seats.values() if seat.sitter.agent == agent]

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Close idle seats for the length of an `async with`, and all at its end."""
        sweeping = asyncio.create_task(self._sweep(), name="mqttown[dashboard].seats")
        try:
            yield
        finally:
            sweeping.cancel()
            await asyncio.gather(*(seat.close() for seat in self._seats.values()))

    def leave(self) -> None:
        """End all readers, so that the server can stop."""
        for seat in self._seats.values():
            seat.leave()

    async def _make_room(self) -> None:
        if len(self._seats) < self._most:
            return
        free = [name for name, seat in self._seats.items() if not seat.open]
        waiting = [name for name, seat in self._seats.items() if seat.open and not seat.readers and self._rests(seat) > 1]
        going = free or sorted(waiting, key=lambda name: self._seats[name].used)[:1]
        if not going:
            raise ProblemError(
                503, "unavailable", f"All {self._most} seats at this door are taken; try again, or come by MQTT.",
                headers={"Retry-After": "10"},
            )  # fmt: skip
        await self._close(going)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            over = [
                name for name, seat in self._seats.items() if not seat.open or (not seat.readers and self._rests(seat) > self._idle)
            ]
            await self._close(over)

    async def _close(self, names: list[str]) -> None:
        going = [self._seats.pop(name) for name in names]
        await asyncio.gather(*(seat.close() for seat in going))

    @staticmethod
    def _rests(seat: Seat) -> float:
        """Seconds since it was used."""
        return asyncio.get_running_loop().time() - seat.used
