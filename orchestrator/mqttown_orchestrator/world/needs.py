"""Energy, food and company: how they change, and when they become pressing."""

from typing import Final

from mqttown_orchestrator.world.state import NEVER, Body, Need, State

__all__ = [
    "ASLEEP_AT_HOME",
    "ASLEEP_ELSEWHERE",
    "AWAKE",
    "FULL",
    "HEARD",
    "SPOKE",
    "THRESHOLDS",
    "crossing",
    "fresh",
    "level",
    "next_crossing",
    "pace",
    "restore",
    "ticks_to_full",
]  # fmt: skip

FULL: Final = 1000
"""Permille of a need that is met."""
THRESHOLDS: Final = (300, 100, 0)
"""Falling to one of these is felt."""
_HOUR: Final = 60

AWAKE: Final = {"energy": -50, "food": -50, "company": -40}
"""Permille an hour. Sixteen hours awake cost 800 permille of energy, which eight hours in one's bed restore; a day costs
960 of food, which is three good meals."""
ASLEEP_AT_HOME: Final = {"energy": 100, "food": -20, "company": -10}
ASLEEP_ELSEWHERE: Final = {"energy": 60, "food": -20, "company": -10}

SPOKE: Final = 20
"""Permille of company from speaking to somebody."""
HEARD: Final = 30
"""Permille of company from words heard."""


def fresh(tick: int, energy: int = 900, food: int = 700, company: int = 700) -> dict[str, Need]:
    """Needs of somebody who begins at `tick`."""
    values = {"energy": energy, "food": food, "company": company}
    return {name: Need(value, tick, AWAKE[name]) for name, value in values.items()}


def level(need: Need, tick: int) -> int:
    """Permille at a tick, 0 to 1000."""
    if need.rate < 0:
        return max(0, need.value - (-need.rate * (tick - need.since)) // _HOUR)
    return min(FULL, need.value + need.rate * (tick - need.since) // _HOUR)


def pace(state: State, body: Body, rates: dict[str, int]) -> None:
    """Let the needs change at other rates from now on."""
    for name, need in body.needs.items():
        if need.rate != rates[name]:
            need.value, need.since, need.rate = level(need, state.tick), state.tick, rates[name]
            state.wake_by(body, crossing(need, state.tick))


def restore(state: State, body: Body, name: str, amount: int) -> None:
    """Add permille to a need, up to full."""
    need = body.needs[name]
    if amount > 0 and (need.value, need.since) != (FULL, state.tick):  # in a crowd one hears many words at once
        need.value, need.since = min(FULL, level(need, state.tick) + amount), state.tick
        state.wake_by(body, crossing(need, state.tick))


def ticks_to_full(need: Need, rate: int, tick: int) -> int:
    """Ticks until a need is full at a rising rate, permille an hour."""
    return -(-(FULL - level(need, tick)) * _HOUR // rate)


def crossing(need: Need, tick: int) -> int:
    """The next tick after `tick` at which a need falls to a threshold; `NEVER` if it doesn't."""
    if need.rate < 0:
        now = level(need, tick)
        for threshold in THRESHOLDS:
            if now > threshold:
                return need.since - (need.value - threshold) * _HOUR // need.rate
    return NEVER


def next_crossing(body: Body, tick: int) -> int:
    """The next tick after `tick` at which any need falls to a threshold."""
    return min(crossing(need, tick) for need in body.needs.values())
