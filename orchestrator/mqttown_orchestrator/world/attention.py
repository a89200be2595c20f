"""What each agent has witnessed and not been told of yet: words, events, and why to decide anew."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from mqttown_contract.events import Event
from mqttown_contract.types import MAX_OBSERVED
from mqttown_orchestrator.world.turn import Happened

__all__ = ["Attention", "Pending"]


@dataclass(slots=True)
class Pending:
    """What waits for one agent.

    Attributes:
        messages: the newest 50 words heard, oldest first, in the shape of the wire.
        events: the newest 50 other events witnessed, oldest first.
        because: why there is something new to decide on.
        lost: older `messages` and `events` that were let go, for `more`.
    """

    messages: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=MAX_OBSERVED))
    events: deque[Event] = field(default_factory=lambda: deque(maxlen=MAX_OBSERVED))
    because: set[str] = field(default_factory=set)
    lost: dict[str, int] = field(default_factory=dict)


class Attention:
    """Collects what happened for those who witnessed it, and hands it over once."""

    def __init__(self) -> None:
        self._pending: dict[str, Pending] = {}

    def note(self, happened: Happened) -> None:
        """Take in what one tick brought. One's own words are left out: the verdict tells of them."""
        for event in happened.events:
            if event.kind == "said":
                self._note_words(event)
            else:
                for agent in event.witnesses:
                    pending = self._of(agent)
                    _push(pending, "events", pending.events, event)
        for agent, reasons in happened.news.items():
            self._of(agent).because |= reasons

    def take(self, agent: str) -> Pending:
        """What waits for an agent; it waits no longer."""
        return self._pending.pop(agent, None) or Pending()

    def _note_words(self, event: Event) -> None:
        words = {
            "event": event.id,
            "from": event.agent,
            "text": event.data["text"],
            "tick": event.tick,
            "to": event.data["to"],
            "about": event.about,
        }
        for agent in event.witnesses:
            if agent != event.agent:
                pending = self._of(agent)
                _push(pending, "messages", pending.messages, words)

    def _of(self, agent: str) -> Pending:
        pending = self._pending.get(agent)
        if pending is None:
            pending = self._pending[agent] = Pending()
        return pending


def _push(pending: Pending, name: str, queue: deque[Any], entry: Any) -> None:
    if len(queue) == MAX_OBSERVED:
        pending.lost[name] = pending.lost.get(name, 0) + 1
    queue.append(entry)
