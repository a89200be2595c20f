"""Budgets: reserved before, exact after, never over a cap whatever comes at once."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mqttown_runtime.gateway.budget import Budgets, Caps, Exhausted, Holder

MIRA, OTTO, ANNA = Holder("agent", "mira"), Holder("agent", "otto"), Holder("owner", "anna")


def test_who_was_given_nothing_spends_nothing_but_may_use_what_is_free() -> None:
    budgets = Budgets()
    budgets.settle(budgets.reserve((MIRA,), 0, 5000), 0, 900)
    assert budgets.spent(MIRA, "total").tokens == 900
    with pytest.raises(Exhausted, match="may spend 0 money in total"):
        budgets.reserve((MIRA,), 1, 10)


def test_a_call_counts_for_the_agent_and_its_owner() -> None:
    budgets = Budgets()
    budgets.allow(MIRA, Caps())
    budgets.allow(OTTO, Caps())
    budgets.allow(ANNA, Caps(day_money=100))
    budgets.settle(budgets.reserve((MIRA, ANNA), 60, 1), 55, 1)
    with pytest.raises(Exhausted, match="owner anna"):
        budgets.reserve((OTTO, ANNA), 60, 1)
    assert budgets.spent(OTTO, "day").held_money == 0
    budgets.settle(budgets.reserve((OTTO, ANNA), 45, 1), 45, 1)
    assert budgets.spent(ANNA, "day").money == 100


def test_what_is_held_can_not_be_spent_twice() -> None:
    budgets = Budgets()
    budgets.allow(MIRA, Caps(total_tokens=100))
    held = budgets.reserve((MIRA,), 0, 80)
    with pytest.raises(Exhausted):
        budgets.reserve((MIRA,), 0, 30)
    budgets.settle(held, 0, 10)
    budgets.reserve((MIRA,), 0, 90)
    with pytest.raises(ValueError, match="settled already"):
        budgets.settle(held, 0, 10)


def test_a_new_day_gives_a_new_daily_budget_but_no_new_total() -> None:
    day = "2026-03-02"
    budgets = Budgets(lambda: day)
    budgets.allow(MIRA, Caps(day_money=10, total_money=15))
    budgets.settle(budgets.reserve((MIRA,), 10, 1), 10, 1)
    with pytest.raises(Exhausted, match="a day"):
        budgets.reserve((MIRA,), 5, 1)
    day = "2026-03-03"
    with pytest.raises(Exhausted, match="in total"):
        budgets.reserve((MIRA,), 10, 1)
    budgets.settle(budgets.reserve((MIRA,), 5, 1), 5, 1)


def test_at_eighty_percent_it_is_told_once() -> None:
    budgets = Budgets()
    budgets.allow(MIRA, Caps(total_money=100))
    told = [budgets.settle(budgets.reserve((MIRA,), 10, 1), 10, 1) for _ in range(10)]
    assert [number for number, warned in enumerate(told) if warned] == [7]
    assert (told[7][0].spent, told[7][0].cap, told[7][0].unit) == (80, 100, "money")


def test_a_pause_refuses_everything() -> None:
    budgets = Budgets()
    budgets.allow(ANNA, Caps(paused=True))
    with pytest.raises(Exhausted, match="owner anna is paused"):
        budgets.reserve((MIRA, ANNA), 0, 0)


calls = st.lists(
    st.tuples(st.sampled_from([MIRA, OTTO]), st.integers(0, 40), st.integers(0, 40), st.integers(0, 5), st.floats(0, 1)),
    max_size=60,
)


def within(budgets: Budgets, holder: Holder, caps: Caps) -> bool:
    """Whether what a holder has spent and holds is within its caps."""
    day, total = budgets.spent(holder, "day"), budgets.spent(holder, "total")
    sums = (
        (day.money + day.held_money, caps.day_money),
        (total.money + total.held_money, caps.total_money),
        (day.tokens + day.held_tokens, caps.day_tokens),
        (total.tokens + total.held_tokens, caps.total_tokens),
    )
    return all(cap is None or gone <= cap for gone, cap in sums)


@given(calls, st.integers(0, 300), st.integers(0, 300), st.integers(0, 400))
@settings(max_examples=80, deadline=None)
def test_spent_and_held_never_pass_a_cap(
    made: list[tuple[Holder, int, int, int, float]], agent_cap: int, tokens_cap: int, owner_cap: int
) -> None:
    budgets = Budgets(lambda: "2026-03-02")
    caps = {
        MIRA: Caps(total_money=agent_cap, day_tokens=tokens_cap),
        OTTO: Caps(day_money=agent_cap),
        ANNA: Caps(total_money=owner_cap),
    }
    for holder, cap in caps.items():
        budgets.allow(holder, cap)

    def all_within() -> bool:
        return all(within(budgets, holder, cap) for holder, cap in caps.items())

    async def one(holder: Holder, money: int, tokens: int, turns: int, share: float) -> None:
        try:
            held = budgets.reserve((holder, ANNA), money, tokens)
        except Exhausted:
            return
        for _ in range(turns):
            await asyncio.sleep(0)
            assert all_within()
        budgets.settle(held, int(money * share), int(tokens * share))
        assert all_within()

    async def all_at_once() -> None:
        await asyncio.gather(*(one(*call) for call in made))

    asyncio.run(all_at_once())
    assert all_within()
    assert all(budgets.spent(holder, "total").held_money == 0 for holder in caps)
