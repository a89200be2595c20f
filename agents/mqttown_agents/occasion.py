"""Occasions to which everybody who hears of them is invited: reading them out of news, and deciding whether to come."""

import re
from dataclasses import dataclass
from typing import Final

from mqttown_agents.notebook import Appointment
from mqttown_agents.schedule import DAY, minute_of, shift_now, span_holds
from mqttown_agents.turn import Turn

__all__ = ["Answered", "consider"]

_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_OCCASION: Final = re.compile(
    rf"\b(?:party|feast|concert|dinner) at (?P<place>.+?) on (?P<day>{'|'.join(_DAYS)}) at (?P<time>\d\d:\d\d)\b"
)
_INCLINED: Final = 100
"""Permille of those without any sociability or warmth who come all the same."""
_CLASH: Final = 60
"""Town minutes between two appointments that can both be kept."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What somebody has decided on an occasion.

    Attributes:
        coming: whether they mean to come.
        reason: why, or why not, in a few words.
        heard_from: agent id; one's own for the host.
        tick: when it was decided.
    """

    coming: bool
    reason: str
    heard_from: str
    tick: int


def consider(turn: Turn, text: str, heard_from: str) -> None:
    """Decide on an occasion that news tells of, once; note the appointment if one means to come."""
    found = _OCCASION.search(text)
    if found is None or text in turn.notebook.occasions:
        return
    place = turn.notebook.atlas.named(found["place"]) or next(
        (haunt.id for haunt in turn.haunts if haunt.name == found["place"]), None
    )
    weekday, minute = _DAYS.index(found["day"]), minute_of(found["time"])
    tick = turn.now.tick + ((weekday - turn.now.weekday) % 7) * DAY + minute - turn.now.minute
    host = heard_from == turn.persona.id
    why_not = _why_not(turn, place, weekday, minute, tick)
    if not host and why_not is None and not _inclined(turn, heard_from, text):
        why_not = "no wish to go"
    if why_not is None and place is not None:
        turn.notebook.appointments.append(Appointment(place, tick, heard_from))
    reason = why_not or ("the host" if host else "would like to come")
    turn.notebook.occasions[text] = Answered(why_not is None, reason, heard_from, turn.now.tick)


def _why_not(turn: Turn, place: str | None, weekday: int, minute: int, tick: int) -> str | None:
    persona, job = turn.persona, turn.now.job
    if place is None:
        return "does not know the place"
    if tick <= turn.now.tick:
        return "heard of it too late"
    if job is not None and job["building"] != place and shift_now(job, weekday, minute, 0)[0]:
        return f"works then as {job['title']}"
    if span_holds(persona.sleeps, persona.wakes, minute):
        return "is in bed by then"
    if any(abs(meeting.tick - tick) < _CLASH for meeting in turn.notebook.appointments):
        return "meets somebody else then"
    return None


def _inclined(turn: Turn, heard_from: str, text: str) -> bool:
    """The sociable, and those whom a warm friend tells of it, are more inclined."""
    wish = _INCLINED + turn.persona.sociable // 2 + turn.persona.warmth(heard_from) // 3
    return turn.luck.chance(wish, "occasion", text)
