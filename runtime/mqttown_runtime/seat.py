"""One hosted agent's place at a host: its mind, what it has been told, and which of its actions await their verdict."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from mqttown_agents.mind import Mind, Thinker
from mqttown_contract import topics

__all__ = ["RESEND_SECONDS", "Seat", "Sent"]

RESEND_SECONDS: Final = 5.0
"""An action without a verdict after so long is sent again, and so is a hello without an answer."""
GAP_SECONDS: Final = 1.0
"""Order across topics is no promise, so a missing number may still come."""


@dataclass(slots=True)
class Sent:
    """An action on its way; `at` is monotonic seconds of the last sending."""

    payload: Mapping[str, Any]
    at: float


@dataclass(slots=True)
class Seat:
    """The state of one hosted agent's connection.

    Attributes:
        town, district, agent: what its topics are made of; the district is its home district.
        mind: who decides.
        session: of this host's life.
        inbox: observations to decide on, in order.
        undecided: actions without a verdict, by id.
        generation: of the newest message.
        tick: of the newest observation; None before the first.
        greeted_at: monotonic seconds of the hello that has no answer yet, else None.
        numbers: `seq` of what has come since the last hello was answered and is above the unbroken beginning.
        unbroken: all up to this `seq` have come.
        gap_since: monotonic seconds since which a number is missing, else None.
    """

    town: str
    district: str
    agent: str
    mind: Mind | Thinker
    session: str
    inbox: asyncio.Queue[Mapping[str, Any]] = field(default_factory=asyncio.Queue)
    undecided: dict[str, Sent] = field(default_factory=dict)
    generation: int | None = None
    tick: int | None = None
    greeted_at: float | None = None
    numbers: set[int] = field(default_factory=set)
    unbroken: int = 0
    gap_since: float | None = None

    def out(self, channel: str) -> str:
        """Topic on which this agent speaks."""
        return topics.agent_out(self.town, self.district, self.agent, channel)

    def hello(self, *, lockstep: bool, now: float) -> dict[str, Any]:
        """The hello to send now; asks for all that was witnessed since the newest observation, or ever.

        A thinker is told of each action in full, since its model is.
        """
        self.greeted_at = now
        detail = "full" if isinstance(self.mind, Thinker) else "brief"
        return {"session": self.session, "detail": detail, "since_tick": self.tick or 0, "lockstep": lockstep}

    def count(self, message: Mapping[str, Any], now: float) -> bool:
        """Take note of a message's number; say whether its generation is new, which calls for a hello."""
        seq, generation = message["seq"], message["generation"]
        fresh = self.generation is not None and generation != self.generation
        self.generation = generation
        if seq == 1:
            self.numbers.clear()
            self.unbroken = 0
        self.numbers.add(seq)
        while self.unbroken + 1 in self.numbers:
            self.unbroken += 1
            self.numbers.discard(self.unbroken)
        late = [number for number in self.numbers if number <= self.unbroken]
        self.numbers.difference_update(late)
        self.gap_since = (self.gap_since or now) if self.numbers else None
        return fresh and seq != 1

    def lost_something(self, now: float) -> bool:
        """Whether a hello is due: a number stayed out, or the last hello was not answered."""
        gap = self.gap_since is not None and now - self.gap_since > GAP_SECONDS
        return gap if self.greeted_at is None else now - self.greeted_at > RESEND_SECONDS
