"""What a resident keeps in mind between two decisions: whom they met, what they heard, what they owe an answer."""

from dataclasses import dataclass
from typing import Any, Final

from mqttown_agents.acquaintance import Acquaintances
from mqttown_agents.atlas import Atlas
from mqttown_agents.custom import Customs
from mqttown_agents.gossip import Gossip

__all__ = ["JUST_CAME", "Appointment", "Notebook", "Owed", "Proposal"]

JUST_CAME: Final = 0
"""`settled_until` of somebody who has not settled down since they came in."""
ANSWER_WITHIN_TICKS: Final = 5
"""Town minutes after which an answer would be odd."""
_BACK_OFF_TICKS: Final = 20
_TRIES: Final = 2
_MOST_OWED: Final = 4
_TREAT_AGAIN_TICKS: Final = 240
_SAID_WINDOW_TICKS: Final = 60
_MOST_SAID: Final = 8


@dataclass(frozen=True, slots=True)
class Owed:
    """Words, or a gift, that call for an answer.

    Attributes:
        to: agent id.
        group: what they were, as `Prose.recognise` tells.
        event: its id.
        tick: when.
        values: what the words' template stood for.
    """

    to: str
    group: str
    event: str
    tick: int
    values: dict[str, str]


@dataclass(frozen=True, slots=True)
class Appointment:
    """A meeting agreed on.

    Attributes:
        place: building id.
        tick: when it begins.
        other: agent id.
    """

    place: str
    tick: int
    other: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """An offer to buy or to meet that awaits the other's word.

    Attributes:
        kind: `trade` or `invite`.
        other: agent id.
        tick: when it was made.
        item: item id, of a trade.
        amount: cents, of a trade.
        appointment: of an invitation.
    """

    kind: str
    other: str
    tick: int
    item: str | None = None
    amount: int = 0
    appointment: Appointment | None = None


class Notebook:
    """A resident's working memory. It is small, and what matters in it can be recalled from the memory service."""

    __slots__ = (
        "acquaintances",
        "appointments",
        "atlas",
        "carriers",
        "customs",
        "gossip",
        "heading",
        "occasions",
        "owed",
        "proposals",
        "said",
        "settled_until",
        "since",
        "treated",
        "tried",
        "witnessed",
    )

    def __init__(self) -> None:
        self.acquaintances = Acquaintances()
        self.gossip = Gossip()
        self.atlas = Atlas()
        self.owed: list[Owed] = []
        self.appointments: list[Appointment] = []
        self.proposals: list[Proposal] = []
        self.tried: dict[tuple[str, str], list[int]] = {}
        self.said: list[int] = []
        self.carriers: dict[str, str] = {}
        self.customs = Customs()
        self.occasions: dict[str, Any] = {}
        self.heading: str | None = None
        self.settled_until = JUST_CAME
        self.treated = -_TREAT_AGAIN_TICKS
        self.since: int | None = None
        self.witnessed = -1

    def forget_stale(self, tick: int) -> None:
        """Drop what time has settled."""
        if self.owed:
            self.owed = [owed for owed in self.owed if tick - owed.tick <= ANSWER_WITHIN_TICKS][-_MOST_OWED:]
        if self.appointments:
            self.appointments = [meeting for meeting in self.appointments if tick - meeting.tick <= 45]
        if self.proposals:
            self.proposals = [proposal for proposal in self.proposals if tick - proposal.tick <= 2 * ANSWER_WITHIN_TICKS]
        if self.said and tick - self.said[0] >= _SAID_WINDOW_TICKS:
            self.said = [said for said in self.said if tick - said < _SAID_WINDOW_TICKS]

    def may_talk(self) -> bool:
        """Whether one has not said too much in the last hour: the bound that makes a flood impossible."""
        return len(self.said) < _MOST_SAID

    def worth_trying(self, action: str, target: str, tick: int) -> bool:
        """Whether the same thing has not just been tried again and again: the world may forbid it for a reason one can't see."""
        tries = self.tried.get((action, target))
        if tries is None:
            return True
        tries[:] = [tried for tried in tries if tick - tried < _BACK_OFF_TICKS]
        return len(tries) < _TRIES

    def try_it(self, action: str, target: str, tick: int) -> None:
        """Note an attempt."""
        if len(self.tried) >= 32:
            self.tried = {key: tries for key, tries in self.tried.items() if tries and tick - tries[-1] < _BACK_OFF_TICKS}
        self.tried.setdefault((action, target), []).append(tick)

    def may_treat(self, tick: int) -> bool:
        """Whether the last coffee for pleasure was long ago."""
        return tick - self.treated >= _TREAT_AGAIN_TICKS

    def next_meeting(self) -> Appointment | None:
        """The earliest appointment."""
        return min(self.appointments, key=lambda meeting: (meeting.tick, meeting.place), default=None)
