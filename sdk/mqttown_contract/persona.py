"""Who a hosted resident is, how it thinks, and what that may cost: the seed format of residents.

A YAML file of it is what `mqttown host new` takes and what the API exports and imports; `docs/residents.md` tells it in words.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from mqttown_contract.permissions import Permissions
from mqttown_contract.types import Id

__all__ = [
    "Budget",
    "Mind",
    "MindKind",
    "Persona",
    "PersonaRelation",
    "PlaceKind",
    "Placement",
    "Profile",
    "RelationKind",
    "Resident",
    "Traits",
]

PlaceKind = Literal[
    "home", "cafe", "restaurant", "shop", "office", "school", "park", "bar", "hotel", "church", "museum", "theatre", "station",
    "hospital", "civic", "other",
]  # fmt: skip
RelationKind = Literal[
    "partner", "parent", "child", "sibling", "grandparent", "grandchild", "friend", "neighbour", "colleague", "acquaintance",
    "rival", "landlord", "tenant", "teacher", "pupil",
]  # fmt: skip
MindKind = Literal["routine", "model", "code"]
Placement = Literal["inline", "docker"]
Permille = Annotated[int, Field(ge=0, le=1000, strict=True)]
Micros = Annotated[int, Field(ge=0, le=1_000_000_000_000_000, strict=True)]
Tokens = Annotated[int, Field(ge=0, le=1_000_000_000_000, strict=True)]
Line = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\n\r\x00]*$")]
Time = Annotated[
    str,
    StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$"),
    Field(description="local time of day, HH:MM", examples=["07:30"]),
]


class _Part(BaseModel):
    """What all parts share: a field that is not known is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Traits(_Part):
    """Traits in permille; 500 is the middle."""

    sociable: Permille = 500
    curious: Permille = 500
    generous: Permille = 500
    conscientious: Permille = 500
    humour: Permille = 500


class Profile(_Part):
    """How somebody with a model behind them behaves; what is not told follows from likes and traits."""

    style: Annotated[Line, Field(max_length=80)] | None = Field(default=None, description="how they talk")
    risk: Permille | None = Field(default=None, description="permille of the purse that they part with in one action")
    interests: Annotated[list[Line], Field(max_length=8)] | None = Field(
        default=None, description="what they look for and remember"
    )
    relationship: Literal["reserved", "neutral", "open"] | None = Field(default=None, description="whom they begin to talk to")
    detail: Literal["brief", "normal", "rich"] | None = Field(default=None, description="how much they take in")


class PersonaRelation(_Part):
    """What somebody is to another resident, as they see it."""

    to: Id = Field(alias="with", description="id of the other")
    kind: RelationKind = Field(description="what this resident is to the other: `parent` means that this one is the parent")
    warmth: Permille = Field(default=600, description="permille; 0 can't stand, 500 neutral, 1000 loves")


class Mind(_Part):
    """How somebody thinks."""

    kind: MindKind = Field(
        default="routine",
        description="`routine` is built in and free; `model` asks a model; `code` is the owner's own program",
    )
    tier: Literal["full", "small", "tiny"] = Field(default="small", description="which kind of model, where there is one")


class Persona(_Part):
    """A person: what a mind acts on. Versions are kept of this, together with the mind."""

    name: Annotated[Line, Field(max_length=80, description="public name; chosen once")]
    tagline: Annotated[Line, Field(description="one line for the public card; chosen once")] | None = None
    story: Annotated[str, StringConstraints(min_length=1, max_length=1000, pattern=r"^[^\x00]*$")] | None = Field(
        default=None, description="who they are, in a few sentences"
    )
    goals: Annotated[list[Line], Field(max_length=5)] = Field(default=[], description="what they are after")
    age: Annotated[int, Field(ge=16, le=110, strict=True, description="years")] = 35
    traits: Traits = Traits()
    likes: Annotated[list[PlaceKind], Field(min_length=1, max_length=6)] = Field(
        default=["cafe", "park"], description="kinds of places to be in their free time"
    )
    profile: Profile = Profile()
    relations: Annotated[list[PersonaRelation], Field(max_length=30)] = []
    wakes: Time = "07:00"
    sleeps: Time = "22:30"

    def person(self, agent: str, home: str | None, job: str | None = None) -> dict[str, Any]:
        """As an entry of `people` in the compiled town, which minds are made from.

        Args:
            agent: its id.
            home: building id, if it has one.
            job: job id, likewise.
        """
        profile = self.profile.model_dump(exclude_none=True)
        return {
            "id": agent, "name": self.name, "age": self.age, "home": home, "job": job,
            "traits": self.traits.model_dump(), "goals": list(self.goals), "likes": list(self.likes),
            "tagline": self.tagline or "", "story": self.story or "",
            "relations": [relation.model_dump(by_alias=True) for relation in self.relations],
            "wakes": _minute(self.wakes), "sleeps": _minute(self.sleeps),
            **({"profile": profile} if profile else {}),
        }  # fmt: skip


class Budget(_Part):
    """What thinking may cost; no limit where nothing is said, and nothing at all where no budget is given.

    Money is millionths of a unit, as in the registry of models. A day is one of UTC.
    """

    day_money: Micros | None = Field(default=None, description="millionths of a unit of money a day")
    total_money: Micros | None = Field(default=None, description="millionths of a unit of money, ever")
    day_tokens: Tokens | None = Field(default=None, description="tokens a day, prompt and answer together")
    total_tokens: Tokens | None = Field(default=None, description="tokens, ever")
    when_spent: Literal["asleep", "routine"] = Field(default="routine", description="what it does once a cap is reached")


class Resident(Persona):
    """A hosted resident: a person, where they live, how they think, what that may cost and what they may do."""

    id: Id = Field(description="of the agent: lower-case letters, digits, - and _")
    district: Id | None = Field(default=None, description="home district; the town chooses one without it")
    home: Id | None = Field(default=None, description="building of kind home that nobody owns")
    job: Id | None = Field(
        default=None, description="daily work at a place of the town, out of `/api/v1/jobs`; chosen once. Several may have one job"
    )
    mind: Mind = Mind()
    placement: Placement | None = Field(
        default=None, description="`inline` in the town's own process, or `docker` in a container; code lives in a container alone"
    )
    budget: Budget | None = Field(default=None, description="without one only models that are free")
    permissions: Permissions = Permissions()

    @model_validator(mode="after")
    def _code_in_a_container(self) -> Self:
        if self.mind.kind == "code" and self.placement == "inline":
            raise ValueError("code of an owner's runs in a container alone: leave placement out, or say docker")
        return self

    @property
    def placed(self) -> Placement:
        """Where it lives."""
        return self.placement or ("docker" if self.mind.kind == "code" else "inline")

    @property
    def persona(self) -> Persona:
        """The person alone."""
        return Persona.model_validate(self.model_dump(include=set(Persona.model_fields)))

    @classmethod
    def joined(cls, persona: Mapping[str, Any], rest: Mapping[str, Any]) -> Self:
        """Put a person and all else together again.

        Raises:
            ValidationError: they make no resident.
        """
        return cls.model_validate({**persona, **rest})


def _minute(time: str) -> int:
    hours, minutes = time.split(":")
    return int(hours) * 60 + int(minutes)
