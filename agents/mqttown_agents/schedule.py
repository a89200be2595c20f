"""Times of the day: spans that may cross midnight, shifts, nights, and how long until the next thing begins."""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any, Final

__all__ = ["DAY", "MEALS", "clock_text", "minute_of", "shift_now", "span_holds", "until", "weekday_of"]

DAY: Final = 1440
"""Minutes."""
MEALS: Final = ((390, 570), (675, 825), (1035, 1185))
"""When people eat even if they are only a little hungry: breakfast, lunch, dinner; minutes of the day."""


def minute_of(clock: str) -> int:
    """Minutes of the day of `HH:MM`, or of an ISO time from its `HH:MM` on."""
    return int(clock[0:2]) * 60 + int(clock[3:5])


def clock_text(minute: int) -> str:
    """`HH:MM` of a minute of the day."""
    minute %= DAY
    return f"{minute // 60:02}:{minute % 60:02}"


@lru_cache(maxsize=64)
def weekday_of(iso_date: str) -> int:
    """0 Monday to 6 Sunday of `YYYY-MM-DD`."""
    return date.fromisoformat(iso_date).weekday()


def span_holds(begin: int, end: int, minute: int) -> bool:
    """Whether `minute` lies in [begin, end), which crosses midnight if `end` is not after `begin`."""
    if begin < end:
        return begin <= minute < end
    return minute >= begin or minute < end


def until(minute: int, goal: int) -> int:
    """Minutes from one minute of the day to the next time it is the other, 0 to 1439."""
    return (goal - minute) % DAY


def shift_now(job: Mapping[str, Any], weekday: int, minute: int, early: int) -> tuple[bool, int]:
    """Whether one should be at work or on the way there.

    Args:
        job: as in an observation: `shift` with `from` and `to`, and `days`.
        weekday: of today, 0 Monday to 6 Sunday.
        minute: of the day.
        early: minutes before the shift at which one sets out.

    Returns:
        Whether that is so, and the minutes until the shift begins (0 within it).
    """
    begin, end = minute_of(job["shift"]["from"]), minute_of(job["shift"]["to"])
    days = job["days"]
    if span_holds(begin, end, minute):
        # Past midnight the shift is that of the day before.
        began_on = weekday if begin <= minute else (weekday - 1) % 7
        return began_on in days, 0
    ahead = until(minute, begin)
    begins_on = weekday if minute < begin else (weekday + 1) % 7
    return ahead <= early and begins_on in days, ahead
