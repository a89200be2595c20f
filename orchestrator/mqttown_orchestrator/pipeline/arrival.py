"""An action on its way through the pipeline."""

from dataclasses import dataclass, field
from typing import Any

from mqttown_orchestrator.citizens import Citizen

__all__ = ["Arrival"]


@dataclass(slots=True)
class Arrival:
    """What has come from an agent; the stages fill it in.

    Attributes:
        citizen: whose `out/action` it came on; the broker vouches for that.
        payload: as it came.
        at: monotonic seconds.
        id: the agent's id of the action, as far as it can be read.
    """

    citizen: Citizen
    payload: bytes
    at: float
    id: str | None = None
    action: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    observation_id: str | None = None
    expires_tick: int | None = None
    reasoning: str | None = None
    traceparent: str | None = None
