"""Who is kept out for a while, and how much of something anybody may take before that."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

__all__ = ["Allowance", "Bans"]

FIRST_SECONDS: Final = 10.0
LONGEST_SECONDS: Final = 3_600.0
FORGIVEN_SECONDS: Final = 3_600.0
"""Who has kept quiet for so long after a ban begins anew with a short one."""
Clock = Callable[[], float]


@dataclass(slots=True)
class _Ban:
    until: float
    seconds: float


class Bans:
    """Bans by name or address. Each one is twice as long as the one before, up to an hour.

    Args:
        clock: monotonic seconds.

    Attributes:
        total: bans so far.
    """

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._bans: dict[str, _Ban] = {}
        self.total = 0

    def ban(self, who: str) -> float:
        """Keep somebody out; return for how many seconds."""
        now = self._clock()
        before = self._bans.get(who)
        again = before is not None and now < before.until + FORGIVEN_SECONDS
        seconds = min(2 * before.seconds, LONGEST_SECONDS) if before is not None and again else FIRST_SECONDS
        self._bans[who] = _Ban(now + seconds, seconds)
        self.total += 1
        return seconds

    def left(self, who: str) -> float:
        """Seconds that somebody is still kept out; 0 if not at all."""
        known = self._bans.get(who)
        return max(0.0, known.until - self._clock()) if known is not None else 0.0

    def forget(self) -> list[str]:
        """Let go of what is forgiven, so that no list grows without bound; return who is."""
        now = self._clock()
        forgiven = [who for who, ban in self._bans.items() if now > ban.until + FORGIVEN_SECONDS]
        for who in forgiven:
            del self._bans[who]
        return forgiven


class Allowance:
    """A leaky bucket for each: so much for long, and so much more at once.

    Args:
        rate: amount a second that leaks out.
        burst: amount that the bucket holds.
        clock: monotonic seconds.
    """

    def __init__(self, rate: float, burst: float, clock: Clock = time.monotonic) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._levels: dict[str, tuple[float, float]] = {}

    def take(self, who: str, amount: float = 1.0) -> bool:
        """Pour in an amount; say whether it fits. What does not fit is not kept."""
        now = self._clock()
        level, before = self._levels.get(who, (0.0, now))
        level = max(0.0, level - self._rate * (now - before)) + amount
        self._levels[who] = (min(level, self._burst), now)
        return level <= self._burst

    def forget(self) -> None:
        """Let go of buckets that are empty by now, so that no list grows without bound."""
        now = self._clock()
        self._levels = {
            who: (level, before) for who, (level, before) in self._levels.items() if level > self._rate * (now - before)
        }
