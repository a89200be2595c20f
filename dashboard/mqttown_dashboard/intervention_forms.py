"""What an operator may change in the town by hand, as it is sent: the words of the laboratory's experiment files."""

from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from mqttown_contract.persona import PlaceKind, Time, Traits
from mqttown_contract.types import Id, Text
from mqttown_dashboard.forms import Form

__all__ = ["Add", "Broadcast", "Cut", "Door", "Intervention", "Mend", "Plant", "Price", "Remove", "Rule", "Wage", "Weather"]

Cents = Annotated[int, Field(ge=0, le=1_000_000_000, strict=True)]
Words = Annotated[Text, Field(min_length=1, max_length=1000)]
Group = Annotated[list[Id], Field(min_length=1, max_length=1000)]


def _like(*examples: dict[str, Any]) -> ConfigDict:
    return ConfigDict(extra="forbid", populate_by_name=True, json_schema_extra={"examples": list(examples)})


class Door(Form):
    """Shut or open a place whatever its hours, or leave it to its usual ones again."""

    model_config = _like({"do": "close", "building": "cafe-engel"})

    do: Literal["close", "open", "usual"]
    building: Id


class Price(Form):
    """What an item costs."""

    model_config = _like({"do": "price", "item": "coffee", "cents": 420})

    do: Literal["price"]
    item: Id
    cents: Cents
    building: Id | None = Field(default=None, description="everywhere without it")


class Wage(Form):
    """What a job pays."""

    model_config = _like({"do": "wage", "job": "all", "cents": 1500})

    do: Literal["wage"]
    job: Id = Field(description="or `all`")
    cents: Cents = Field(description="an hour")


class Rule(Form):
    """A rule of the world."""

    model_config = _like({"do": "rule", "name": "earshot", "value": 800})

    do: Literal["rule"]
    name: Literal["levy", "rich", "poor", "earshot"] = Field(description="permille; cents; cents; cm")
    value: Annotated[int, Field(ge=0, le=1_000_000_000, strict=True)]


class Plant(Form):
    """Somebody knows something, and nobody told it."""

    model_config = _like({"do": "plant", "agent": "aino", "text": "The old tram hall will be a library."})

    do: Literal["plant"]
    agent: Id
    text: Words


class Broadcast(Form):
    """Everybody has heard something."""

    model_config = _like({"do": "broadcast", "text": "The trams stand still today."})

    do: Literal["broadcast"]
    text: Words


class Cut(Form):
    """Words do not get from one group to the other: none, or those that hold one of `words`."""

    model_config = _like(
        {"do": "cut", "name": "silence", "agents": ["otto"]},
        {"do": "cut", "name": "censor", "from": ["aino"], "to": None, "words": ["party"]},
    )

    do: Literal["cut"]
    name: Id = Field(description="by which it is mended; the way back is called `{name}-back`")
    from_: Group | None = Field(default=None, alias="from", description="null for everybody")
    to: Group | None = Field(default=None, description="null for everybody")
    both: bool = Field(default=True, description="the way back, too")
    words: Annotated[list[Annotated[Text, Field(min_length=1, max_length=100)]], Field(min_length=1, max_length=50)] | None = None
    agents: Group | None = Field(default=None, description="these are cut off from all, both ways; instead of `from` and `to`")

    @model_validator(mode="after")
    def _groups_or_agents(self) -> Self:
        if self.agents is not None and (self.from_ is not None or self.to is not None):
            raise ValueError("say either `agents`, or `from` and `to`")
        if self.agents is None and self.from_ is None and self.to is None:
            raise ValueError("say whom it concerns: `agents`, or `from` or `to`")
        return self

    @property
    def ways(self) -> list[tuple[str, list[str] | None, list[str] | None]]:
        """Name, speakers and listeners of each one-way cut."""
        one, other = (self.agents, None) if self.agents is not None else (self.from_, self.to)
        there = (self.name, one, other)
        return [there, (f"{self.name}-back", other, one)] if self.both and one != other else [there]


class Mend(Form):
    """Let words through again."""

    model_config = _like({"do": "mend", "name": "censor"})

    do: Literal["mend"]
    name: Id = Field(description="of one cut; the way back is mended as `{name}-back`")


class Weather(Form):
    """Other weather, until it changes by itself."""

    model_config = _like({"do": "weather", "weather": "rain"})

    do: Literal["weather"]
    weather: Id


class Remove(Form):
    """Residents go for good, with their keys; of those that were made here everything goes."""

    model_config = _like({"do": "remove", "agents": ["otto"]})

    do: Literal["remove"]
    agents: Annotated[list[Id], Field(min_length=1, max_length=100)]


class Add(Form):
    """Somebody moves in, with a routine mind."""

    model_config = _like({"do": "add", "agent": "mira", "name": "Mira Halonen", "district": "kluuvi", "like": "aino"})

    do: Literal["add"]
    agent: Id
    name: Annotated[Text, Field(min_length=1, max_length=80)]
    district: Id | None = Field(default=None, description="home district; the town chooses one without it")
    home: Id | None = Field(default=None, description="building of kind home that nobody owns")
    job: Id | None = Field(default=None, description="one of GET /api/v1/jobs")
    purse: Cents | None = Field(default=None, description="cents to begin with; as everybody else without it")
    like: Id | None = Field(default=None, description="a preset, whose traits, goals, likes and hours hold where nothing is said")
    traits: Traits | None = None
    likes: Annotated[list[PlaceKind], Field(min_length=1, max_length=6)] | None = None
    wakes: Time | None = None
    sleeps: Time | None = None


Intervention = Annotated[
    Door | Price | Wage | Rule | Plant | Broadcast | Cut | Mend | Weather | Remove | Add, Field(discriminator="do")
]
