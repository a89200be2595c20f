"""Retained messages that nobody owns any more, and statuses that aren't ours: found on the broker, and put right."""

import asyncio
from typing import Final

from mqttown_contract import topics
from mqttown_orchestrator.public import Public
from mqttown_orchestrator.town import Town
from mqttown_orchestrator.wire import Wire

__all__ = ["Sweep"]

_SECONDS: Final = 3.0
"""A broker hands out what it keeps within this time."""


class Sweep:
    """Listens to what the broker keeps, after every connection."""

    def __init__(self, town: Town, public: Public) -> None:
        self._public = public
        self._status = topics.world(town.id, "status")
        self._kept = (
            topics.district(town.id, "+", "state"),
            topics.building(town.id, "+", "+", "state"),
            topics.agent(town.id, "+", "+", "card"),
            topics.agent(town.id, "+", "+", "presence"),
        )

    def begin(self, wire: Wire) -> None:
        """Ask the broker for all that it keeps."""
        wire.subscribe(self._status, *self._kept)
        asyncio.get_running_loop().call_later(_SECONDS, wire.unsubscribe, *self._kept)

    def saw(self, topic: str, payload: bytes, *, retained: bool) -> bool:
        """Look at a message, and say whether it was one for us. A late Will, or what was kept of another run, is void."""
        if topic == self._status:
            if payload != self._public.standing:
                self._public.again()
            return True
        if "/out/" in topic or "/in/" in topic:
            return False
        if retained and payload and not self._public.owns(topic):
            self._public.clear(topic)
        return True
