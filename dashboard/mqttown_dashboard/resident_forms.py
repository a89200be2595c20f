"""What owners send about their hosted residents, and what they are answered."""

from datetime import date, datetime
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from mqttown_contract.permissions import Permissions
from mqttown_contract.persona import Budget, Mind, Persona, Placement, Resident
from mqttown_contract.types import Id, Text
from mqttown_dashboard.forms import Form

__all__ = [
    "EXAMPLE",
    "ArchiveView",
    "Change",
    "Command",
    "Diff",
    "DiffLine",
    "Duplicate",
    "Farewell",
    "LogView",
    "Milestones",
    "NewResident",
    "PresetView",
    "PreviewForm",
    "PreviewView",
    "ResidentView",
    "SpentView",
    "Status",
    "SurpriseView",
    "TalkForm",
    "ThoughtView",
    "UsageDay",
    "UsageView",
    "VersionView",
]

EXAMPLE: Final[dict[str, Any]] = {
    "id": "mira",
    "name": "Mira Halonen",
    "tagline": "Counts the trams.",
    "story": "Mira came for the trams and stayed for the people in them.",
    "goals": ["ride every line to its end"],
}
Status = Literal[
    "starting", "running", "asleep", "silent", "thoughtless", "paused", "waiting", "parked", "suspended", "leaving", "needs_code",
    "lost",
]  # fmt: skip
STATUSES: Final = (
    "starting: on its way · running · asleep: its budget is spent · silent: the town does not hear it · thoughtless: it has not "
    "acted for ten minutes · paused · waiting: it ended, and is started again · parked: it ended too often; restart it · "
    "suspended: held by the town · leaving · needs_code: send its program · lost: the runtime does not know it; restart it"
)


class NewResident(Resident):
    """A new hosted resident; id and name are enough."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, populate_by_name=True,
        json_schema_extra={"examples": [EXAMPLE, EXAMPLE | {"mind": {"kind": "model"}, "budget": {"day_money": 200000}}]},
    )  # fmt: skip


class Change(Form):
    """What an owner changes; what is left out stays. Another persona or mind makes a version."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"mind": {"kind": "routine"}, "note": "too dear"}]})

    persona: Persona | None = Field(default=None, description="all of it; name and tagline must stay as they are")
    mind: Mind | None = None
    placement: Placement | None = None
    permissions: Permissions | None = None
    budget: Budget | None = None
    no_budget: bool = Field(default=False, description="take the budget away: only models that are free")
    note: Annotated[Text, Field(max_length=200)] | None = Field(default=None, description="why, for the list of versions")


class Command(Form):
    """What shall be done with a resident."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"command": "pause"}]})

    command: Literal["start", "pause", "resume", "restart"] = Field(
        description="pause stops spending at once; start and resume are the same; restart also mends who is parked or lost"
    )


class Duplicate(Form):
    """Another resident like this one."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"id": "mira-2", "name": "Mira Saarinen", "mind": {"kind": "routine"}}]}
    )

    id: Id
    name: Annotated[Text, Field(min_length=1, max_length=80)]
    mind: Mind | None = Field(default=None, description="instead of the first one's, to compare")


class SpentView(BaseModel):
    """What was spent today (UTC), and ever."""

    money_today: int = Field(description="millionths of a unit")
    tokens_today: int
    money_total: int = Field(description="millionths of a unit")
    tokens_total: int


class Milestones(BaseModel):
    """Ticks of what a new resident does for the first time; null until then."""

    arrived: int | None
    first_thought: int | None = Field(description="its first judged action")
    first_talk: int | None


class ResidentView(BaseModel):
    """A hosted resident, as its owner sees it."""

    id: Id
    name: str
    owner: str = Field(description="account")
    status: Status = Field(description=STATUSES)
    reason: str | None = Field(description="why, where the status needs a word")
    since: datetime | None = Field(description="of what the runtime observed last")
    starts: int = Field(description="of its container")
    next_start: datetime | None
    thought_tick: int | None = Field(description="when it last acted")
    version: int = Field(description="of persona and mind")
    created: datetime
    code: str | None = Field(description="id of its program's archive")
    resident: Resident = Field(description="as it is in force; also the form of export and import")
    spent: SpentView
    milestones: Milestones | None = Field(default=None, description="of one resident alone, not in lists")


class VersionView(BaseModel):
    """One version of a persona and its mind."""

    version: int
    made: datetime
    by: str
    note: str | None
    current: bool
    persona: dict[str, Any] = Field(description="with `mind`")


class DiffLine(BaseModel):
    """One field that differs."""

    path: str = Field(description="like `traits.sociable`")
    before: Any
    after: Any


class Diff(BaseModel):
    """What differs between two versions."""

    from_version: int
    to_version: int
    changes: list[DiffLine]


class Farewell(BaseModel):
    """What a deletion takes, and what it leaves."""

    goes: list[str]
    stays: list[str]


class LogView(BaseModel):
    """The end of what a resident's program wrote."""

    text: str = Field(description="at most 8 KiB; a mind of the town's own writes nothing")


class UsageDay(BaseModel):
    """One day of UTC."""

    day: date
    calls: int
    tokens_in: int
    tokens_out: int
    money: int = Field(description="millionths of a unit")


class UsageView(BaseModel):
    """What was spent on thinking."""

    budget: Budget | None
    paused: bool
    money_today: int = Field(description="millionths of a unit")
    tokens_today: int
    money_total: int
    tokens_total: int
    days: list[UsageDay] = Field(description="of the last 30 days those with calls, the newest first")
    models: dict[str, int] = Field(description="calls of the last 30 days by model")


class ThoughtView(BaseModel):
    """What a resident had in mind when it acted."""

    number: int
    tick: int = Field(description="town time when it acted")
    action_id: str
    action: str
    reasoning: str | None
    memories: list[dict[str, Any]] = Field(description="that came to its mind, with score and its parts")
    model: str | None = Field(description="that it asked; null if none")


class TalkForm(Form):
    """Words to one's own resident."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"text": "What did you do today?"}]})

    text: Annotated[Text, Field(min_length=1, max_length=1000)]


class PresetView(BaseModel):
    """Somebody of the town, to begin with."""

    id: Id
    persona: Persona


class SurpriseView(BaseModel):
    """Somebody made of several people of the town."""

    seed: int = Field(description="give it back for the same person")
    persona: Persona


class PreviewForm(Form):
    """A persona in the making."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"persona": {"name": "Mira Halonen", "tagline": "Counts the trams."}}]}
    )

    persona: Persona
    mind: Mind = Mind()


class PreviewView(BaseModel):
    """How somebody would begin."""

    text: str


class ArchiveView(BaseModel):
    """A program that was sent."""

    id: str = Field(description="SHA-256 of it")
    name: str
    state: Literal["new", "ready", "refused"] = Field(description="`new` until it is built")
    reason: str | None
