"""Named places at which a test may have the process killed, to see that nothing is lost there. Unarmed, nothing happens."""

import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Final

from mqttown_orchestrator.world.luck import Luck

__all__ = ["POINTS", "arm", "disarm", "each", "kill_at", "reach"]

POINTS: Final = (
    "before_step",
    "after_step",
    "before_commit",
    "after_commit",
    "after_verdicts",
    "mid_publish",
    "after_publish",
    "after_snapshot",
)
"""Places in a tick, in their order. `mid_publish` is between two messages of a tick."""
_MESSAGES: Final = 8
"""So many messages into a tick is its middle."""
_armed: Callable[[str], None] | None = None


def reach(point: str) -> None:
    """The process is at a point now."""
    if _armed is not None:
        _armed(point)


def each(point: str, function: Callable[..., None]) -> Callable[..., None]:
    """The same function, and the point is reached at each call; unarmed, the very same."""
    if _armed is None:
        return function

    def reached(*given: object, **named: object) -> None:
        reach(point)
        function(*given, **named)

    return reached


def arm(action: Callable[[str], None]) -> None:
    """Have every point call this from now on."""
    global _armed  # noqa: PLW0603  one process, one set of points
    _armed = action


def disarm() -> None:
    """Let nothing happen any more."""
    global _armed  # noqa: PLW0603
    _armed = None


def kill_at(wanted: str, seed: int | str, generation: int) -> None:
    """Arm: kill this process, as `kill -9` does.

    Args:
        wanted: `point:ticks`, that point of the tick that comes after so many; `any:ticks`, a point and a number of ticks
            up to that, drawn from seed and generation, so that each restart dies elsewhere.
        seed: of the town.
        generation: of this writer.

    Raises:
        ValueError: there is no such point.
    """
    point, _, number = wanted.partition(":")
    ticks = int(number or 1)
    if point == "any":
        luck = Luck(seed)
        point = POINTS[luck.below(len(POINTS), "failpoint", generation)]
        ticks = luck.below(ticks, "failpoint ticks", generation) + 1
    if point not in POINTS:
        raise ValueError(f"there is no failpoint {point!r}; there are {', '.join(POINTS)}, and any")
    begun, messages = 0, 0

    def act(reached: str) -> None:
        nonlocal begun, messages
        if reached == "before_step":
            begun, messages = begun + 1, 0
        messages += reached == "mid_publish"
        if begun >= ticks and reached == point and (point != "mid_publish" or messages >= _MESSAGES):
            sys.stderr.write(f"failpoint {point} in generation {generation} at {time.time():.3f}\n")
            sys.stderr.flush()
            os.kill(os.getpid(), signal.SIGKILL)

    arm(act)
