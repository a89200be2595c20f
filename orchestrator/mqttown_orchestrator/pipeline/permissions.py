"""Stage `permissions`: what the agent's own permissions allow it."""

from mqttown_contract.errors import Code, Refusal
from mqttown_orchestrator.pipeline.arrival import Arrival

__all__ = ["check"]


def check(arrival: Arrival) -> Refusal | None:
    """Refuse a verb that the agent's owner or an operator has not allowed it."""
    verbs = arrival.citizen.allowed_actions
    if verbs is None or arrival.action in verbs:
        return None
    allowed = list(verbs)
    detail = f"{arrival.citizen.id} may not use {arrival.action}; it may use {', '.join(allowed) or 'no action'}"
    return Refusal(Code.NOT_ALLOWED, detail, path="action", allowed=allowed)
