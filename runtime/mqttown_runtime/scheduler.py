"""The scheduler of thoughts: a bounded pool, fair between agents, in which a newer observation replaces an older one."""

import asyncio
import heapq
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

__all__ = ["Counts", "Pool", "Superseded"]

_Answer = TypeVar("_Answer")

_KEPT: Final = 65_536
"""Of so many agents it is known when they were last served; beyond that, whoever was served longest ago counts as new."""


class Superseded(Exception):
    """The agent has a newer observation, so the answer to this one is not wanted any more."""


@dataclass(slots=True)
class _Thought:
    """One observation that waits for its answer, or is being answered."""

    agent: str
    observation_id: str
    granted: asyncio.Future[None]
    task: asyncio.Task[Any] | None = None


@dataclass(slots=True)
class Counts:
    """What a pool has done.

    Attributes:
        answered: thoughts that came to an answer in time.
        timed_out: thoughts that took longer than they may.
        superseded: thoughts given up for a newer observation, or whose answer was dropped for it.
        failed: thoughts that ended with an error of their own.
    """

    answered: int = 0
    timed_out: int = 0
    superseded: int = 0
    failed: int = 0


@dataclass(slots=True)
class _Queue:
    """Thoughts that wait for a place, whoever was served longest ago first."""

    heap: list[tuple[int, int, _Thought]] = field(default_factory=list)
    arrivals: int = 0

    def push(self, served: int, thought: _Thought) -> None:
        self.arrivals += 1
        heapq.heappush(self.heap, (served, self.arrivals, thought))

    def pop(self) -> _Thought | None:
        while self.heap:
            thought = heapq.heappop(self.heap)[2]
            if not thought.granted.done():
                return thought
        return None


class Pool:
    """Runs at most `size` thoughts at once.

    ::

        action = await pool.run(agent, observation["id"], lambda: mind.think(observation), timeout=20.0)

    One agent holds at most one place. If `run` is called for it again with another observation, the earlier call ends with
    `Superseded`: at once if it still waits, else its work is cancelled and its answer dropped by its id, even if it comes. So a
    caller that would rather have a thought finished waits for `run` to return, and then calls it with the newest observation.

    Places are given to the agent that was served longest ago; a crowd of busy agents can't keep a quiet one waiting for
    more than one round. The time limit counts from the moment a place is given, not while waiting for one.

    Args:
        size: thoughts at once, 1 or more.

    Attributes:
        counts: what has been done.
        running: thoughts that hold a place now.
    """

    def __init__(self, size: int) -> None:
        if size < 1:
            raise ValueError(f"a pool of {size} can't run anything: its size is 1 or more")
        self.size = size
        self.counts = Counts()
        self.running = 0
        self._queue = _Queue()
        self._newest: dict[str, _Thought] = {}
        self._served: dict[str, int] = {}
        self._turns = 0

    @property
    def waiting(self) -> int:
        """Thoughts without a place."""
        return sum(not thought.granted.done() for thought in self._newest.values())

    async def run(
        self,
        agent: str,
        observation_id: str,
        work: Callable[[], Awaitable[_Answer]],
        timeout: float,  # noqa: ASYNC109  of the work alone
    ) -> _Answer:
        """Wait for a place, do the work, and return its answer.

        Args:
            agent: whose thought it is.
            observation_id: what it is an answer to.
            work: called once a place is given; not at all if the observation is superseded before.
            timeout: seconds that the work may take; then it is cancelled.

        Raises:
            Superseded: a newer observation of the same agent came.
            TimeoutError: the work took too long.
            ValueError: this very observation is being thought about already.
        """
        thought = _Thought(agent, observation_id, asyncio.get_running_loop().create_future())
        self._replace(thought)
        self._queue.push(self._served.get(agent, 0), thought)
        self._grant()
        try:
            await thought.granted
            return await self._think(thought, work, timeout)
        finally:
            self._release(thought)

    async def _think(self, thought: _Thought, work: Callable[[], Awaitable[_Answer]], seconds: float) -> _Answer:
        self._check(thought)
        thought.task = task = asyncio.ensure_future(_as_coroutine(work))
        task.add_done_callback(_noticed)
        try:
            done, _ = await asyncio.wait({task}, timeout=seconds)
        finally:
            task.cancel()
        self._check(thought)
        if not done:
            self.counts.timed_out += 1
            raise TimeoutError(f"{thought.agent} took longer than {seconds:g} s over {thought.observation_id}")
        if task.exception() is None:
            self.counts.answered += 1
        else:
            self.counts.failed += 1
        return task.result()

    def _check(self, thought: _Thought) -> None:
        if self._newest.get(thought.agent) is not thought:
            self.counts.superseded += 1
            raise Superseded(f"{thought.agent} has a newer observation than {thought.observation_id}")

    def _replace(self, thought: _Thought) -> None:
        before = self._newest.get(thought.agent)
        if before is not None and before.observation_id == thought.observation_id:
            raise ValueError(f"{thought.agent} thinks about {thought.observation_id} already")
        self._newest[thought.agent] = thought
        if before is None:
            return
        if before.task is not None:
            before.task.cancel()
        elif not before.granted.done():
            self.counts.superseded += 1
            before.granted.set_exception(Superseded(f"{before.agent} has a newer observation than {before.observation_id}"))

    def _grant(self) -> None:
        while self.running < self.size and (thought := self._queue.pop()) is not None:
            self.running += 1
            self._turns += 1
            self._served.pop(thought.agent, None)
            self._served[thought.agent] = self._turns
            if len(self._served) > _KEPT:
                del self._served[next(iter(self._served))]
            thought.granted.set_result(None)

    def _release(self, thought: _Thought) -> None:
        """Give the place back, whatever the end was; a caller that was cancelled while waiting held none."""
        if self._newest.get(thought.agent) is thought:
            del self._newest[thought.agent]
        if thought.granted.cancelled() or not thought.granted.done():
            thought.granted.cancel()
        elif thought.granted.exception() is None:
            self.running -= 1
            self._grant()


async def _as_coroutine(work: Callable[[], Awaitable[_Answer]]) -> _Answer:
    return await work()


def _noticed(task: asyncio.Task[Any]) -> None:
    """Look at an error that comes after its thought was given up, so that asyncio does not complain that nobody did."""
    if not task.cancelled():
        task.exception()
