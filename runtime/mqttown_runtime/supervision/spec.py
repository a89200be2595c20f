"""What an owner wants hosted: a person with a built-in mind, or code of their own, and what it may use."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from mqttown_runtime.sandbox.limits import Limits

__all__ = ["Spec"]


class Spec(BaseModel):
    """What a hosted agent is made of; docs/parts.md shows it as JSON."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    persona: dict[str, Any] | None = Field(default=None, description="A person, as in `people` of the compiled town.")
    mind: Literal["routine", "model"] = Field(default="routine", description="Of a person.")
    model: dict[str, Any] = Field(default_factory=dict, description="What a model-driven mind is told.")
    code: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = Field(
        default=None, description="Archive of an owner's own code."
    )
    command: tuple[str, ...] | None = Field(default=None, description="A program of the agents' image, for the operator's own.")
    limits: Limits = Limits()
    config: dict[str, Any] = Field(default_factory=dict, description="Shown to own code as config.json.")

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        given = [name for name in ("persona", "code", "command") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"exactly one of persona and code is needed; this has {' and '.join(given) or 'neither'}")
        if self.persona is not None and not isinstance(self.persona.get("id"), str):
            raise ValueError("persona.id is missing: the agent's id")
        return self
