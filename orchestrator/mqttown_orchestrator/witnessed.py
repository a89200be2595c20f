"""What an agent has seen and heard lately: kept in memory, filled from the journal at the start."""

from collections import deque
from typing import Final

from mqttown_contract.types import MAX_OBSERVED

__all__ = ["Since", "Witnessed"]

_COUNTED: Final = 1_000
"""So many ticks of older messages are remembered to count what an observation leaves out."""

Since = tuple[list[bytes], int]
"""The newest, oldest first, and how many more there were."""


class _Channel:
    """Newest entries of one kind, and the ticks of more."""

    __slots__ = ("_entries", "_ticks")

    def __init__(self) -> None:
        self._entries: deque[bytes] = deque(maxlen=MAX_OBSERVED)
        self._ticks: deque[int] = deque(maxlen=_COUNTED)

    def add(self, tick: int, entry: bytes) -> None:
        self._entries.append(entry)
        self._ticks.append(tick)

    def since(self, tick: int) -> Since:
        later = 0
        for known in reversed(self._ticks):
            if known <= tick:
                break
            later += 1
        if later == 0:
            return [], 0
        entries = list(self._entries)[-later:]
        return entries, later - len(entries)


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

    def hear(self, tick: int, message: bytes) -> None:
        """Words have reached the agent."""
        self._messages.add(tick, message)

    def see(self, tick: int, event: bytes) -> None:
        """The agent has seen something happen, or has done it."""
        self._events.add(tick, event)

    def messages(self, after: int) -> Since:
        """Words heard after a tick: at most 50, newest kept."""
        return self._messages.since(after)

    def events(self, after: int) -> Since:
        """Events witnessed after a tick: at most 50, newest kept."""
        return self._events.since(after)
