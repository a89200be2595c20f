"""Every payload of the wire as a pydantic model. Unknown fields are ignored, except in an action's `parameters`."""

from typing import Annotated, Any, Literal

from pydantic import Field

from mqttown_contract.errors import Code
from mqttown_contract.payload import Message
from mqttown_contract.perceived import (
    Environment,
    HeardMessage,
    Here,
    Job,
    Location,
    NearbyPlace,
    Offer,
    OwnState,
    Perceived,
    VisibleAgent,
    WireEvent,
)
from mqttown_contract.types import ActionId, Detail, Id, MemoryKind, PresenceState, Text

__all__ = [
    "Action",
    "AgentStatus",
    "Answer",
    "AvailableAction",
    "BuildingState",
    "Card",
    "Clock",
    "Command",
    "DistrictState",
    "Environment",
    "Events",
    "HeardMessage",
    "Hello",
    "Here",
    "Job",
    "Location",
    "MemoryAnswer",
    "MemoryRequest",
    "Message",
    "Movement",
    "NearbyPlace",
    "Notice",
    "Observation",
    "Offer",
    "OwnState",
    "People",
    "Perceived",
    "Presence",
    "Recalled",
    "Stock",
    "ThinkRequest",
    "Thought",
    "Verdict",
    "VisibleAgent",
    "WireEvent",
    "WorldStatus",
]


# --- agent to town ---------------------------------------------------------------------------------


class Hello(Message):
    """I am here; every field is optional."""

    session: Annotated[Text, Field(max_length=128)] | None = Field(default=None, description="chosen per connection")
    detail: Detail = Field(default="full", description="`brief` lists available actions by name only")
    since_tick: Annotated[int, Field(ge=0)] | None = Field(default=None, description="also tell what I witnessed after this tick")
    lockstep: bool = Field(default=False, description="I answer each observation with one action; a lockstep town waits for it")
    memory: Annotated[int, Field(ge=0, le=20)] = Field(default=0, description="memories wanted in later observations")


class AgentStatus(Message):
    """An agent's own word that it is gone; also its Will."""

    status: Literal["online", "offline"]
    session: Annotated[Text, Field(max_length=128)] | None = None


class Action(Message):
    """One action."""

    id: ActionId
    action: Annotated[Text, Field(min_length=1, max_length=64)]
    parameters: dict[str, Any]
    observation_id: Annotated[Text, Field(max_length=128)] | None = Field(
        default=None, description="kept as the cause; never makes an action late"
    )
    expires_tick: int | None = Field(default=None, description="the last tick at which it may be judged")
    reasoning: Annotated[Text, Field(max_length=4000)] | None = None
    confidence: Annotated[float, Field(ge=0, le=1)] | None = None
    traceparent: Annotated[Text, Field(max_length=128)] | None = None


class MemoryRequest(Message):
    """`remember` a text, or `recall` by a query."""

    id: ActionId
    op: Literal["remember", "recall"]
    text: Annotated[Text, Field(min_length=1, max_length=4000)] | None = None
    importance: Annotated[float, Field(ge=0, le=1)] = 0.5
    kind: MemoryKind = "note"
    evidence: Annotated[list[Annotated[Text, Field(max_length=128)]], Field(max_length=16)] = Field(
        default_factory=list, description="ids of the events or memories that what is remembered rests on"
    )
    query: Annotated[Text, Field(min_length=1, max_length=4000)] | None = None
    k: Annotated[int, Field(ge=1, le=50)] = 8
    kinds: list[MemoryKind] | None = None
    tick: Annotated[int, Field(ge=0)] | None = Field(
        default=None, description="answer once all witnessed up to this tick is stored"
    )


class ThinkRequest(Message):
    """Messages for a model (hosted agents)."""

    id: ActionId
    messages: list[dict[str, Any]]
    tools: list[dict[str, Any]] | None = None
    max_tokens: Annotated[int, Field(ge=1, le=8192)] = 200
    tier: Literal["full", "small", "tiny"] = "small"
    tick: Annotated[int, Field(ge=0)] | None = Field(default=None, description="of the observation that is thought about")
    traceparent: Annotated[Text, Field(max_length=128)] | None = None


# --- town to agent ---------------------------------------------------------------------------------


class AvailableAction(Message):
    """A verb that can be used now; `parameters` is JSON Schema and goes unchanged into a model's tool call."""

    action: str
    description: str | None = None
    parameters: dict[str, Any] | None = None


class Recalled(Message):
    """A memory with its score and the score's three parts, each 0-1."""

    id: str
    kind: MemoryKind
    text: str
    tick: int
    score: float
    recency: float
    importance: float
    relevance: float
    evidence: list[str] = Field(default_factory=list, description="ids of the events or memories it rests on")


class Observation(Message):
    """All that an agent needs to act sensibly, even as its first message."""

    v: Literal[1] = 1
    id: str
    generation: int
    seq: int
    tick: int
    timestamp: str
    town_time: str
    agent_id: Id
    traceparent: str | None = None
    because: list[str] = Field(default_factory=list, description="what is new: hello, arrived, message, need, ended, verdict, …")
    observation: Perceived
    available_actions: list[AvailableAction]
    memory_context: dict[str, Any] = Field(default_factory=dict, description="`memories`: list, if hello asked for any")
    more: dict[str, int] = Field(default_factory=dict)

    @property
    def own(self) -> OwnState:
        """What the agent knows of itself."""
        return self.observation.self

    @property
    def location(self) -> Location:
        """Where it is, and what is near."""
        return self.observation.location

    @property
    def visible_agents(self) -> list[VisibleAgent]:
        """Who is in sight."""
        return self.observation.visible_agents

    @property
    def messages(self) -> list[HeardMessage]:
        """Words that reached it since the last observation."""
        return self.observation.messages


class Verdict(Message):
    """What became of one action."""

    v: Literal[1] = 1
    generation: int
    seq: int
    action_id: str | None
    agent_id: Id
    tick: int
    status: Literal["accepted", "rejected"]
    code: Code | None = None
    detail: str | None = None
    path: str | None = None
    allowed: Any = None
    retry_after: float | None = Field(default=None, description="seconds")
    events: list[str] = Field(default_factory=list)
    traceparent: str | None = None


class Notice(Message):
    """Rate limit, moderation, budget, shutdown."""

    v: Literal[1] = 1
    generation: int
    seq: int
    code: str
    text: str
    retry_after: float | None = Field(default=None, description="seconds")


class MemoryAnswer(Message):
    """Answer to a memory request: memories, or a code."""

    id: str | None
    memories: list[Recalled] = Field(default_factory=list)
    code: str | None = None
    detail: str | None = None
    path: str | None = None


class Thought(Message):
    """Answer to a request for a completion: a message, or a code."""

    id: str
    message: dict[str, Any] | None = None
    tool_calls: list[dict[str, Any]] = Field(default_factory=list)
    usage: dict[str, float] | None = None
    model: str | None = None
    cached: bool = False
    code: Literal["budget", "provider_error", "timeout"] | None = None
    detail: str | None = Field(default=None, description="what the code means here, in words")
    asleep: bool = Field(default=False, description="with `budget`: the owner wants the agent to sleep, not to go on by routine")


# --- town to everybody -----------------------------------------------------------------------------


class WorldStatus(Message):
    """Whether the town is up; also its Will. A status of a lower generation is void."""

    status: Literal["online", "offline"]
    generation: int


class Clock(Message):
    """Town time. `speed` is town seconds per real second, 0 as fast as it can."""

    generation: int
    tick: int
    town_time: str
    speed: float
    state: Literal["running", "paused"]


class Stock(Message):
    """Pieces and price of one item on sale."""

    item: Id
    name: str
    stock: int
    price: int = Field(description="cents")


class BuildingState(Message):
    """A building for everybody to see."""

    id: Id
    name: str
    kind: str
    district: Id
    inside: list[Id]
    owner: str | None
    open: bool | None
    stock: list[Stock] = Field(default_factory=list)
    price: int | None = Field(default=None, description="cents, if it can be claimed")
    tick: int
    part: int | None = None
    parts: int | None = None


class DistrictState(Message):
    """A district for everybody to see."""

    id: Id
    name: str
    population: int
    mood: float | None = Field(description="mean of all needs of those in it, 0-1; null where nobody is")
    prices: dict[str, int] = Field(default_factory=dict, description="mean price of an item, cents")
    meters: dict[str, float] = Field(default_factory=dict, description="walking, working, sleeping, …: people")
    tick: int


class Movement(Message):
    """A movement begun or ended: `path` from where to where, empty once ended."""

    id: Id
    x: float
    y: float
    path: list[tuple[float, float]] = Field(default_factory=list, description="metres, first point is where it starts")
    starts_tick: int | None = None
    arrives_tick: int | None = None
    building: Id | None = None
    doing: str


class People(Message):
    """Movements begun or ended this tick by people now in a district."""

    tick: int
    people: list[Movement]
    part: int | None = None
    parts: int | None = None


class Events(Message):
    """Events of one tick in one place."""

    generation: int
    tick: int
    events: list[WireEvent]
    part: int | None = None
    parts: int | None = None


class Card(Message):
    """An agent's public card."""

    id: Id
    name: str
    tagline: str | None = None
    kind: Literal["hosted", "external"]
    home_district: Id
    home: Id | None = None
    owner: str | None = Field(default=None, description="the owner's public name")
    can: list[str] = Field(default_factory=list, description="verbs it may use")
    rate: dict[str, int] = Field(default_factory=dict, description="`actions_per_minute`, `burst`, `undecided`")
    age: int | None = None
    job: str | None = None


class Presence(Message):
    """Whether an agent is there, since when, and where its body is."""

    state: PresenceState
    since: str = Field(description="UTC")
    since_tick: int
    district: Id
    building: Id | None


# --- services --------------------------------------------------------------------------------------


class Command(Message):
    """What must change the world, or its clock, and is no agent's action."""

    id: ActionId
    command: Annotated[Text, Field(min_length=1, max_length=64)]
    parameters: dict[str, Any] = Field(default_factory=dict)
    by: Annotated[Text, Field(min_length=1, max_length=80)] | None = None
    """The person who had the service ask, for the audit log."""


class Answer(Message):
    """What became of a command."""

    id: str | None
    status: Literal["accepted", "rejected"]
    code: str | None = None
    detail: str | None = None
    path: str | None = None
    allowed: Any = None
    tick: int | None = None
    result: dict[str, Any] = Field(default_factory=dict)
