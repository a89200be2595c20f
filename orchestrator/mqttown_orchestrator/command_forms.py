"""What each command of a service takes: the model of its parameters."""

from typing import Annotated, Any, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from mqttown_contract.permissions import Permissions
from mqttown_contract.types import Id, Text
from mqttown_contract.verbs import Claim

__all__ = [
    "FORMS",
    "ActFor",
    "Budget",
    "ClearFlag",
    "Form",
    "Key",
    "PassHeld",
    "Permit",
    "Quarantine",
    "RefuseHeld",
    "Register",
    "Release",
    "Revoke",
    "Speed",
    "Step",
]

KeyHash = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
MosquittoHash = Annotated[str, StringConstraints(pattern=r"^\$7\$[0-9]{1,7}\$[A-Za-z0-9+/=]{4,64}\$[A-Za-z0-9+/=]{88}$")]
"""The same key for Mosquitto, which knows its own hash alone (docs/adr/0006)."""
PlanName = Literal["external", "plus", "hosted", "load"]


class Form(BaseModel):
    """Parameters of a command. A field that the command does not know is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Register(Form):
    """Give a new agent a body and a first key."""

    agent: Id
    name: Annotated[Text, Field(min_length=1, max_length=80)]
    district: Id | None = None
    home: Id | None = None
    job: Id | None = None
    kind: Literal["hosted", "external"]
    owner: Annotated[Text, Field(max_length=80)] | None = None
    tagline: Annotated[Text, Field(max_length=280)] | None = None
    plan: PlanName | None = None
    placement: Annotated[str, StringConstraints(pattern=r"^host-[0-9]{1,4}$")] | None = None
    key_hash: KeyHash
    mosquitto_hash: MosquittoHash | None = None
    tag: Id | None = None
    purse: Annotated[int, Field(ge=0, le=1_000_000_000)] | None = None
    """Cents to begin with; as everybody else without it."""
    permissions: Permissions = Permissions()


class Key(Form):
    """Give an agent a further key, or change one."""

    agent: Id
    tag: Id | Literal[""]
    key_hash: KeyHash
    mosquitto_hash: MosquittoHash | None = None
    scope: Literal["full", "listen", "speak"] = "full"
    expires: AwareDatetime | None = None


class Revoke(Form):
    """Take back one key of an agent; without a tag all its keys, and its body."""

    agent: Id
    tag: Id | Literal[""] | None = None


class Step(Form):
    """Pause, and make so many ticks."""

    ticks: Annotated[int, Field(ge=1, le=100_000)] = 1


class Speed(Form):
    """Change the speed: town seconds a real second, 0 as fast as the machine allows."""

    speed: Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]


class ActFor(Form):
    """Let an agent's owner act for it; today that is `claim`."""

    agent: Id
    action: Literal["claim"]
    parameters: Claim


class Intervene(Form):
    """Change the town from outside, as an experimenter: one of the world's interventions, and what it needs."""

    kind: Annotated[str, Field(min_length=1, max_length=40)]
    data: dict[str, Any] = Field(default={}, max_length=20)


class Quarantine(Form):
    """Hold an agent until an operator has looked at it."""

    agent: Id
    why: Annotated[Text, Field(min_length=1, max_length=500)]


class Release(Form):
    """Let an agent out of quarantine."""

    agent: Id


class Budget(Form):
    """Tell an agent of its budget for thinking, and show whether it sleeps for want of one."""

    agent: Id
    text: Annotated[Text, Field(min_length=1, max_length=500)]
    asleep: bool | None = None


class Permit(Permissions, Form):
    """Say what an agent may do, in place of what was said before; without any limit it may do everything."""

    agent: Id

    @property
    def permissions(self) -> Permissions:
        """Without the agent."""
        return Permissions.model_validate(self.model_dump(exclude={"agent"}))


class PassHeld(Form):
    """Let held words come into the world."""

    id: Annotated[int, Field(ge=1)]


class RefuseHeld(PassHeld):
    """Let held words be unsaid."""


class ClearFlag(Form):
    """Say that a flag has been looked at."""

    id: Annotated[int, Field(ge=1)]


FORMS: Final[dict[str, type[Form]]] = {
    "register": Register,
    "key": Key,
    "revoke": Revoke,
    "pause": Form,
    "resume": Form,
    "step": Step,
    "speed": Speed,
    "act_for": ActFor,
    "intervene": Intervene,
    "budget": Budget,
    "quarantine": Quarantine,
    "release": Release,
    "permit": Permit,
    "pass_held": PassHeld,
    "refuse_held": RefuseHeld,
    "clear_flag": ClearFlag,
    "stop": Form,
}
