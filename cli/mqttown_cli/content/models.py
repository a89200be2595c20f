"""The kinds of content files: their fields, units and bounds. Their JSON Schemas are made from here."""

from typing import Annotated, Final, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from mqttown_contract.persona import Profile
from mqttown_contract.types import Id
from mqttown_orchestrator.rulebook import Conduct, Moderation

__all__ = [
    "BUILDING_KINDS",
    "FILES",
    "TRADING_KINDS",
    "WEATHERS",
    "BuildingKind",
    "Crowd",
    "CrowdJob",
    "Item",
    "Items",
    "Job",
    "Jobs",
    "KindRule",
    "Kinds",
    "NamedPlace",
    "People",
    "Person",
    "Places",
    "Prose",
    "ProseGroup",
    "Relation",
    "Restores",
    "Sale",
    "Shift",
    "Town",
    "Traits",
    "Weather",
]

BuildingKind = Literal[
    "home", "cafe", "restaurant", "shop", "office", "school", "park", "bar", "hotel", "church", "museum", "theatre", "station",
    "hospital", "civic", "other",
]  # fmt: skip
BUILDING_KINDS: Final[tuple[str, ...]] = get_args(BuildingKind)
TRADING_KINDS: Final = ("bar", "cafe", "civic", "hotel", "museum", "restaurant", "shop", "station", "theatre")
"""Kinds of buildings that may sell things."""
WeatherName = Literal["clear", "cloudy", "rain", "snow", "fog"]
WEATHERS: Final[tuple[str, ...]] = get_args(WeatherName)
RelationKind = Literal[
    "partner", "parent", "child", "sibling", "grandparent", "grandchild", "friend", "neighbour", "colleague", "acquaintance",
    "rival", "landlord", "tenant", "teacher", "pupil",
]  # fmt: skip

_DAY = "(mon|tue|wed|thu|fri|sat|sun)"
_SPAN = f"{_DAY}(-{_DAY})?"
Time = Annotated[
    str,
    StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$"),
    Field(description="local time of day, HH:MM", examples=["07:30"]),
]
Days = Annotated[
    str,
    StringConstraints(pattern=f"^(daily|{_SPAN}(, ?{_SPAN})*)$"),
    Field(description="days of the week: daily, mon-fri, or a list such as `tue-fri, sun`", examples=["mon-fri", "daily"]),
]
Permille = Annotated[int, Field(ge=0, le=1000, description="permille, 0 to 1000")]
Cents = Annotated[int, Field(ge=0, le=1_000_000_000, description="cents")]
Line = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\n\x00]*$")]
Words = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
GroupName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{1,47}$")]
Variable = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{0,31}$")]


class Model(BaseModel):
    """What all kinds share: unknown fields are refused, and nothing is converted silently."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)


class Town(Model):
    """The town as a whole: `town.yaml`."""

    id: Id = Field(description="as in topics")
    name: Line
    timezone: Annotated[str, StringConstraints(pattern=r"^[A-Za-z_]+(/[A-Za-z_+-]+[0-9]*)*$")] = Field(
        description="IANA time zone", examples=["Europe/Helsinki"]
    )
    start: Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:00$")] = Field(
        description="local time of tick 0, ISO 8601 without zone"
    )


class Traits(Model):
    """Traits in permille; 500 is the middle."""

    sociable: Permille
    curious: Permille
    generous: Permille
    conscientious: Permille
    humour: Permille


class Relation(Model):
    """What somebody is to another, who must say the counterpart."""

    to: Id = Field(alias="with", description="id of the other person")
    kind: RelationKind = Field(description="what this person is to the other: `parent` means that this one is the parent")
    warmth: Permille = Field(description="permille; 0 can't stand, 500 neutral, 1000 loves")


class Person(Model):
    """One hand-written resident."""

    id: Id
    name: Line
    age: Annotated[int, Field(ge=16, le=110, description="years")]
    home: Id = Field(description="id of a building of kind home")
    job: Id | None = Field(default=None, description="id of a job, or null")
    purse: Cents
    traits: Traits
    goals: Annotated[list[Line], Field(min_length=1, max_length=5)]
    likes: Annotated[list[BuildingKind], Field(min_length=1, max_length=6)] = Field(description="kinds of places to be after work")
    tagline: Line
    story: Words = Field(description="two to four sentences")
    relations: list[Relation] = []
    wakes: Time
    sleeps: Time
    profile: Profile | None = Field(default=None, description="how they behave with a model behind them; see docs/minds.md")


class People(Model):
    """Hand-written residents: `people.yaml`. With few `--residents` the first ones are taken."""

    people: Annotated[list[Person], Field(min_length=1)]


class Shift(Model):
    """When a job is done. A shift that ends at or before its start ends the next day."""

    start: Time = Field(alias="from")
    to: Time
    days: Days


class Job(Shift):
    """One job at one place. Several people may hold it."""

    id: Id
    title: Line
    building: Id
    kind: BuildingKind = Field(description="the kind of that building; checked against the map")
    wage: Annotated[int, Field(ge=1, le=100_000, description="cents an hour")]


class Jobs(Model):
    """Jobs of hand-written people: `jobs.yaml`."""

    jobs: Annotated[list[Job], Field(min_length=1)]


class Restores(Model):
    """What eating it gives back to each need."""

    food: Permille
    energy: Permille = 0
    company: Permille = 0


class Item(Model):
    """Something that is bought, carried, given away; eaten if it restores anything."""

    id: Id
    name: Line
    price: Annotated[int, Field(ge=1, le=10_000_000, description="cents; where a place does not set its own")]
    restores: Restores
    eat_minutes: Annotated[int, Field(ge=0, le=180, description="town minutes; 0 if it can't be eaten")]


class Items(Model):
    """All items of a town: `items.yaml`."""

    items: Annotated[list[Item], Field(min_length=1)]


class Sale(Model):
    """One item on sale."""

    item: Id
    price: Annotated[int, Field(ge=1, le=10_000_000, description="cents")] | None = Field(
        default=None, description="cents; without it the item's price times `prices` of the place"
    )
    stock: Annotated[int, Field(ge=0, le=10_000, description="pieces at each opening")] = 40


class KindRule(Model):
    """What a building does by its kind. The first rule with a fitting word wins, else one without words."""

    words: list[Annotated[str, StringConstraints(pattern=r"^[^A-Z]+$", min_length=2)]] = Field(
        default=[], description="lower-case parts of names that this rule is for"
    )
    opens: Time
    closes: Time = Field(description="at or before `opens`: past midnight; equal: always open")
    days: Days
    prices: Annotated[int, Field(ge=100, le=10_000, description="permille of the items' prices")] = 1000
    sells: list[Sale] = []
    claim_price: Cents | None = Field(default=None, description="cents; null if it can't be claimed")
    till: Cents = Field(default=0, description="cents in the till at the start")


class Kinds(Model):
    """What buildings of a kind do: `kinds.yaml`. A kind without rules has no hours and sells nothing."""

    kinds: dict[BuildingKind, Annotated[list[KindRule], Field(min_length=1)]]


class NamedPlace(Model):
    """One place that differs from its kind. What is left out comes from the kind's rule."""

    building: Id
    opens: Time | None = None
    closes: Time | None = None
    days: Days | None = None
    prices: Annotated[int, Field(ge=100, le=10_000, description="permille of the items' prices")] | None = None
    sells: list[Sale] | None = None
    claim_price: Cents | None = None
    till: Cents | None = None


class Places(Model):
    """Named places that differ from their kind: `places.yaml`."""

    places: list[NamedPlace]


class WeatherNext(Model):
    """Chance of each weather three hours later, permille; they sum to 1000."""

    clear: Permille = 0
    cloudy: Permille = 0
    rain: Permille = 0
    snow: Permille = 0
    fog: Permille = 0


class WeatherChange(Model):
    """From each weather to the next."""

    clear: WeatherNext
    cloudy: WeatherNext
    rain: WeatherNext
    snow: WeatherNext
    fog: WeatherNext


class Weather(Model):
    """How the weather goes: `weather.yaml`."""

    start: WeatherName
    change: WeatherChange


class CrowdJob(Model):
    """A job that made residents may get, at any building of the kind."""

    kind: BuildingKind
    title: Line
    weight: Annotated[int, Field(ge=1, le=1000, description="how often, against the other jobs")]
    wage: Annotated[int, Field(ge=1, le=100_000, description="cents an hour")]
    shifts: Annotated[list[Shift], Field(min_length=1)]


class Crowd(Model):
    """What further residents are made from: `crowd.yaml`."""

    first_names: Annotated[list[Line], Field(min_length=20)]
    family_names: Annotated[list[Line], Field(min_length=20)]
    goals: Annotated[list[Line], Field(min_length=5)]
    taglines: Annotated[list[Line], Field(min_length=5)]
    stories: Annotated[list[Words], Field(min_length=3)] = Field(
        description="jinja templates with `first`, `age`, `title` (of the job, or `between jobs`), `district`, `home`"
    )
    employed: Permille = Field(description="share of those of working age who have a job, permille")
    jobs: Annotated[list[CrowdJob], Field(min_length=1)]


class ProseGroup(Model):
    """Ways to say one thing."""

    about: Line = Field(description="when it is said")
    variables: list[Variable] = Field(description="names that a template of this group may use")
    templates: Annotated[list[Annotated[str, StringConstraints(min_length=1, max_length=300)]], Field(min_length=6)] = Field(
        description="jinja templates"
    )


class Prose(Model):
    """What routine minds say: every file of `prose/`."""

    variables: dict[Variable, Line] = Field(description="what each variable holds")
    groups: dict[GroupName, ProseGroup]


FILES: Final[dict[str, type[BaseModel]]] = {
    "conduct": Conduct,
    "crowd": Crowd,
    "items": Items,
    "jobs": Jobs,
    "kinds": Kinds,
    "moderation": Moderation,
    "people": People,
    "places": Places,
    "prose": Prose,
    "town": Town,
    "weather": Weather,
}
"""File name without ending (for prose the folder) to model."""
