"""Stage `quarantine`: an agent that is held until an operator has looked at it."""

from typing import Final

from mqttown_contract.errors import Code, Refusal
from mqttown_orchestrator.pipeline.arrival import Arrival

__all__ = ["check"]

_RETRY: Final = 60.0
"""Seconds; an operator is no faster."""


def check(arrival: Arrival) -> Refusal | None:
    """Refuse everything of an agent in quarantine."""
    why = arrival.citizen.quarantined
    if why is None:
        return None
    return Refusal(Code.QUARANTINED, f"held until an operator has looked at it: {why}", retry_after=_RETRY)
