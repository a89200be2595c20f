"""`buy`: pay for an item on sale in the open place that one is in."""

from typing import Any

from mqttown_contract.errors import Refusal
from mqttown_contract.verbs import Buy
from mqttown_orchestrator.world.belongings import put
from mqttown_orchestrator.world.hearing import onlookers
from mqttown_orchestrator.world.money import pay, purse, till
from mqttown_orchestrator.world.plan import Plan, Sale
from mqttown_orchestrator.world.state import Body, State
from mqttown_orchestrator.world.turn import Turn
from mqttown_orchestrator.world.verbs.rule import ASLEEP, Rule, meant, narrowed, no, similar

__all__ = ["BUY"]


def _in_reach(state: State, plan: Plan, body: Body) -> list[str]:
    """Items here that are in stock and that the purse can pay one of."""
    assert body.building is not None, "only in a building"
    stock, money = state.stock.get(body.building, {}), state.account(purse(body.id))
    place = plan.places.get(body.building)
    sells = place.sells.values() if place is not None else ()
    return [sale.item for sale in sells if stock.get(sale.item, 0) > 0 and sale.price <= money]


def _offer(state: State, plan: Plan, body: Body) -> dict[str, Any] | None:
    if body.building is None or body.doing == "sleeping" or not plan.is_open(body.building, state.tick):
        return None
    items = _in_reach(state, plan, body)
    return narrowed("buy", item={"enum": items}) if items else None


def _offered(state: State, plan: Plan, body: Body) -> bool:
    if body.building is None or body.building not in plan.places or body.doing == "sleeping":
        return False
    return plan.is_open(body.building, state.tick) is True and bool(_in_reach(state, plan, body))


def _check(state: State, plan: Plan, body: Body, parameters: Buy) -> Refusal | None:
    if body.doing == "sleeping":
        return ASLEEP
    place = plan.places.get(body.building or "")
    if place is None or body.building is None or not place.sells:
        return no("Nothing is sold here. Go into a shop, a café or a restaurant.")
    if not plan.is_open(body.building, state.tick):
        return no(f"{plan.buildings[body.building].name} is closed now.")
    if parameters.item not in place.sells:
        detail = f"{parameters.item} is not sold here.{meant(similar(parameters.item, place.sells))}"
        return no(detail, "parameters.item", _in_reach(state, plan, body))
    return _too_much(state, body, body.building, place.sells[parameters.item], parameters)


def _too_much(state: State, body: Body, building: str, sale: Sale, parameters: Buy) -> Refusal | None:
    left = state.stock[building].get(sale.item, 0)
    if left < parameters.quantity:
        return no(f"There are {left} of {sale.item} left.", "parameters.quantity", {"maximum": left})
    money, cost = state.account(purse(body.id)), sale.price * parameters.quantity
    if money < cost:
        detail = f"It costs {cost} cents, and you have {money}."
        return no(detail, "parameters.quantity", {"maximum": money // sale.price if sale.price else left})
    return None


def _apply(turn: Turn, body: Body, parameters: Buy, action_id: str) -> list[str]:
    building = str(body.building)
    sale = turn.plan.places[building].sells[parameters.item]
    cost = sale.price * parameters.quantity
    turn.state.stock[building][sale.item] -= parameters.quantity
    put(body, sale.item, parameters.quantity)
    data = {"item": sale.item, "quantity": parameters.quantity, "price": cost}
    told = [turn.event("bought", body, data, seen_by=onlookers(turn.state, body), action_id=action_id)]
    if cost > 0:
        told.append(pay(turn, body, purse(body.id), till(building), cost, "sale", cause=told[0], action_id=action_id))
    return told


BUY = Rule(_offer, _check, _apply, _offered)
