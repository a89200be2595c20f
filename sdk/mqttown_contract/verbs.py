"""What an agent may do: the verbs of v1 with the model of their parameters.

A parameter model is the one source of a verb's JSON Schema. The world narrows that schema to what is
possible here and now (see `available_actions` of an observation); the rules themselves live in the world.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from mqttown_contract.types import MAX_TEXT, Id

__all__ = [
    "VERBS",
    "Buy",
    "Claim",
    "Eat",
    "Give",
    "MoveTo",
    "Parameters",
    "Say",
    "Sleep",
    "Verb",
    "VerbName",
    "Wait",
    "Work",
]

VerbName = Literal["move_to", "say", "wait", "work", "eat", "sleep", "buy", "give", "claim"]
EventRef = Annotated[str, StringConstraints(pattern=r"^e-[0-9]{1,12}-[0-9]{1,7}$")]


class Parameters(BaseModel):
    """Parameters of a verb. A field that the verb does not know is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class MoveTo(Parameters):
    """Walk along the streets to a building or to an agent's present place."""

    to: Id = Field(description="id of a building or of an agent")


class Say(Parameters):
    """Speak to those in the same building or within 15 m in the open; with `to`, quietly to them alone."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=MAX_TEXT, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$")] = Field(
        description=f"the words, 1 to {MAX_TEXT} characters"
    )
    to: Annotated[list[Id], Field(min_length=1, max_length=32)] | None = Field(
        default=None, description="ids of the agents in earshot who shall hear it; everybody in earshot without it"
    )
    about: Annotated[list[EventRef], Field(max_length=16)] | None = Field(
        default=None, description="ids of witnessed events that are being passed on"
    )


class Wait(Parameters):
    """Let time pass. A present activity goes on; somebody idle stays where they are."""

    ticks: Annotated[int, Field(ge=1, le=1440)] = Field(default=1, description="town minutes, 1 to 1440")


class Work(Parameters):
    """Work at one's job until the shift ends, for wages."""


class Eat(Parameters):
    """Eat something out of the inventory."""

    item: Id | None = Field(default=None, description="id of a carried item that can be eaten; the most filling without it")


class Sleep(Parameters):
    """Sleep at home until rested, or until a time of day."""

    until: Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")] | None = Field(
        default=None, description="local time to wake up, HH:MM"
    )


class Buy(Parameters):
    """Buy from the open shop, café or restaurant one is in."""

    item: Id = Field(description="id of an item on sale here")
    quantity: Annotated[int, Field(ge=1, le=100)] = Field(default=1, description="pieces, 1 to 100")


class Give(Parameters):
    """Hand one item, or an amount of money, to somebody in the same building or within 15 m in the open."""

    to: Id = Field(description="id of an agent close by")
    item: Id | None = Field(default=None, description="id of a carried item; one piece of it")
    amount: Annotated[int, Field(ge=1, le=100_000_000)] | None = Field(default=None, description="cents")

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        if (self.item is None) == (self.amount is None):
            raise ValueError("give either item or amount, not both and not neither")
        return self


class Claim(Parameters):
    """Become the owner of a home or a shop that nobody owns, for its price."""

    building: Id = Field(description="id of the building one stands in")


@dataclass(frozen=True)
class Verb:
    """One verb.

    Attributes:
        name: as in `action`.
        parameters: its model.
        activity: whether it takes time, and so replaces the present activity.
    """

    name: VerbName
    parameters: type[Parameters]
    activity: bool

    @property
    def summary(self) -> str:
        """One sentence for people and models."""
        return (self.parameters.__doc__ or "").strip()

    @cached_property
    def schema(self) -> dict[str, Any]:
        """The parameters as JSON Schema (draft 2020-12), without pydantic's titles."""
        return {**_plain(self.parameters.model_json_schema()), "description": self.summary}


def _plain(schema: Any) -> Any:
    """Drop titles, and fold `anyOf: [X, null]` of an optional field into X: leaving it out is how to omit it."""
    if isinstance(schema, list):
        return [_plain(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {key: _plain(value) for key, value in schema.items() if key != "title" or not isinstance(value, str)}
    options = plain.get("anyOf")
    if isinstance(options, list) and {"type": "null"} in options:
        rest = [option for option in options if option != {"type": "null"}]
        del plain["anyOf"]
        if plain.get("default", ...) is None:
            del plain["default"]
        plain = {**rest[0], **plain} if len(rest) == 1 else {**plain, "anyOf": rest}
    return plain


VERBS: Final[dict[str, Verb]] = {
    verb.name: verb
    for verb in (
        Verb("move_to", MoveTo, activity=True),
        Verb("say", Say, activity=False),
        Verb("wait", Wait, activity=False),
        Verb("work", Work, activity=True),
        Verb("eat", Eat, activity=True),
        Verb("sleep", Sleep, activity=True),
        Verb("buy", Buy, activity=False),
        Verb("give", Give, activity=False),
        Verb("claim", Claim, activity=False),
    )
}
"""All verbs of v1, in the order in which people read them."""
