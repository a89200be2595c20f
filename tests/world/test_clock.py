"""Town time."""

from datetime import datetime

import pytest

from mqttown_orchestrator.world.clock import DAY, Clock, as_minute, as_text

CLOCK = Clock(datetime.fromisoformat("2026-03-02T06:00:00"))


def test_a_tick_is_a_minute() -> None:
    assert CLOCK.text(0) == "2026-03-02T06:00:00"
    assert CLOCK.text(18 * 60) == "2026-03-03T00:00:00"
    assert CLOCK.date(DAY) == "2026-03-03"


def test_the_week_turns() -> None:
    assert CLOCK.weekday(0) == 0
    assert CLOCK.weekday(18 * 60) == 1
    assert CLOCK.minute_of_week(7 * DAY) == CLOCK.minute_of_week(0) == 360


@pytest.mark.parametrize(
    ("minute", "part"), [(0, "night"), (300, "morning"), (660, "noon"), (780, "afternoon"), (1080, "evening"), (1320, "night")]
)
def test_parts_of_the_day(minute: int, part: str) -> None:
    assert CLOCK.time_of_day((minute - 360) % DAY) == part


def test_until_a_minute_is_always_ahead() -> None:
    assert CLOCK.until_minute(0, 361) == 1
    assert CLOCK.until_minute(0, 360) == DAY


def test_times_as_text() -> None:
    assert as_text(as_minute("07:05")) == "07:05"
