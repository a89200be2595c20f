"""Each check finds what it is for in a doctored history, and nothing in an honest one."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from mqttown_cli.bench import checks
from mqttown_cli.bench.history import Decided, Facts, Gift, Operation


def told(time: float, kind: Any, identity: str, tick: int, code: str | None = None, *events: str) -> Operation:
    return Operation(time, "ada", kind, "", identity, {"tick": tick, "code": code, "events": list(events), "generation": 1})


def sent(time: float, identity: str, number: int) -> Operation:
    return Operation(time, "ada", "invoke", "give", identity, {"to": "bob", "amount": 1, "connection": "c1", "number": number})


def honest() -> tuple[list[Operation], Facts]:
    """Two gifts of Ada's, one of them told twice, and one that was not possible."""
    history = [
        sent(0.0, "a-1", 1),
        sent(0.1, "a-2", 2),
        told(1.0, "ok", "a-1", 1, None, "e-1"),
        told(1.1, "ok", "a-2", 1, None, "e-2"),
        told(1.2, "ok", "a-1", 1, None, "e-1"),
        sent(2.0, "a-3", 3),
        Operation(7.0, "ada", "info", "resend", "a-3"),
        told(7.5, "fail", "a-3", 4, "rate_limited"),
        told(8.0, "fail", "a-3", 5, "not_possible"),
    ]
    facts = Facts(
        actions=[
            Decided(1, "ada", "a-1", "accepted", None, ("e-1",)),
            Decided(1, "ada", "a-2", "accepted", None, ("e-2",)),
            Decided(5, "ada", "a-3", "rejected", "not_possible"),
        ],
        gifts=[Gift("ada", "a-1", "bob", 1), Gift("ada", "a-2", "bob", 1)],
        before={"ada": 10, "bob": 10},
        after={"ada": 8, "bob": 12},
        hashes={"live": "x", "replayed": "x"},
        arrivals={1: [("ada", "a-1"), ("ada", "a-2"), ("ada", "a-3"), ("ada", "a-3")]},
        generations={1: 1, 5: 1},
    )
    return history, facts


def silent(history: list[Operation], _facts: Facts) -> None:
    del history[8]


def another_verdict(history: list[Operation], _facts: Facts) -> None:
    history[4] = replace(history[4], type="fail")


def another_tick(history: list[Operation], _facts: Facts) -> None:
    history[4] = replace(history[4], value={**history[4].value, "tick": 2})


def lost(_history: list[Operation], facts: Facts) -> None:
    del facts.actions[1], facts.gifts[1]


def forged(_history: list[Operation], facts: Facts) -> None:
    facts.actions.append(Decided(6, "ada", "a-9", "rejected", "not_possible"))


def turned(_history: list[Operation], facts: Facts) -> None:
    facts.actions[2] = replace(facts.actions[2], status="accepted", code=None)


def decided_twice(_history: list[Operation], facts: Facts) -> None:
    facts.actions.append(replace(facts.actions[0], tick=6))


def given_twice(_history: list[Operation], facts: Facts) -> None:
    facts.gifts.append(facts.gifts[0])


def given_for_nothing(_history: list[Operation], facts: Facts) -> None:
    facts.gifts.append(Gift("ada", "a-3", "bob", 1))


def overtaken(_history: list[Operation], facts: Facts) -> None:
    facts.arrivals.clear()
    facts.actions[0], facts.actions[1] = facts.actions[1], facts.actions[0]


def before_its_time(_history: list[Operation], facts: Facts) -> None:
    facts.arrivals.clear()
    facts.actions.insert(0, facts.actions.pop())


def not_as_it_came(_history: list[Operation], facts: Facts) -> None:
    facts.arrivals[1].reverse()


def never_came(_history: list[Operation], facts: Facts) -> None:
    facts.arrivals[1].pop(0)


def minted(_history: list[Operation], facts: Facts) -> None:
    facts.total = 1


def robbed(_history: list[Operation], facts: Facts) -> None:
    facts.after["bob"] -= 1


def diverged(_history: list[Operation], facts: Facts) -> None:
    facts.hashes["replayed"] = "y"


def test_an_honest_history_has_no_problems() -> None:
    assert checks.problems(*honest()) == []


@pytest.mark.parametrize(
    ("doctor", "check"),
    [
        (silent, checks.every_action_is_answered),
        (another_verdict, checks.an_action_has_one_verdict),
        (another_tick, checks.an_action_has_one_verdict),
        (lost, checks.nothing_told_is_lost),
        (forged, checks.nothing_told_is_lost),
        (turned, checks.nothing_told_is_lost),
        (decided_twice, checks.nothing_happens_twice),
        (given_twice, checks.nothing_happens_twice),
        (given_for_nothing, checks.nothing_happens_twice),
        (overtaken, checks.order_is_kept),
        (before_its_time, checks.order_is_kept),
        (not_as_it_came, checks.order_is_kept),
        (never_came, checks.order_is_kept),
        (minted, checks.money_is_conserved),
        (robbed, checks.money_is_conserved),
        (diverged, checks.a_replay_comes_to_the_same),
    ],
)
def test_a_doctored_history_is_found(doctor: Callable[..., None], check: checks.Check) -> None:
    history, facts = honest()
    doctor(history, facts)
    assert check(history, facts) != []
    assert any(problem.startswith(check.__name__) for problem in checks.problems(history, facts))
