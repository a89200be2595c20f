"""Dump, load and hash."""

import json
from typing import Any

import pytest

from mqttown_orchestrator.world.digest import digest, dump, load
from mqttown_orchestrator.world.step import step


def test_a_loaded_state_goes_on_as_the_dumped_one(hand: Any) -> None:
    hand.stranger()
    hand.act("zoe", "move_to", to="bar-ankkuri")
    hand.act("zoe", "say", text="Äiti!", to=["otto"])
    hand.act("aino", "wait", ticks=40)
    twin = load(dump(hand.state))
    assert twin == hand.state
    assert dump(twin) == dump(hand.state)
    for _ in range(400):
        mine, theirs = hand.step(), step(twin, hand.plan, [], hand.luck)
        assert (mine.events, mine.news) == (theirs.events, theirs.news)
    assert digest(twin) == digest(hand.state)


def test_the_hash_sees_one_permille(hand: Any) -> None:
    before = digest(hand.state)
    hand.state.bodies["aino"].needs["food"].value -= 1
    assert digest(hand.state) != before


def test_the_state_holds_whole_numbers_only(hand: Any) -> None:
    hand.stranger()
    hand.act("zoe", "move_to", to="bar-ankkuri")
    hand.pass_ticks(2)
    hand.act("zoe", "move_to", to="museo")

    def numbers(value: Any) -> None:
        assert not isinstance(value, float)
        if isinstance(value, dict):
            for part in value.values():
                numbers(part)
        elif isinstance(value, list):
            for part in value:
                numbers(part)

    numbers(json.loads(dump(hand.state)))


@pytest.mark.parametrize("data", [b"", b"{}", b'{"tick": 1, "nonsense": 2}'])
def test_what_is_no_dump(data: bytes) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        load(data)
