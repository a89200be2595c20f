"""Going to work in time, and working the shift."""

from typing import Final

from mqttown_agents.schedule import shift_now
from mqttown_agents.turn import Choice, Turn

__all__ = ["way_minutes", "work"]

_UNKNOWN_WAY_MINUTES: Final = 25
_METRES_A_MINUTE: Final = 60
_SPARE_MINUTES: Final = 5
_LOOK_AGAIN_MINUTES: Final = 10


def way_minutes(turn: Turn, building: str) -> int:
    """How long before a shift one sets out, straight distance and detours considered."""
    metres = turn.notebook.atlas.metres_to(building)
    return _UNKNOWN_WAY_MINUTES if metres is None else metres // _METRES_A_MINUTE + _SPARE_MINUTES


def work(turn: Turn) -> Choice | None:
    """Be at work when the shift begins, and work."""
    job, now = turn.now.job, turn.now
    if job is None or now.busy:
        return None
    due, ahead = shift_now(job, now.weekday, now.minute, way_minutes(turn, job["building"]))
    if not due:
        return None
    if now.building != job["building"]:
        return turn.walk_to(job["building"], f"My shift as {job['title']} is near.")
    if now.can("work"):
        return turn.attempt("work", job["id"], {}, f"I work here as {job['title']}.")
    return Choice("wait", {"ticks": min(ahead, _LOOK_AGAIN_MINUTES)}, "I am early for my shift.")
