"""`move_to`: walk along the streets to a building or to an agent's present place."""

from itertools import chain, islice
from typing import Any, Final

from mqttown_contract.errors import Refusal
from mqttown_contract.types import MAX_VISIBLE
from mqttown_contract.verbs import MoveTo
from mqttown_orchestrator.world.activities import set_out
from mqttown_orchestrator.world.doors import may_enter
from mqttown_orchestrator.world.hearing import SIGHT, within
from mqttown_orchestrator.world.motion import Goal, at_door, position, reachable, spot
from mqttown_orchestrator.world.plan import Plan
from mqttown_orchestrator.world.state import Body, State
from mqttown_orchestrator.world.streets import straight
from mqttown_orchestrator.world.surroundings import nearby_ids
from mqttown_orchestrator.world.turn import Turn
from mqttown_orchestrator.world.verbs.rule import Rule, meant, narrowed, no, similar

__all__ = ["MOVE_TO"]

_SAME_PLACE: Final = 300
"""Closer than this, cm, one stands with somebody in the open already."""


def _offer(state: State, plan: Plan, body: Body) -> dict[str, Any] | None:
    """Any building and any agent will do; `examples` names those near, since all of them would fill the observation."""
    examples = [place for place in nearby_ids(plan, body, state.tick) if place != body.building]
    if body.building is None:
        examples += islice(within(state, body, SIGHT), MAX_VISIBLE)
    return narrowed("move_to", to={"examples": examples})


def _check(state: State, plan: Plan, body: Body, parameters: MoveTo) -> Refusal | None:
    to = parameters.to
    if to == body.id:
        return no("You are where you are.", "parameters.to", nearby_ids(plan, body, state.tick))
    goal = _goal(state, plan, to)
    if goal is None:
        near = similar(to, chain(plan.buildings, state.bodies))
        detail = f"There is no building and no agent {to}.{meant(near)}"
        return no(detail, "parameters.to", near or nearby_ids(plan, body, state.tick))
    why = _there_already(state, plan, body, goal, to)
    if why is None and position(body, state.tick) != goal.point and not reachable(plan, body, goal, state.tick):
        why = f"No street leads from here to {to}."
    return None if why is None else no(why, "parameters.to", nearby_ids(plan, body, state.tick))


def _there_already(state: State, plan: Plan, body: Body, goal: Goal, to: str) -> str | None:
    if goal.building is not None and goal.building == body.building:
        return f"You are in {goal.building} already."
    if body.walk is None and body.building is None:
        if goal.building is not None and (body.x, body.y) == goal.point and not may_enter(state, plan, body, goal.building):
            return _shut(plan, goal.building)
        if goal.building is None and straight((body.x, body.y), goal.point) <= _SAME_PLACE:
            return f"You stand beside {to} already."
    return None


def _apply(turn: Turn, body: Body, parameters: MoveTo, action_id: str) -> list[str]:
    goal = _goal(turn.state, turn.plan, parameters.to)
    assert goal is not None, "checked"
    return set_out(turn, body, goal, "move_to", action_id)


def _goal(state: State, plan: Plan, to: str) -> Goal | None:
    if to in plan.buildings:
        return at_door(plan, to)
    other = state.bodies.get(to)
    if other is None:
        return None
    if other.building is not None:
        return at_door(plan, other.building)
    return Goal(None, position(other, state.tick), spot(other, state.tick))


def _shut(plan: Plan, building: str) -> str:
    house = plan.buildings[building]
    if house.private:
        return f"You stand before {house.name}. It opens to others only while somebody who lives there is in and awake."
    return f"You stand before {house.name}. It is closed now."


def _offered(state: State, plan: Plan, body: Body) -> bool:
    return True


MOVE_TO = Rule(_offer, _check, _apply, _offered)
