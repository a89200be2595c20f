"""What can happen in the town: the kinds of events and what their `data` holds."""

from dataclasses import dataclass, field
from typing import Any, Final

__all__ = ["EVENT_KINDS", "Event", "EventKind"]


@dataclass(frozen=True, slots=True)
class EventKind:
    """One kind of event: a sentence, and each field of its `data` with unit."""

    name: str
    meaning: str
    data: dict[str, str]


EVENT_KINDS: Final[dict[str, EventKind]] = {
    kind.name: kind
    for kind in (
        EventKind(
            "registered",
            "An agent has got a body in the town.",
            {
                "name": "public name",
                "home": "building id or null",
                "x": "metres",
                "y": "metres",
                "purse": "cents",
                "job": "job id, if it came for one",
            },
        ),
        EventKind("revoked", "An agent's body has left the town for good.", {"purse": "cents returned to the treasury"}),
        EventKind("came", "An agent is back in its body: it said hello.", {}),
        EventKind("left", "An agent is away; its body stays, and walks home after ten town minutes.", {}),
        EventKind(
            "departed",
            "A walk has begun.",
            {
                "to": "building id or null",
                "why": "`move_to` or `absent`",
                "path": "list of [x, y], metres; not told in observations",
                "metres": "length of the way",
                "arrives_tick": "tick",
            },
        ),
        EventKind("arrived", "A walk has ended at its goal.", {"building": "building id or null", "x": "metres", "y": "metres"}),
        EventKind("stopped", "A walk has ended before its goal.", {"x": "metres", "y": "metres"}),
        EventKind(
            "said",
            "Words were spoken. `about` names the events passed on.",
            {"text": "the words", "to": "list of agent ids, or null if for all in earshot"},
        ),
        EventKind("started_work", "Work has begun.", {"job": "job id", "until_tick": "tick"}),
        EventKind("finished_work", "Work has ended.", {"job": "job id", "minutes": "town minutes worked", "wage": "cents"}),
        EventKind(
            "paid",
            "Money has changed hands.",
            {"from": "account", "to": "account", "amount": "cents", "why": "wage, sale, gift, claim, endowment, support or levy"},
        ),
        EventKind("bought", "Something was bought.", {"item": "item id", "quantity": "pieces", "price": "cents in all"}),
        EventKind("ate", "A meal has begun.", {"item": "item id", "until_tick": "tick"}),
        EventKind("finished_meal", "A meal has ended.", {"item": "item id", "minutes": "town minutes eaten"}),
        EventKind("gave", "Something was handed over.", {"to": "agent id", "item": "item id or null", "amount": "cents or null"}),
        EventKind("fell_asleep", "Sleep has begun.", {"until_tick": "tick"}),
        EventKind("woke", "Sleep has ended.", {"minutes": "town minutes slept"}),
        EventKind("claimed", "A building has got an owner.", {"building": "building id", "price": "cents"}),
        EventKind("opened", "A place has opened.", {"building": "building id"}),
        EventKind("closed", "A place has closed.", {"building": "building id"}),
        EventKind("restocked", "A place has new stock.", {"building": "building id", "stock": "item id to pieces"}),
        EventKind("need", "A need has become pressing.", {"need": "energy, food or company", "value": "0-1"}),
        EventKind("weather", "The weather has changed.", {"weather": "clear, cloudy, rain, snow or fog"}),
        EventKind("day", "A new day has begun.", {"date": "ISO 8601 date"}),
        EventKind(
            "intervened",
            "An experimenter has changed something from outside. What follows from it names it as its cause.",
            {"kind": "close, open, usual, price, wage, rule, plant, broadcast, cut, mend or weather", "…": "what it needs"},
        ),
        EventKind("planted", "An experimenter has let an agent know something, which nobody told it.", {"text": "the words"}),
        EventKind("announced", "Words that everybody in town has heard, wherever they are.", {"text": "the words"}),
    )
}


@dataclass(slots=True)
class Event:
    """One thing that happened, as it is journaled and as it goes over the wire.

    Attributes:
        id: `e-{tick}-{n}`.
        kind: a name in `EVENT_KINDS`.
        agent: who did it, if anybody.
        action_id: the action it comes from, if any.
        cause: the event it follows from (the end of a walk names its departure), if any.
        about: events that its words pass on.
        witnesses: agents who saw or heard it, the doer first.
        district, building: where; both None for the whole town, `building` None in the open.
        data: see the kind.
    """

    id: str
    kind: str
    tick: int
    district: str | None = None
    building: str | None = None
    agent: str | None = None
    action_id: str | None = None
    cause: str | None = None
    about: list[str] = field(default_factory=list)
    witnesses: list[str] = field(default_factory=list)
    data: dict[str, Any] = field(default_factory=dict)
