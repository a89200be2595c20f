"""How often an address may ask, also when the clock is set back."""

import time

import pytest

from mqttown_dashboard.problems import ProblemError
from mqttown_dashboard.throttle import Throttle


def test_a_clock_that_is_set_back_locks_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000_000.0
    monkeypatch.setattr(time, "time", lambda: now)
    throttle = Throttle(requests_per_minute=3, sign_ins_per_minute=2, sign_ups_per_hour=1)
    assert [throttle.request("here") is None for _ in range(4)] == [True, True, True, False]
    for _ in range(2):
        throttle.sign_in("here", "anna")
    with pytest.raises(ProblemError):
        throttle.sign_in("here", "anna")
    now -= 0.5
    assert throttle.request("here") is not None, "a small correction frees nobody"
    now -= 86_400
    assert throttle.request("here") is None, "not for a day"
    throttle.sign_in("here", "anna")
