"""Who hears and who sees: the same building, or some metres in the open, the nearest first."""

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Final

from mqttown_contract.types import MAX_EARSHOT
from mqttown_orchestrator.world.altered import rule
from mqttown_orchestrator.world.motion import position
from mqttown_orchestrator.world.state import Body, State

__all__ = ["EARSHOT", "SIGHT", "around", "awake", "company", "in_earshot", "onlookers", "within"]

EARSHOT: Final = 1_500
"""How far words carry in the open, cm."""
SIGHT: Final = 5_000
"""How far one sees others in the open, cm."""


def around(state: State, body: Body, radius: int) -> list[tuple[int, str]]:
    """Everybody else within `radius` cm of somebody in the open, nearest first: (cm, id)."""
    x, y = position(body, state.tick)
    near = state.outdoors.near(state.tick, x, y, radius, lambda agent: position(state.bodies[agent], state.tick))
    return [found for found in near if found[1] != body.id]


def company(state: State, body: Body) -> Iterator[str]:
    """Others in the same building, nearest first.

    People stand in the order in which they came in, so those who came in just before or after are nearest.
    """
    assert body.building is not None, "only in a building"
    there = state.inside[body.building]
    if len(there) == 1:
        return iter(())
    middle = there.index(body.id)
    before, after = there[:middle][::-1], there[middle + 1 :]
    shorter = min(len(before), len(after))
    return chain(chain.from_iterable(zip(before, after, strict=False)), before[shorter:], after[shorter:])


def within(state: State, body: Body, radius: int) -> Iterable[str]:
    """Ids of everybody near, nearest first."""
    return company(state, body) if body.building is not None else [agent for _, agent in around(state, body, radius)]


def awake(state: State, agents: Iterable[str]) -> Iterable[str]:
    """Those who don't sleep, in the same order."""
    bodies = state.bodies
    return (agent for agent in agents if bodies[agent].doing != "sleeping")


def in_earshot(state: State, body: Body) -> Iterable[str]:
    """Everybody who could hear words to them, nearest first."""
    return awake(state, within(state, body, rule(state, "earshot", EARSHOT)))


def onlookers(state: State, body: Body) -> list[str]:
    """The nearest who see what somebody does."""
    return list(islice(awake(state, within(state, body, SIGHT)), MAX_EARSHOT))
