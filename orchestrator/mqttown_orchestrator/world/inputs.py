"""What comes into the world at a tick: actions of agents, and what the town itself decides about them."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from mqttown_contract.errors import Code, Refusal

__all__ = ["ActionInput", "Input", "TownInput", "TownKind", "from_json"]

TownKind = Literal["register", "revoke", "came", "left", "claim_for", "intervene"]


@dataclass(frozen=True, slots=True)
class ActionInput:
    """An action that is to be judged.

    Attributes:
        cause: id of the observation it answers, as the agent says.
        refusal: why the pipeline has refused it already, with a remembered code.
        expires_tick: the last tick at which it may be judged.
    """

    agent: str
    id: str
    verb: str
    parameters: dict[str, Any]
    cause: str | None = None
    refusal: Refusal | None = None
    expires_tick: int | None = None

    def to_json(self) -> dict[str, Any]:
        """As a plain mapping; `from_json` reads it."""
        return {
            "input": "action", "agent": self.agent, "id": self.id, "verb": self.verb, "parameters": self.parameters,
            "cause": self.cause, "refusal": None if self.refusal is None else asdict(self.refusal),
            "expires_tick": self.expires_tick,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class TownInput:
    """A decision of the town about one agent.

    Attributes:
        kind: `register` gives a body (data: `name`, `district`, and if known `home`, `job`, `kind`, `purse` in cents);
            `revoke` takes it; `came` and `left` say whether somebody drives it; `claim_for` buys a building for it
            (data: `building`); `intervene` is an experimenter's (data: `kind` of `interventions.py` and what that needs;
            the agent says who it is).
    """

    kind: TownKind
    agent: str
    data: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As a plain mapping; `from_json` reads it."""
        return {"input": "town", **asdict(self)}


Input = ActionInput | TownInput


def from_json(plain: dict[str, Any]) -> Input:
    """Read what `to_json` made.

    Raises:
        KeyError, TypeError: it is no input.
    """
    values = {name: value for name, value in plain.items() if name != "input"}
    if plain["input"] == "town":
        return TownInput(**values)
    refusal = values.get("refusal")
    if refusal is not None:
        values["refusal"] = Refusal(**{**refusal, "code": Code(refusal["code"])})
    return ActionInput(**values)
