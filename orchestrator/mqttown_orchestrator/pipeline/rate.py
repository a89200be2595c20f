"""Stage `rate limit`: how many actions a citizen's plan allows, and how many may be undecided."""

import time
from dataclasses import dataclass
from typing import Final

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from mqttown_contract.errors import Code, Refusal
from mqttown_contract.types import MAX_UNDECIDED
from mqttown_orchestrator.pipeline.arrival import Arrival

__all__ = ["PLANS", "RatePlan", "RateStage"]

_SOON: Final = 1.0
"""Seconds after which an undecided action has most likely got its verdict."""
_AVERAGED: Final = 10
"""Minutes over which a plan's rate is meant."""


@dataclass(frozen=True, slots=True)
class RatePlan:
    """What a plan allows.

    Attributes:
        per_minute: actions a minute, on the average of ten minutes; None for no limit.
        burst: actions within any one minute of the clock.
    """

    per_minute: int | None = None
    burst: int = 0

    @property
    def windows(self) -> tuple[RateLimitItem, ...]:
        """The windows that must all have room."""
        if self.per_minute is None:
            return ()
        return RateLimitItemPerMinute(self.burst, 1), RateLimitItemPerMinute(self.per_minute * _AVERAGED, _AVERAGED)

    @property
    def announced(self) -> dict[str, int]:
        """As the public card tells it."""
        if self.per_minute is None:
            return {"undecided": MAX_UNDECIDED}
        return {"actions_per_minute": self.per_minute, "burst": self.burst, "undecided": MAX_UNDECIDED}


PLANS: Final[dict[str, RatePlan]] = {
    "external": RatePlan(100, 200),
    "hosted": RatePlan(),
    "load": RatePlan(60_000, 60_000),
}


class RateStage:
    """Counts actions by citizen, in process. Windows are fixed, so counting costs the same for any plan."""

    def __init__(self) -> None:
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._windows = {name: plan.windows for name, plan in PLANS.items()}

    def check(self, arrival: Arrival) -> Refusal | None:
        """Refuse what is too much, and count what is not."""
        citizen = arrival.citizen
        if len(citizen.undecided) >= MAX_UNDECIDED:
            detail = f"{MAX_UNDECIDED} actions wait for their verdict already"
            return Refusal(Code.RATE_LIMITED, detail, allowed={"undecided": MAX_UNDECIDED}, retry_after=_SOON)
        windows = self._windows[citizen.plan]
        for window in windows:
            if not self._limiter.test(window, citizen.id):
                reset = self._limiter.get_window_stats(window, citizen.id).reset_time
                detail = f"more than {window.amount} actions in {window.multiples} min"
                allowed = PLANS[citizen.plan].announced
                return Refusal(Code.RATE_LIMITED, detail, allowed=allowed, retry_after=max(0.1, round(reset - time.time(), 1)))
        for window in windows:
            self._limiter.hit(window, citizen.id)
        return None
