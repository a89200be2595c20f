"""`claim`: become the owner of a building that is for sale and that nobody owns."""

from typing import Any

from mqttown_contract.errors import Refusal
from mqttown_contract.verbs import Claim
from mqttown_orchestrator.world.doors import at_door_of
from mqttown_orchestrator.world.hearing import onlookers
from mqttown_orchestrator.world.money import TREASURY, pay, purse
from mqttown_orchestrator.world.plan import Plan
from mqttown_orchestrator.world.state import Body, State
from mqttown_orchestrator.world.turn import Turn
from mqttown_orchestrator.world.verbs.rule import ASLEEP, Rule, narrowed, no

__all__ = ["CLAIM", "acquire", "forbidden", "price"]


def price(state: State, plan: Plan, building: str) -> int | None:
    """Cents for which a building can be claimed now, or None."""
    place = plan.places.get(building)
    return None if place is None or building in state.owner else place.claim_price


def forbidden(state: State, plan: Plan, body: Body, building: str) -> Refusal | None:
    """Why somebody can't become the owner of a building, wherever they are; None if they can."""
    if building not in plan.buildings:
        return no(f"There is no building {building}.", "parameters.building", _for_sale(state, plan, body))
    if building in state.owner:
        return no(f"{building} belongs to {state.owner[building]}.", "parameters.building", _for_sale(state, plan, body))
    cost = price(state, plan, building)
    if cost is None:
        return no(f"{building} is not for sale.", "parameters.building", _for_sale(state, plan, body))
    money = state.account(purse(body.id))
    if cost > money:
        return no(f"{building} costs {cost} cents, and you have {money}.", "parameters.building", _for_sale(state, plan, body))
    return None


def acquire(turn: Turn, body: Body, building: str, action_id: str | None) -> list[str]:
    """Pay for a building and own it; a home becomes one's home if one has none. Returns ids of the events."""
    cost = price(turn.state, turn.plan, building)
    assert cost is not None, "checked"
    turn.state.own(building, body.id)
    if body.home is None and turn.plan.buildings[building].private:
        body.home = building
    data = {"building": building, "price": cost}
    told = [turn.event("claimed", body, data, seen_by=onlookers(turn.state, body), action_id=action_id)]
    if cost > 0:
        told.append(pay(turn, body, purse(body.id), TREASURY, cost, "claim", cause=told[0], action_id=action_id))
    return told


def _here(plan: Plan, body: Body) -> list[str]:
    return at_door_of(plan, body) if body.building is None else [body.building]


def _for_sale(state: State, plan: Plan, body: Body) -> list[str]:
    """Buildings here that the purse can pay."""
    return [
        building
        for building in _here(plan, body)
        if (cost := price(state, plan, building)) is not None and cost <= state.account(purse(body.id))
    ]


def _offer(state: State, plan: Plan, body: Body) -> dict[str, Any] | None:
    if body.doing == "sleeping":
        return None
    buildings = _for_sale(state, plan, body)
    return narrowed("claim", building={"enum": buildings}) if buildings else None


def _check(state: State, plan: Plan, body: Body, parameters: Claim) -> Refusal | None:
    if body.doing == "sleeping":
        return ASLEEP
    if (why := forbidden(state, plan, body, parameters.building)) is not None:
        return why
    if parameters.building not in _here(plan, body):
        return no(
            f"Go to {parameters.building} first: one must stand in it or at its door.",
            "parameters.building",
            _for_sale(state, plan, body),
        )
    return None


def _apply(turn: Turn, body: Body, parameters: Claim, action_id: str) -> list[str]:
    return acquire(turn, body, parameters.building, action_id)


def _offered(state: State, plan: Plan, body: Body) -> bool:
    return body.doing != "sleeping" and bool(_for_sale(state, plan, body))


CLAIM = Rule(_offer, _check, _apply, _offered)
