"""Stage `identity`: who speaks. The broker vouches for the topic; here it must be a citizen's own."""

from mqttown_orchestrator.citizens import Citizen, Citizens

__all__ = ["speaker"]


def speaker(citizens: Citizens, district: str, agent: str) -> Citizen | None:
    """The citizen whose `out/` this is, or None: a stranger there gets no answer, since nobody is there to hear it."""
    citizen = citizens.get(agent)
    return citizen if citizen is not None and citizen.home_district == district else None
