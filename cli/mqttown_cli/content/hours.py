"""Times of day and days of the week as people write them, in minutes and numbers."""

from typing import Final

__all__ = ["DAY", "days", "minute", "span"]

DAY: Final = 1440
"""Minutes of a day."""
_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def minute(text: str) -> int:
    """Turn `HH:MM` into the minute of the day."""
    return int(text[:2]) * 60 + int(text[3:])


def days(text: str) -> list[int]:
    """Turn `daily`, `mon-fri` or `tue-fri, sun` into sorted numbers, 0 for Monday. `sat-mon` goes over the weekend."""
    if text == "daily":
        return list(range(7))
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        begin = _DAYS.index(first)
        length = (_DAYS.index(last or first) - begin) % 7
        found.update((begin + step) % 7 for step in range(length + 1))
    return sorted(found)


def span(begins: str, ends: str) -> tuple[int, int]:
    """Return minutes of begin and end, the end past 1440 if it is at or before the begin."""
    begin, end = minute(begins), minute(ends)
    return begin, end if end > begin else end + DAY
