"""Needs of the past, reckoned from events alone, against the world that these events come from."""

import importlib.util
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mqttown_dashboard import needs
from mqttown_dashboard.models import Event
from mqttown_dashboard.town import Town
from mqttown_orchestrator.world import needs as rules
from mqttown_orchestrator.world.genesis import genesis
from mqttown_orchestrator.world.luck import Luck
from mqttown_orchestrator.world.plan import Plan
from mqttown_orchestrator.world.state import State
from mqttown_orchestrator.world.step import step

TICKS = 1_800
CLOSE = 0.04
"""How far a district's mood may be off: walks and broken-off meals are told to the minute, and levels are rounded."""


def player() -> Any:
    """The player at random of the world's own tests."""
    spec = importlib.util.spec_from_file_location("player", Path(__file__).parents[1] / "world" / "player.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Player(3)


def test_the_rates_are_the_towns_own() -> None:
    assert (needs.AWAKE, needs.ASLEEP_AT_HOME, needs.ASLEEP_ELSEWHERE) == (
        rules.AWAKE,
        rules.ASLEEP_AT_HOME,
        rules.ASLEEP_ELSEWHERE,
    )
    assert (needs.FULL, needs.SPOKE, needs.HEARD) == (rules.FULL, rules.SPOKE, rules.HEARD)
    assert {name: need.value for name, need in rules.fresh(0).items()} == needs.NEWCOMER


def test_moods_of_a_played_day_are_those_of_the_world(tiny_town: Any) -> None:
    plan, town, luck, hand = Plan.from_json(tiny_town), Town.of(tiny_town), Luck(3), player()
    state = genesis(plan, 3)
    reckoned = needs.Needs(town.meals, state.owner)
    for agent, body in state.bodies.items():
        home = None if body.home is None else plan.buildings[body.home].district
        reckoned.begin(agent, 0, body.home, home, asleep=agent in town.beds)
        assert (body.doing == "sleeping") == (agent in town.beds)
    assert {name: owner for name, owner in state.owner.items() if name in town.owners} == town.owners
    told, seen = 0, set[str]()
    for _ in range(TICKS):
        for event in step(state, plan, hand.inputs(state, plan), luck).events:
            seen.add(event.kind)
            reckoned.happen(Event(**asdict(event)))
        if state.tick > TICKS / 2 and state.tick % 30 == 0:
            told += 1
            assert off(reckoned, state) < CLOSE
    assert told > 20
    assert {"finished_meal", "fell_asleep", "said", "need", "registered"} <= seen


def off(reckoned: needs.Needs, state: State) -> float:
    """How far all needs together are off, in the mean of a town, 0 to 1."""
    found = [
        abs(level - rules.level(body.needs[name], state.tick))
        for agent, body in state.bodies.items()
        for name, level in reckoned.levels(agent, state.tick).items()
    ]
    return sum(found) / len(found) / needs.FULL
