"""Town time: ticks since the start to local time, weekday and part of the day. One tick is one town minute."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal

__all__ = ["DAY", "WEEK", "Clock", "TimeOfDay", "as_minute", "as_text"]

DAY: Final = 1440
"""Minutes of a day."""
WEEK: Final = 7 * DAY

TimeOfDay = Literal["night", "morning", "noon", "afternoon", "evening"]

_PARTS: Final[tuple[tuple[int, TimeOfDay], ...]] = (
    (5 * 60, "night"), (11 * 60, "morning"), (13 * 60, "noon"), (18 * 60, "afternoon"), (22 * 60, "evening"), (DAY, "night"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Clock:
    """The town's clock. It knows no summer time: a town day has always 1,440 minutes.

    Attributes:
        start: local time at tick 0.
        offset: minutes from Monday 00:00 to the start.
    """

    start: datetime
    offset: int = field(init=False)

    def __post_init__(self) -> None:
        """Count the minutes once; every question needs them."""
        object.__setattr__(self, "offset", self.start.weekday() * DAY + self.start.hour * 60 + self.start.minute)

    def at(self, tick: int) -> datetime:
        """Local time at a tick."""
        return self.start + timedelta(minutes=tick)

    def text(self, tick: int) -> str:
        """Local time in ISO 8601, as `town_time` on the wire."""
        return self.at(tick).isoformat()

    def date(self, tick: int) -> str:
        """Date in ISO 8601."""
        return self.at(tick).date().isoformat()

    def minute_of_week(self, tick: int) -> int:
        """Minutes since Monday 00:00, 0 to 10,079."""
        return (self.offset + tick) % WEEK

    def minute_of_day(self, tick: int) -> int:
        """Minutes since midnight, 0 to 1,439."""
        return self.minute_of_week(tick) % DAY

    def weekday(self, tick: int) -> int:
        """0 Monday to 6 Sunday."""
        return self.minute_of_week(tick) // DAY

    def time_of_day(self, tick: int) -> TimeOfDay:
        """The part of the day, in a word."""
        minute = self.minute_of_day(tick)
        return next(name for end, name in _PARTS if minute < end)

    def until_minute(self, tick: int, minute: int) -> int:
        """Ticks from `tick` to the next time that the clock shows `minute` of the day, 1 to 1,440."""
        return (minute - self.minute_of_day(tick) - 1) % DAY + 1


def as_text(minute: int) -> str:
    """Minutes of the day as `HH:MM`."""
    return f"{minute // 60 % 24:02d}:{minute % 60:02d}"


def as_minute(text: str) -> int:
    """`HH:MM` as minutes of the day."""
    return int(text[:2]) * 60 + int(text[3:])
