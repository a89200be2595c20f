"""What the API answers, each field with its unit."""

from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, Field

from mqttown_contract.types import Id, MemoryKind, PresenceState

__all__ = [
    "Agent",
    "Bond",
    "Building",
    "BuildingBrief",
    "Chain",
    "Chapter",
    "Clock",
    "Decided",
    "District",
    "Event",
    "Fact",
    "Frame",
    "Health",
    "HistoryOverview",
    "Hour",
    "HourOfDistrict",
    "JobView",
    "MapBuilding",
    "MapDistrict",
    "MapTown",
    "MapWay",
    "Memory",
    "Page",
    "Point",
    "Said",
    "Snapshot",
    "Stock",
]

Item = TypeVar("Item")
Point = Annotated[tuple[float, float], Field(description="x east and y north, metres in the town's frame")]


class Page(BaseModel, Generic[Item]):
    """One page of a list."""

    items: list[Item]
    next: str | None = Field(description="give it back as `cursor` for the next page; null on the last one")


class Clock(BaseModel):
    """Town time."""

    status: Literal["online", "offline", "unknown"] = Field(
        description="whether the town is running; unknown until the broker has told"
    )
    generation: int | None = Field(description="goes up each time the town is started")
    tick: int = Field(description="steps of the world so far, one town minute each")
    town_time: str = Field(description="local time in the town, ISO 8601")
    speed: float = Field(description="town seconds per real second; 0 is as fast as it can")
    state: Literal["running", "paused"]
    weather: str = Field(description="clear, cloudy, rain, snow or fog")


class Said(BaseModel):
    """Words of somebody."""

    event: str = Field(description="event id")
    tick: int
    text: str
    to: list[str] | None = Field(description="agent ids; null for all in earshot")


class Agent(BaseModel):
    """A resident or visitor, as everybody may see it."""

    id: Id
    name: str
    kind: Literal["hosted", "external"]
    tagline: str | None = None
    owner: str | None = Field(default=None, description="the owner's public name")
    home_district: Id
    home: Id | None = Field(default=None, description="building id")
    age: int | None = Field(default=None, description="years")
    job: str | None = None
    goal: str | None = Field(default=None, description="what it is after, if it was written so")
    presence: PresenceState = "offline"
    since_tick: int = Field(default=0, description="tick since which the presence holds")
    district: Id | None = Field(default=None, description="where it is now")
    building: Id | None = Field(default=None, description="where it is now; null in the open")
    x: float | None = Field(default=None, description="metres east; null until known")
    y: float | None = Field(default=None, description="metres north; null until known")
    path: list[Point] = Field(default_factory=list, description="way being walked, metres; empty when it stands")
    starts_tick: int | None = Field(default=None, description="when the walk began")
    arrives_tick: int | None = Field(default=None, description="when the walk will end")
    doing: str = "idle"
    said: Said | None = Field(default=None, description="its last words")


class Stock(BaseModel):
    """One item on sale."""

    item: Id
    name: str
    stock: int = Field(description="pieces")
    price: int = Field(description="cents")


class Building(BaseModel):
    """A building and who is in it."""

    id: Id
    name: str
    kind: str
    district: Id
    address: str | None
    levels: int
    height: float = Field(description="metres")
    door: Point
    open: bool | None = Field(default=None, description="null where there are no hours")
    owner: str | None = None
    price: int | None = Field(default=None, description="cents, if it can be claimed")
    land_price: int | None = Field(default=None, description="cents for which it can be claimed while nobody owns it")
    inside: list[Id] = Field(default_factory=list, description="agent ids")
    stock: list[Stock] = Field(default_factory=list)


class JobView(BaseModel):
    """Daily work at a place."""

    id: Id
    title: str
    building: Id
    begins: str = Field(description="of the shift, HH:MM")
    ends: str = Field(description="HH:MM; at or before its beginning it is of the next day")
    days: list[int] = Field(description="days of the week, 0 is Monday")
    wage: int = Field(description="cents an hour")


class District(BaseModel):
    """A district as the town tells it."""

    id: Id
    name: str
    population: int
    mood: float | None = Field(description="mean of all needs, 0-1")
    prices: dict[str, int] = Field(default_factory=dict, description="mean price of an item, cents")


class Event(BaseModel):
    """One thing that happened; the fields of `data` depend on `kind`, see docs/verbs.md."""

    id: str = Field(description="`e-{tick}-{n}`")
    kind: str
    tick: int
    district: Id | None = None
    building: Id | None = None
    agent: Id | None = Field(default=None, description="who did it")
    action_id: str | None = None
    cause: str | None = Field(default=None, description="the event it follows from")
    about: list[str] = Field(default_factory=list, description="events that its words pass on")
    witnesses: list[str] = Field(default_factory=list, description="agents who saw or heard it, the doer first")
    data: dict[str, Any] = Field(default_factory=dict)


class Memory(BaseModel):
    """A memory with its score and the score's parts, each 0-1."""

    id: str
    kind: MemoryKind
    text: str
    tick: int
    score: float
    recency: float
    importance: float
    relevance: float
    evidence: list[str] = Field(default_factory=list, description="ids of events or memories that it rests on")


class Chain(BaseModel):
    """One hop of a fact: an event whose witnesses include the next speaker."""

    event: str
    tick: int
    kind: str
    by: str | None = Field(description="agent id of the speaker or doer")
    to: list[str] = Field(description="agent ids who heard or saw it")
    text: str | None = Field(description="the words; null if it is no `said`")


class Fact(BaseModel):
    """Something that an agent knows, and how it came to it."""

    event: str = Field(description="the event that is known")
    text: str | None = Field(description="the words it began with; null if it is no `said`")
    kind: str
    began_tick: int
    learned_tick: int
    first_hand: bool = Field(description="the agent was there when it happened")
    heard_from: str | None = Field(description="who told it; null if it is the agent's own")
    chain: list[Chain] = Field(description="from the beginning to what reached the agent")


class Decided(BaseModel):
    """One action of an agent and what became of it."""

    tick: int
    id: str = Field(description="action id")
    action: str
    parameters: dict[str, Any]
    observation_id: str | None
    reasoning: str | None
    status: Literal["accepted", "rejected"]
    code: str | None
    detail: str | None
    path: str | None
    events: list[str] = Field(description="event ids")


class BuildingBrief(BaseModel):
    """What of a building changes."""

    id: Id
    open: bool | None = Field(default=None, description="null where nothing is known")
    owner: str | None = None
    inside: list[Id] = Field(default_factory=list, description="agent ids")


class Snapshot(BaseModel):
    """First message of a stream, and after a gap: all that the page shows of the present."""

    clock: Clock
    residents: list[Agent]
    buildings: list[BuildingBrief] = Field(description="those with a state")


class Frame(BaseModel):
    """What changed within a fifth of a second."""

    clock: Clock | None = None
    residents: list[Agent] = Field(default_factory=list, description="those that changed, whole")
    gone: list[str] = Field(default_factory=list, description="agent ids that left for good")
    events: list[Event] = Field(default_factory=list)
    buildings: list[BuildingBrief] = Field(default_factory=list)


class Health(BaseModel):
    """Whether this process can do its work."""

    status: Literal["ok", "degraded"]
    database: bool
    broker: bool
    tick: int
    watchers: int = Field(description="open streams")


class MapDistrict(BaseModel):
    """Outline of a district."""

    id: Id
    name: str
    centre: Point
    polygon: list[Point]


class MapBuilding(BaseModel):
    """Outline of a building."""

    id: Id
    name: str
    kind: str
    district: int = Field(description="index into `districts`")
    height: float = Field(description="metres")
    door: Point
    footprint: list[Point]


class MapWay(BaseModel):
    """A street or path."""

    kind: str
    name: str | None
    points: list[Point]


class MapTown(BaseModel):
    """The map for drawing, in metres."""

    id: Id
    name: str
    attribution: str = Field(description="must be shown wherever the map is shown")
    timezone: str
    bounds: tuple[float, float, float, float] = Field(description="x0, y0, x1, y1 in metres")
    districts: list[MapDistrict]
    buildings: list[MapBuilding]
    ways: list[MapWay]
    water: list[list[Point]]
    green: list[list[Point]]


class Hour(BaseModel):
    """How lively an hour of the history was."""

    tick: int = Field(description="its first tick")
    talks: int = Field(description="times that somebody spoke")
    deeds: int = Field(description="all else that residents did")


class HistoryOverview(BaseModel):
    """The history at a glance."""

    run: str = Field(description="names this town's run in links; another start from nothing has another")
    start: str = Field(description="town time of tick 0, ISO 8601")
    first_tick: int
    last_tick: int
    chapter_ticks: int = Field(description="ticks of a chapter of `/history/{number}`")
    open: bool = Field(description="whether everybody here may see what residents think")
    hours: list[Hour]


class Moods(BaseModel):
    """How the districts felt at a moment."""

    tick: int
    districts: dict[Id, float | None] = Field(
        description="mean of all needs, 0-1, reckoned from what happened; null where nobody was"
    )


class Chapter(BaseModel):
    """A stretch of the history: how it began, and all that happened in it. The page plays it as it plays the live stream."""

    from_tick: int = Field(description="the state is that after this tick; events follow it")
    to_tick: int
    complete: bool = Field(description="whether it will never change")
    weather: str
    residents: list[Agent]
    buildings: list[BuildingBrief]
    stock: dict[Id, dict[Id, int]] = Field(description="pieces on sale by building and item, when it began")
    moods: list[Moods] = Field(description="every half hour, in order")
    before: list[Event] = Field(description="the last things told before it and what pressed then, in order")
    events: list[Event] = Field(description="in order")


class Bond(BaseModel):
    """Two residents who talk with each other."""

    a: Id
    b: Id
    talks: int = Field(description="times that one spoke and the other heard it")
    last_tick: int


class HourOfDistrict(BaseModel):
    """An hour of a district."""

    tick: int = Field(description="its last tick")
    people: int = Field(description="who were there at its end")
    talks: int
    needs: int = Field(description="needs that became pressing")
