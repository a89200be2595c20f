"""What an agent may do within an hour, also when the clock is set back."""

from types import SimpleNamespace
from typing import Any

from mqttown_contract.permissions import Permissions
from mqttown_orchestrator.allowance import HOUR, Allowance


def test_a_clock_that_is_set_back_keeps_nobody_waiting_for_more_than_an_hour() -> None:
    now = 1_000_000.0
    clock = SimpleNamespace(offset=0)
    town: Any = SimpleNamespace(tick=0, plan=SimpleNamespace(clock=clock), state=SimpleNamespace(bodies={}))
    allowance = Allowance(town, lambda: None, lambda: now)
    mira: Any = SimpleNamespace(id="mira", permissions=Permissions(max_actions_per_hour=2))
    action: Any = SimpleNamespace()
    assert [allowance.refuse(mira, action, 1) is None for _ in range(3)] == [True, True, False]
    now -= 86_400
    refused = allowance.refuse(mira, action, 1)
    assert refused is not None
    assert refused.retry_after is not None
    assert refused.retry_after <= HOUR + 1
    assert refused.detail.startswith("mira may do 2 actions an hour"), "the limit in words"
    now += HOUR
    assert allowance.refuse(mira, action, 1) is None
