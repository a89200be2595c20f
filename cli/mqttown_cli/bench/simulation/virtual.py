"""Virtual time: an event loop whose clock jumps to the next thing that is due, so that hours pass in milliseconds."""

import asyncio
import contextlib
import selectors
import time
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

__all__ = ["Stuck", "VirtualLoop", "virtual_clocks"]


class Stuck(RuntimeError):
    """Nothing is due any more, and everybody waits."""


class _Selector(selectors.SelectSelector):
    """Nobody outside can say anything here, so waiting is only passing time."""

    def __init__(self) -> None:
        super().__init__()
        self.pass_time: Callable[[float], None] = lambda _seconds: None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Let the time pass.

        Raises:
            Stuck: nothing is due any more.
        """
        if timeout is None:
            raise Stuck("nothing is due any more, and everybody waits")
        self.pass_time(timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop in virtual time.

    Attributes:
        now: virtual monotonic seconds.
        thread_seconds: how long what is given to a thread takes, asked each time.
    """

    def __init__(self, thread_seconds: Callable[[], float]) -> None:
        self.now = 1000.0
        self.thread_seconds = thread_seconds
        selector = _Selector()
        selector.pass_time = self._pass
        super().__init__(selector)

    def _pass(self, seconds: float) -> None:
        self.now += seconds

    def time(self) -> float:
        """Virtual monotonic seconds."""
        return self.now

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]  # noqa: ARG002
        """Run it here, and be done some time later."""
        done = self.create_future()
        self.call_later(self.thread_seconds(), _settle, done, func(*args))
        return done


def _settle(done: asyncio.Future[Any], result: Any) -> None:
    if not done.done():
        done.set_result(result)


@contextlib.contextmanager
def virtual_clocks(loop: VirtualLoop, wall: Callable[[float], float]) -> Iterator[None]:
    """Have `time.monotonic` and `time.time` tell the loop's time.

    Args:
        loop: whose time.
        wall: wall time at a monotonic time; it may jump.
    """

    def wall_time() -> float:
        return wall(loop.now)

    with mock.patch.object(time, "monotonic", loop.time), mock.patch.object(time, "time", wall_time):
        yield
