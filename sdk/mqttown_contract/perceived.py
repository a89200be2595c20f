"""The heart of an observation: oneself, the place, others, words heard, what happened."""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from mqttown_contract.payload import Message
from mqttown_contract.types import Id

__all__ = [
    "Environment",
    "HeardMessage",
    "Here",
    "Job",
    "Location",
    "NearbyPlace",
    "Offer",
    "OwnState",
    "Perceived",
    "VisibleAgent",
    "WireEvent",
]


class Offer(Message):
    """An item on sale here."""

    item: Id
    name: str
    price: int = Field(description="cents")
    stock: int = Field(description="pieces")


class Job(Message):
    """An agent's own job."""

    id: Id
    title: str
    building: Id
    shift: dict[str, str] = Field(description="`from` and `to`, HH:MM")
    days: list[int] = Field(description="0 Monday to 6 Sunday")
    wage: int = Field(description="cents an hour")


class OwnState(Message):
    """What the agent knows of itself."""

    doing: str
    until_tick: int | None = Field(default=None, description="when the present activity ends, if that is known")
    needs: dict[str, float] = Field(description="energy, food, company: 0 pressing, 1 content")
    purse: int = Field(description="cents")
    inventory: list[dict[str, Any]] = Field(description="item, name, quantity")
    home: Id | None
    job: Job | None
    owns: list[Id] = Field(default_factory=list)


class NearbyPlace(Message):
    """A place one can walk to."""

    id: Id
    kind: str
    name: str
    metres: int
    open: bool | None = Field(default=None, description="null where there are no hours")
    address: str | None = None


class Here(Message):
    """The building one is in."""

    id: Id
    kind: str
    name: str
    open: bool | None = None
    owner: str | None = None
    sells: list[Offer] = Field(default_factory=list)
    price: int | None = Field(default=None, description="cents, if it can be claimed")


class Location(Message):
    """Where the agent is, and what is near."""

    district: Id
    building: Id | None
    x: float = Field(description="metres")
    y: float = Field(description="metres")
    here: Here | None = None
    nearby: list[NearbyPlace]


class VisibleAgent(Message):
    """Somebody in sight."""

    id: Id
    name: str
    doing: str
    metres: float | None = Field(default=None, description="null in the same building")


class HeardMessage(Message):
    """Words that reached the agent."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)

    event: str
    from_: Id = Field(alias="from")
    text: str
    tick: int
    to: list[Id] | None = None
    about: list[str] = Field(default_factory=list)


class WireEvent(Message):
    """One thing that happened."""

    id: str
    kind: str
    tick: int
    district: Id | None = None
    building: Id | None = None
    agent: Id | None = None
    action_id: str | None = None
    cause: str | None = None
    about: list[str] = Field(default_factory=list)
    witnesses: list[Id] = Field(default_factory=list)
    data: dict[str, Any] = Field(default_factory=dict)


class Environment(Message):
    """Time, weather, and what the agent saw happen since the last observation."""

    time_of_day: Literal["night", "morning", "noon", "afternoon", "evening"]
    weather: str
    events: list[WireEvent] = Field(default_factory=list)
    items: list[dict[str, Any]] = Field(default_factory=list)


class Perceived(Message):
    """The heart of an observation."""

    self: OwnState
    location: Location
    visible_agents: list[VisibleAgent]
    messages: list[HeardMessage]
    environment: Environment
