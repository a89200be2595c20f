"""What an agent has seen and heard lately: kept in memory, filled from the journal at the start."""

from collections import deque
from itertools import islice
from typing import Final

import orjson

from mqttown_contract.types import MAX_OBSERVED

__all__ = ["Since", "Witnessed"]

_COUNTED: Final = 1_000
"""So many ticks of older messages are remembered to count what an observation leaves out."""

Since = tuple[list[orjson.Fragment], int]
"""The newest, oldest first, and how many more there were."""


class _Channel:
    """Newest entries of one kind, and how many there were at each tick."""

    __slots__ = ("_counts", "_entries")

    def __init__(self) -> None:
        self._entries: deque[orjson.Fragment] = deque(maxlen=MAX_OBSERVED)
        self._counts: deque[list[int]] = deque(maxlen=_COUNTED)

    def add(self, tick: int, entry: orjson.Fragment) -> None:
        self._entries.append(entry)
        counts = self._counts
        if counts and counts[-1][0] == tick:
            counts[-1][1] += 1
        else:
            counts.append([tick, 1])

    def since(self, tick: int) -> Since:
        later = 0
        for known, count in reversed(self._counts):
            if known <= tick:
                break
            later += count
        entries = self._entries
        untold = max(0, later - len(entries))
        return list(islice(entries, len(entries) - later + untold, None)), untold


class Witnessed:
    """Messages and events that one agent has witnessed, as JSON, ready for the wire.

    Attributes:
        told: newest tick that its observations have covered.
    """

    __slots__ = ("_events", "_messages", "told")

    def __init__(self) -> None:
        self._messages = _Channel()
        self._events = _Channel()
        self.told = 0

    def hear(self, tick: int, message: orjson.Fragment) -> None:
        """Words have reached the agent."""
        self._messages.add(tick, message)

    def see(self, tick: int, event: orjson.Fragment) -> None:
        """The agent has seen something happen, or has done it."""
        self._events.add(tick, event)

    def messages(self, after: int) -> Since:
        """Words heard after a tick: at most 50, newest kept."""
        return self._messages.since(after)

    def events(self, after: int) -> Since:
        """Events witnessed after a tick: at most 50, newest kept."""
        return self._events.since(after)
