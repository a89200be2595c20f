"""What an action would cost, and to whom the money would go, as far as that is certain before the world judges it."""

from dataclasses import dataclass
from typing import Any

from mqttown_orchestrator.world.money import TREASURY, purse, till
from mqttown_orchestrator.world.plan import Plan
from mqttown_orchestrator.world.state import Body, State

__all__ = ["Bill", "bill"]


@dataclass(frozen=True, slots=True)
class Bill:
    """What an action costs if the world accepts it.

    Attributes:
        cents: to pay.
        to: account that gets it.
        path: the parameter that decides on the price.
    """

    cents: int
    to: str
    path: str


def bill(state: State, plan: Plan, body: Body, verb: str, parameters: dict[str, Any]) -> Bill | None:
    """The bill of an action that is judged in the very next tick, or None if it costs nothing or can't be done.

    It is exact: prices don't change, and until the actions of that tick are judged a body can come into no other building than
    the one that it walks to.
    """
    match verb:
        case "give" if parameters.get("amount") is not None:
            return Bill(parameters["amount"], purse(parameters["to"]), "parameters.amount")
        case "claim":
            place = plan.places.get(parameters["building"])
            price = None if place is None or parameters["building"] in state.owner else place.claim_price
            return Bill(price, TREASURY, "parameters.building") if price else None
        case "buy":
            building = body.building if body.walk is None else body.walk.to
            shop = plan.places.get(building or "")
            sale = None if shop is None else shop.sells.get(parameters["item"])
            if sale is None or building is None:
                return None
            return Bill(sale.price * parameters.get("quantity", 1), till(building), "parameters.quantity")
    return None
