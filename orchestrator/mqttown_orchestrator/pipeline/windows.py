"""Moving windows of rate limits, by the library `limits`: in this process, or in Redis for several."""

import time
from collections.abc import Sequence
from typing import Final, Protocol

import structlog
from limits import RateLimitItem
from limits.errors import StorageError
from limits.storage import MemoryStorage, RedisStorage, Storage
from limits.strategies import MovingWindowRateLimiter

__all__ = ["Counted", "LocalWindows", "SharedWindows", "Windows"]

Counted = tuple[RateLimitItem, str, str]
"""A window, and whose it is: `agent` or `owner`, and its name."""
_TIMEOUT: Final = 0.25
_AWAY: Final = 5.0
"""Seconds; while the shared store does not answer, nobody waits for it."""
_TURNED_BACK: Final = 1.0
"""Seconds by which the wall clock must jump back for all windows to begin anew."""
_log = structlog.get_logger("orchestrator")


class Windows(Protocol):
    """Keeps when each action of the last minutes came."""

    def take(self, counted: Sequence[Counted]) -> tuple[Counted, float] | None:
        """Count one action in all windows, unless one of them is full; then in none.

        Returns:
            The window that is full and when it has room again, in seconds since the epoch; None if the action is counted.
        """


class LocalWindows:
    """In this process alone."""

    def __init__(self) -> None:
        self._limiter = _Limiter(MemoryStorage())

    def take(self, counted: Sequence[Counted]) -> tuple[Counted, float] | None:
        """Count one action; see `Windows`."""
        return self._limiter.take(counted)


class SharedWindows:
    """In Redis or Valkey, for several processes. While that is away, each process counts by itself.

    Args:
        url: like `redis://127.0.0.1:6379/0`.
        town: id; several towns may use one store.
    """

    def __init__(self, url: str, town: str) -> None:
        import redis  # noqa: PLC0415  an extra

        pool = redis.ConnectionPool.from_url(url, socket_timeout=_TIMEOUT, socket_connect_timeout=_TIMEOUT)
        storage = RedisStorage(url, pool, wrap_exceptions=True, key_prefix=f"mqttown:{town}:rate")
        self._limiter = _Limiter(storage)
        self._alone = LocalWindows()
        self._away_until = 0.0

    def take(self, counted: Sequence[Counted]) -> tuple[Counted, float] | None:
        """Count one action; see `Windows`."""
        if time.monotonic() >= self._away_until:
            try:
                return self._limiter.take(counted)
            except StorageError as error:
                self._away_until = time.monotonic() + _AWAY
                _log.warning("the shared store of rate limits is away; counting alone", why=str(error))
        return self._alone.take(counted)


class _Limiter:
    """Moving windows in a store, by the wall clock, which may be set back.

    What was counted after the time that it is now would fill its window until then, so nothing of it is kept.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._windows = MovingWindowRateLimiter(storage)
        self._newest = 0.0

    def take(self, counted: Sequence[Counted]) -> tuple[Counted, float] | None:
        """Look at all windows before any is counted: what is refused counts nowhere, and is told the longest wait.

        Another process may take the last place in between; then what was counted before it stays counted, on the safe side.
        """
        now = time.time()
        if now < self._newest - _TURNED_BACK:
            self._storage.reset()
            _log.warning("the wall clock was set back; rate limits begin anew", seconds=round(self._newest - now, 1))
            self._newest = now
        self._newest = max(self._newest, now)
        full = [one for one in counted if len(counted) > 1 and not self._windows.test(one[0], *one[1:])]
        if not full:
            full = [one for one in counted if not self._windows.hit(one[0], *one[1:])]
        frees = ((one, self._windows.get_window_stats(one[0], *one[1:]).reset_time) for one in full)
        return max(frees, key=lambda pair: pair[1], default=None)
