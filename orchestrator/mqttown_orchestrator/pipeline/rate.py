"""Stage `rate limit`: how many actions a citizen's plan and its owner may send, and how many may be undecided."""

import math
import time
from dataclasses import dataclass, field
from typing import Final

from limits import RateLimitItem, RateLimitItemPerMinute

from mqttown_contract.errors import Code, Refusal
from mqttown_contract.types import MAX_UNDECIDED
from mqttown_orchestrator.pipeline.arrival import Arrival
from mqttown_orchestrator.pipeline.windows import Counted, LocalWindows, Windows

__all__ = ["OWNER", "PLANS", "RatePlan", "RateStage"]

_SOON: Final = 1.0
"""Seconds after which an undecided action has most likely got its verdict."""
_AVERAGED: Final = 10
"""Minutes over which a plan's rate is meant."""


@dataclass(frozen=True, slots=True)
class RatePlan:
    """What a plan allows.

    Attributes:
        per_minute: actions a minute, on the average of ten minutes; None for no limit.
        burst: actions within any one minute.
        owned: whether the actions also count for the agent's owner.
        windows: the same in the words of `limits`; all must have room.
    """

    per_minute: int | None = None
    burst: int = 0
    owned: bool = True
    windows: tuple[RateLimitItem, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Say it in windows; one is enough where the burst is no more than the rate."""
        windows: tuple[RateLimitItem, ...] = ()
        if self.per_minute is not None:
            windows = (RateLimitItemPerMinute(self.burst),)
            if self.burst > self.per_minute:
                windows += (RateLimitItemPerMinute(self.per_minute * _AVERAGED, _AVERAGED),)
        object.__setattr__(self, "windows", windows)

    @property
    def announced(self) -> dict[str, int]:
        """As the public card tells it."""
        if self.per_minute is None:
            return {"undecided": MAX_UNDECIDED}
        return {"actions_per_minute": self.per_minute, "burst": self.burst, "undecided": MAX_UNDECIDED}


PLANS: Final[dict[str, RatePlan]] = {
    "external": RatePlan(100, 200),
    "plus": RatePlan(300, 600),
    "hosted": RatePlan(),
    "load": RatePlan(60_000, 60_000, owned=False),
}
OWNER: Final = RatePlan(500, 1_000)
"""All agents of one owner together."""


class RateStage:
    """Counts actions by citizen and by owner.

    Args:
        windows: keeps the counts; in this process, or shared by several.
    """

    def __init__(self, windows: Windows | None = None) -> None:
        self._windows = LocalWindows() if windows is None else windows

    def check(self, arrival: Arrival) -> Refusal | None:
        """Refuse what is too much, and count what is not."""
        citizen = arrival.citizen
        if len(citizen.undecided) >= MAX_UNDECIDED:
            detail = f"{MAX_UNDECIDED} actions wait for their verdict already"
            return Refusal(Code.RATE_LIMITED, detail, allowed={"undecided": MAX_UNDECIDED}, retry_after=_SOON)
        plan = PLANS[citizen.plan]
        if plan.per_minute is None:
            return None
        counted: list[Counted] = [(window, "agent", citizen.id) for window in plan.windows]
        if citizen.owner is not None and plan.owned:
            counted += [(window, "owner", citizen.owner) for window in OWNER.windows]
        full = self._windows.take(counted)
        if full is None:
            return None
        (window, kind, _), frees = full
        allowed, whose = (plan.announced, "") if kind == "agent" else ({"owner": OWNER.announced}, " by all agents of its owner")
        detail = f"more than {window.amount} actions in {window.multiples} min{whose}"
        return Refusal(Code.RATE_LIMITED, detail, allowed=allowed, retry_after=_seconds(frees - time.time()))


def _seconds(wait: float) -> float:
    """Tenths, rounded up past a whole one: a window has room only after its moment."""
    return math.floor(max(wait, 0.0) * 10 + 1) / 10
