"""Who waits to be let in, and who is next: after a restart a whole town asks at once."""

import asyncio
import time
from collections import deque
from typing import Generic, TypeVar

__all__ = ["Waiting"]

Question = TypeVar("Question")


class Waiting(Generic[Question]):
    """Questions that are still to be answered. Our own services come first, in turn; of all others who came last.

    The server waits for an answer only so long, and refuses then. Where more come than can be answered in that time, those who came
    first would each be answered just too late. So they are left out: who is refused comes again, and then is among the last.

    Args:
        patience: seconds after which the server has refused.

    Attributes:
        late: how many were left out.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._first: deque[Question] = deque()
        self._others: list[tuple[float, Question]] = []
        self._some = asyncio.Event()
        self.late = 0

    def add(self, question: Question, *, first: bool) -> None:
        """Let somebody wait; `first` for our own services."""
        if first:
            self._first.append(question)
        else:
            self._others.append((time.monotonic(), question))
        self._some.set()

    async def next(self) -> Question:
        """Whose turn it is, as soon as there is anybody."""
        while True:
            if self._first:
                return self._first.popleft()
            if self._others:
                came, question = self._others.pop()
                if time.monotonic() - came < self._patience:
                    return question
                self.late += 1 + len(self._others)  # all others have waited longer
                self._others.clear()
            self._some.clear()
            await self._some.wait()
