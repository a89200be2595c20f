"""A circuit breaker and a pace: when a provider is left alone for a while, and how fast it is asked."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

__all__ = ["Breaker", "Pace"]

FAILURES: Final = 5
PAUSE_SECONDS: Final = 30.0


class Breaker:
    """Opens after some failures in a row, and lets one call try again after a pause (Nygard, "Release It!", 2007).

    Args:
        failures: in a row, after which it opens.
        pause: seconds that it stays open.
        now: seconds of any steady clock.
    """

    def __init__(self, failures: int = FAILURES, pause: float = PAUSE_SECONDS, now: Callable[[], float] = time.monotonic) -> None:
        self._most = failures
        self._pause = pause
        self._now = now
        self._failures = 0
        self._opened: float | None = None
        self._probing = False

    @property
    def open(self) -> bool:
        """Whether nobody may call now. Once the pause is over, the first who asks may, and the others wait for its end."""
        if self._opened is None:
            return False
        if self._probing or self._now() - self._opened < self._pause:
            return True
        self._probing = True
        return False

    def succeeded(self) -> None:
        """A call was answered."""
        self._failures, self._opened, self._probing = 0, None, False

    def failed(self) -> None:
        """A call was not answered, or with an error of the provider's own."""
        self._failures += 1
        if self._failures >= self._most:
            self._opened, self._probing = self._now(), False

    def given_up(self) -> None:
        """A call was ended by us, which says nothing of the provider."""
        self._probing = False


class Pace:
    """Spaces calls evenly, so that no more are begun in a minute than allowed.

    Args:
        per_minute: calls a minute; None is no limit.
    """

    def __init__(self, per_minute: int | None) -> None:
        self._gap = 60.0 / per_minute if per_minute else 0.0
        self._next = 0.0
        self._first = asyncio.Lock()

    async def turn(self) -> None:
        """Wait until the next call may begin; whoever gives up waiting leaves the turn to the next."""
        if not self._gap:
            return
        async with self._first:
            await asyncio.sleep(self._next - time.monotonic())
            self._next = time.monotonic() + self._gap
