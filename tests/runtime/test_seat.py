"""What one seat keeps track of: numbers, gaps, generations."""

from typing import Any

import pytest

from mqttown_agents.population import routine_minds
from mqttown_runtime.seat import GAP_SECONDS, RESEND_SECONDS, Seat


@pytest.fixture
def seat(tiny_town: Any) -> Seat:
    return Seat("tiny", "ranta", "aino", routine_minds(tiny_town, 1)["aino"], "s1")


def told(seq: int, generation: int = 1) -> dict[str, int]:
    return {"seq": seq, "generation": generation}


def test_a_hello_asks_for_what_was_missed(seat: Seat) -> None:
    seat.tick = 77
    assert seat.hello(lockstep=True, now=1.0) == {"session": "s1", "detail": "brief", "since_tick": 77, "lockstep": True}


def test_a_missing_number_is_a_gap_only_after_a_second(seat: Seat) -> None:
    for number in (1, 2, 4):
        seat.count(told(number), now=10.0)
    assert not seat.lost_something(10.0 + GAP_SECONDS / 2)
    assert seat.lost_something(10.1 + GAP_SECONDS)


def test_a_number_that_comes_late_closes_the_gap(seat: Seat) -> None:
    for number in (1, 3, 2):
        seat.count(told(number), now=10.0)
    assert not seat.lost_something(100.0)


def test_numbers_begin_anew_with_a_hello(seat: Seat) -> None:
    for number in (1, 3, 1, 2):
        seat.count(told(number), now=10.0)
    assert not seat.lost_something(100.0)


def test_a_new_generation_calls_for_a_hello_unless_it_answers_one(seat: Seat) -> None:
    assert not seat.count(told(1), now=1.0)
    assert seat.count(told(2, generation=2), now=1.0)
    assert not seat.count(told(1, generation=3), now=1.0)


def test_a_hello_without_an_answer_is_said_again(seat: Seat) -> None:
    seat.hello(lockstep=False, now=5.0)
    assert not seat.lost_something(5.0 + RESEND_SECONDS / 2)
    assert seat.lost_something(5.1 + RESEND_SECONDS)
