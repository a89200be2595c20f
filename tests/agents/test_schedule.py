"""Spans, shifts and nights."""

import pytest

from mqttown_agents.schedule import clock_text, minute_of, shift_now, span_holds, until

NIGHT_SHIFT = {"shift": {"from": "22:00", "to": "06:00"}, "days": [0]}
DAY_SHIFT = {"shift": {"from": "09:00", "to": "17:00"}, "days": [0, 1]}


@pytest.mark.parametrize(
    ("begin", "end", "minute", "holds"), [(60, 120, 60, True), (60, 120, 120, False), (1380, 60, 0, True), (1380, 60, 60, False)]
)
def test_a_span_may_cross_midnight(begin: int, end: int, minute: int, holds: bool) -> None:
    assert span_holds(begin, end, minute) is holds


def test_clock_texts_and_minutes_match() -> None:
    assert minute_of(clock_text(1439)) == 1439
    assert clock_text(1440) == "00:00"
    assert until(1400, 20) == 60


@pytest.mark.parametrize(
    ("job", "weekday", "minute", "due"),
    [
        (DAY_SHIFT, 0, 540, (True, 0)),
        (DAY_SHIFT, 0, 530, (True, 10)),
        (DAY_SHIFT, 0, 400, (False, 140)),
        (DAY_SHIFT, 5, 540, (False, 0)),
        (NIGHT_SHIFT, 0, 1400, (True, 0)),
        (NIGHT_SHIFT, 1, 60, (True, 0)),
        (NIGHT_SHIFT, 0, 60, (False, 0)),
    ],
)
def test_a_shift_belongs_to_the_day_on_which_it_begins(
    job: dict[str, object], weekday: int, minute: int, due: tuple[bool, int]
) -> None:
    assert shift_now(job, weekday, minute, early=20) == due
