"""When the next tick begins: by the speed, at once, one by one, or not at all."""

import asyncio
import time
from typing import Final

from mqttown_orchestrator.lockstep import Lockstep

__all__ = ["Pace"]

SECONDS_A_TICK: Final = 60.0
"""Town seconds; a tick is one town minute."""


class Pace:
    """Tells the loop when to tick. Every wait is ended by `wake`.

    Attributes:
        speed: town seconds a real second; 0 is as fast as the machine allows.
        paused: whether ticks come only by `step`.
        stopping: whether the loop shall end.
        cut_off: whether nobody can reach the town, so that no tick is made.
    """

    def __init__(self, speed: float, for_ticks: int | None, lockstep: Lockstep) -> None:
        self.speed = speed
        self.paused = False
        self.stopping = False
        self.cut_off = False
        self.late = 0.0
        self._left = for_ticks
        self._steps = 0
        self._lockstep = lockstep
        self._woken = asyncio.Event()
        self._next = time.monotonic()
        self._waiting_since: float | None = None

    def wake(self) -> None:
        """Something has come that may be answered, or may let the tick begin."""
        self._woken.set()

    def pause(self) -> None:
        """No further tick until `resume` or `step`."""
        self.paused = True
        self._steps = 0

    def resume(self) -> None:
        """Ticks come by themselves again."""
        self.paused = False
        self._next = time.monotonic()
        self.wake()

    def step(self, ticks: int) -> None:
        """Make so many ticks, and pause."""
        self.paused = True
        self._steps += ticks
        self.wake()

    def change_speed(self, speed: float) -> None:
        """From the next tick on."""
        self.speed = speed
        self._next = min(self._next, time.monotonic() + self.period)
        self.wake()

    def stop(self) -> None:
        """End the loop."""
        self.stopping = True
        self.wake()

    @property
    def period(self) -> float:
        """Real seconds from tick to tick."""
        return SECONDS_A_TICK / self.speed if self.speed else 0.0

    def ticked(self) -> None:
        """A tick begins now; a late one is not made up for."""
        now = time.monotonic()
        self.late = 0.0 if self.paused else max(0.0, now - self._next)
        self._next = max(self._next + self.period, now)
        self._waiting_since = None
        self._steps = max(0, self._steps - 1)
        if self._left is not None:
            self._left -= 1

    async def rest(self) -> bool:
        """Rest until the next tick is due or something wakes us. Say whether the tick is due."""
        # At full speed this is where the connection is read.
        await asyncio.sleep(0)
        if self._left == 0:
            self.stopping = True
        wait = self._wait()
        if self.stopping or wait == 0.0:
            return not self.stopping
        try:
            async with asyncio.timeout(wait):
                await self._woken.wait()
        except TimeoutError:
            pass
        self._woken.clear()
        return not self.stopping and self._wait() == 0.0

    def _wait(self) -> float | None:
        """Seconds until the next tick, 0 if it is due, None if nothing but `wake` can bring it."""
        if self.stopping or (self.paused and not self._steps):
            return None
        if self.cut_off or self._lockstep.unborn:
            return None
        now = time.monotonic()
        left = self._next - now if not self.paused else 0.0
        if self._lockstep.owing:
            if self._waiting_since is None:
                self._waiting_since = now
            patience = self._waiting_since + self._lockstep.patience - now
            if patience > 0:
                return max(patience, left)
            self._lockstep.give_up()
        return max(0.0, left)
