"""Stage `duplicate`: the same id, the same verdict, one effect."""

from mqttown_orchestrator.pipeline.arrival import Arrival
from mqttown_orchestrator.world.decided import Decision, recall
from mqttown_orchestrator.world.state import State

__all__ = ["decided", "is_undecided"]


def is_undecided(arrival: Arrival) -> bool:
    """Say whether the same id waits for its verdict already; then one verdict will answer both."""
    return arrival.id in arrival.citizen.undecided


def decided(arrival: Arrival, state: State) -> Decision | None:
    """The verdict that this id has got before, within the window of the state.

    An id that the running tick decides is still undecided at the door until its verdict is durable and told.
    """
    body = state.bodies.get(arrival.citizen.id)
    return None if body is None or arrival.id is None else recall(body, arrival.id)
