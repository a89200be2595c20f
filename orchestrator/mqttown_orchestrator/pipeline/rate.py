"""Stage `rate limit`: how many actions a citizen's plan and its owner may send, and how many may be undecided."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from mqttown_contract.errors import Code, Refusal
from mqttown_contract.types import MAX_UNDECIDED
from mqttown_orchestrator.pipeline.arrival import Arrival
from mqttown_orchestrator.pipeline.cells import Cell, Cells, LocalCells

__all__ = ["OWNER", "PLANS", "RatePlan", "RateStage"]

_SOON: Final = 1.0
"""Seconds after which an undecided action has most likely got its verdict."""


@dataclass(frozen=True, slots=True)
class RatePlan:
    """What a plan allows.

    Attributes:
        per_minute: actions a minute in the long run; None for no limit.
        burst: actions at once, after a pause that was long enough.
        owned: whether the actions also count for the agent's owner.
    """

    per_minute: int | None = None
    burst: int = 0
    owned: bool = True

    @property
    def announced(self) -> dict[str, int]:
        """As the public card tells it."""
        if self.per_minute is None:
            return {"undecided": MAX_UNDECIDED}
        return {"actions_per_minute": self.per_minute, "burst": self.burst, "undecided": MAX_UNDECIDED}

    @property
    def interval(self) -> float:
        """Seconds between two actions in the long run."""
        return 60.0 / self.per_minute if self.per_minute else 0.0


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
        cells: keeps the counts; in this process, or shared by several.
        now: UTC, seconds since the epoch: several processes must mean the same.
    """

    def __init__(self, cells: Cells | None = None, now: Callable[[], float] = time.time) -> None:
        self._cells = LocalCells() if cells is None else cells
        self._now = now

    def check(self, arrival: Arrival) -> Refusal | None:
        """Refuse what is too much, and count what is not."""
        citizen = arrival.citizen
        if len(citizen.undecided) >= MAX_UNDECIDED:
            detail = f"{MAX_UNDECIDED} actions wait for their verdict already"
            return Refusal(Code.RATE_LIMITED, detail, allowed={"undecided": MAX_UNDECIDED}, retry_after=_SOON)
        plan = PLANS[citizen.plan]
        if plan.per_minute is None:
            return None
        cells = [Cell(f"agent:{citizen.id}", plan.interval, plan.burst)]
        if citizen.owner is not None and plan.owned:
            cells.append(Cell(f"owner:{citizen.owner}", OWNER.interval, OWNER.burst))
        place, wait = self._cells.take(cells, self._now())
        if wait <= 0:
            return None
        full, allowed, whose = (
            (plan, plan.announced, "") if place == 0 else (OWNER, {"owner": OWNER.announced}, " by all agents of its owner")
        )
        detail = f"more than {full.per_minute} actions a minute, and more than {full.burst} at once{whose}"
        return Refusal(Code.RATE_LIMITED, detail, allowed=allowed, retry_after=_seconds(wait))


def _seconds(wait: float) -> float:
    """Rounded up, so that it is accepted after that."""
    return round(wait + 0.05, 1)
