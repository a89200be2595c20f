"""What one agent may do beyond what the rules of the world allow: the seed format of permissions.

Without permissions an agent may do everything. They are set at registration, and changed by the command `permit`; the
town holds them, whatever a mind decides.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from mqttown_contract.verbs import VerbName

__all__ = ["Permissions", "Spending"]

Cents = Annotated[int, Field(ge=0, le=100_000_000_000)]


class Spending(BaseModel):
    """What an agent may pay by its own actions (`buy`, `give`, `claim`), in cents; no limit where nothing is said."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    per_action: Cents | None = Field(default=None, description="cents, in one action")
    per_day: Cents | None = Field(default=None, description="cents, in one town day")
    per_counterparty: Cents | None = Field(default=None, description="cents, in one town day to the same agent, place or treasury")


class Permissions(BaseModel):
    """What one agent may do; no limit where nothing is said."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    allowed_actions: list[VerbName] | None = Field(default=None, description="verbs that it may use; all without it")
    max_actions_per_hour: Annotated[int, Field(ge=0, le=1_000_000, strict=True)] | None = Field(
        default=None, description="actions that the town takes up in any 60 minutes of real time"
    )
    spending: Spending = Field(default=Spending(), description="limits of spending")

    @property
    def unlimited(self) -> bool:
        """Whether nothing is counted: only verbs are named, or nothing at all."""
        return self.max_actions_per_hour is None and self.spending == Spending()
