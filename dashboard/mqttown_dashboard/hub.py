"""Watchers of the live stream: one bounded queue each, and the recent past for those who come back."""

import asyncio
import secrets
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Final, Literal

__all__ = ["Hub", "Message"]

QUEUE_LENGTH: Final = 256
"""Frames that may wait for one watcher; at five a second, 51 s of a stuck connection."""
PAST_BYTES: Final = 2_000_000
"""How much of the past is kept for resuming, all watchers together."""
BEAT_SECONDS: Final = 10.0
"""A silent stream says so often that it is alive."""


@dataclass(frozen=True, slots=True)
class Message:
    """One server-sent event; `id` is None where a client can't resume from it."""

    event: Literal["snapshot", "frame", "beat"]
    data: str
    id: str | None = None


@dataclass(slots=True)
class _Watcher:
    queue: deque[Message] = field(default_factory=deque)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    lost: bool = False


class Hub:
    """Passes frames on to every watcher and never waits for one.

    A watcher whose queue is full loses what waits there and gets a fresh snapshot instead.

    Args:
        snapshot: makes the JSON of the whole present.
    """

    def __init__(self, snapshot: Callable[[], str]) -> None:
        self._snapshot = snapshot
        self._watchers: dict[int, _Watcher] = {}
        self._past: deque[Message] = deque()
        self._past_bytes = 0
        self._epoch = secrets.token_hex(4)
        self._sequence = 0
        self._whole: Message | None = None
        self._closed = False

    @property
    def watchers(self) -> int:
        """Open streams."""
        return len(self._watchers)

    @property
    def last_id(self) -> str:
        """Id of the newest frame."""
        return f"{self._epoch}-{self._sequence}"

    def send(self, data: str) -> None:
        """Pass a frame on."""
        self._sequence += 1
        message = Message("frame", data, self.last_id)
        self._past.append(message)
        self._past_bytes += len(data)
        while self._past_bytes > PAST_BYTES:
            self._past_bytes -= len(self._past.popleft().data)
        for watcher in self._watchers.values():
            if len(watcher.queue) >= QUEUE_LENGTH:
                watcher.queue.clear()
                watcher.lost = True
            if not watcher.lost:
                watcher.queue.append(message)
            watcher.wake.set()

    async def watch(self, last_id: str | None) -> AsyncIterator[Message]:
        """Yield what a watcher is to be sent, until the hub is closed.

        Args:
            last_id: of the last frame it has; if the frames since are still known it gets these, else a snapshot.
        """
        watcher = _Watcher()
        missed = self._since(last_id)
        if missed is None:
            watcher.lost = True
        else:
            watcher.queue.extend(missed)
        key = id(watcher)
        self._watchers[key] = watcher
        try:
            while not self._closed:
                if watcher.lost:
                    watcher.lost = False
                    watcher.queue.clear()
                    yield self._present()
                while watcher.queue and not watcher.lost:
                    yield watcher.queue.popleft()
                if watcher.lost or self._closed:
                    continue
                watcher.wake.clear()
                try:
                    await asyncio.wait_for(watcher.wake.wait(), BEAT_SECONDS)
                except TimeoutError:
                    yield Message("beat", "{}")
        finally:
            del self._watchers[key]

    def _present(self) -> Message:
        """The whole present as of the newest frame, made once for all who come before the next; after a break they are many."""
        if self._whole is None or self._whole.id != self.last_id:
            self._whole = Message("snapshot", self._snapshot(), self.last_id)
        return self._whole

    def close(self) -> None:
        """End every stream, so that the server can stop."""
        self._closed = True
        for watcher in self._watchers.values():
            watcher.wake.set()

    def _since(self, last_id: str | None) -> list[Message] | None:
        """Frames after `last_id`; None if some are no longer known, or more than a queue holds."""
        if last_id is None:
            return None
        epoch, _, number = last_id.partition("-")
        if epoch != self._epoch or not number.isdecimal() or int(number) > self._sequence:
            return None
        count = self._sequence - int(number)
        if count > min(len(self._past), QUEUE_LENGTH):
            return None
        return list(self._past)[len(self._past) - count :]
