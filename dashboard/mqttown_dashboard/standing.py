"""How a resident stands: in one word, and what would go with it and stay after it."""

from mqttown_dashboard.hosting import Running
from mqttown_dashboard.resident_forms import Farewell, Status
from mqttown_dashboard.residents import Kept

__all__ = ["farewell", "status"]


def status(now: Kept, running: Running | None, presence: str) -> tuple[Status, str | None]:
    """How a resident does in one word, and why.

    Args:
        now: as its owner has made it.
        running: what the runtime says; None if it does not know it.
        presence: what the town says.
    """
    if running is None and now.resident.mind.kind == "code" and now.code is None:
        return "needs_code", "It has no program yet."
    if running is None:
        return "lost", "The runtime does not know it; restart mends that."
    runs = running.observed == "running"
    # What comes first explains what comes after it.
    cases: tuple[tuple[bool, Status, str | None], ...] = (
        (running.desired == "deleted", "leaving", None),
        (running.observed == "parked", "parked", running.reason),
        (running.desired == "paused", "paused", None),
        (presence == "suspended", "suspended", "The town holds it until an operator has looked at it."),
        (running.observed == "waiting", "waiting", running.reason),
        (presence == "asleep", "asleep", "Its budget is spent."),
        (runs and running.health == "silent", "silent", "The town does not hear it."),
        (runs and running.health == "thoughtless", "thoughtless", "It is there, but has not acted for ten minutes."),
        (runs and presence == "online", "running", None),
        (True, "starting", running.reason),
    )
    return next((word, why) for holds, word, why in cases if holds)


def farewell(now: Kept) -> Farewell:
    """What a deletion takes, and what it leaves."""
    goes = [
        f"the resident {now.resident.name}: its body in the town, its keys, and what it owned, which is nobody's again",
        "its purse, which falls to the town's treasury",
        f"its persona with all its versions ({now.version}), its permissions and its budget",
        "its own memories: what it has witnessed, noted and concluded",
        "its last thoughts, and its place in the runtime",
    ]
    if now.resident.placed == "docker":
        goes.append("its container with all that it wrote there, and its log")
    if now.code is not None:
        goes.append("its program, within a day")
    stays = [
        f"the name {now.resident.id}, which nobody gets again",
        "what happened: its actions and words in the town's journal, and what others remember of it",
        "the account of what its thinking has cost, without a word of what it thought",
        "the town's audit log, and backups that its operator has made before",
    ]
    return Farewell(goes=goes, stays=stays)
