"""`give`: hand one item, or money, to somebody near."""

from itertools import islice
from typing import Any

from mqttown_contract.errors import Refusal
from mqttown_contract.types import MAX_VISIBLE
from mqttown_contract.verbs import Give
from mqttown_orchestrator.world.belongings import put, take
from mqttown_orchestrator.world.hearing import EARSHOT, onlookers, within
from mqttown_orchestrator.world.money import pay, purse
from mqttown_orchestrator.world.plan import Plan
from mqttown_orchestrator.world.state import Body, State
from mqttown_orchestrator.world.turn import Turn
from mqttown_orchestrator.world.verbs.rule import ASLEEP, Rule, meant, narrowed, no, similar

__all__ = ["GIVE"]


def _offer(state: State, plan: Plan, body: Body) -> dict[str, Any] | None:
    money = state.account(purse(body.id))
    if body.doing == "sleeping" or not (money or body.inventory):
        return None
    near = list(islice(within(state, body, EARSHOT), MAX_VISIBLE))
    if not near:
        return None
    return narrowed(
        "give",
        to={"enum": near},
        item={"enum": list(body.inventory)} if body.inventory else None,
        amount={"maximum": money} if money else None,
    )


def _check(state: State, plan: Plan, body: Body, parameters: Give) -> Refusal | None:
    if body.doing == "sleeping":
        return ASLEEP
    near = list(within(state, body, EARSHOT))
    if parameters.to not in near:
        detail = f"{parameters.to} is not close by: the same building, or 15 m in the open."
        if parameters.to not in state.bodies:
            detail = f"There is no agent {parameters.to}.{meant(similar(parameters.to, state.bodies))}"
        return no(detail, "parameters.to", near[:MAX_VISIBLE])
    if parameters.item is not None and parameters.item not in body.inventory:
        return no(
            f"You carry no {parameters.item}.{meant(similar(parameters.item, body.inventory))}",
            "parameters.item",
            list(body.inventory),
        )
    money = state.account(purse(body.id))
    if parameters.amount is not None and parameters.amount > money:
        return no(f"You have {money} cents.", "parameters.amount", {"maximum": money})
    return None


def _apply(turn: Turn, body: Body, parameters: Give, action_id: str) -> list[str]:
    to = parameters.to
    seen_by = [to, *(agent for agent in onlookers(turn.state, body) if agent != to)]
    data = {"to": to, "item": parameters.item, "amount": parameters.amount}
    told = [turn.event("gave", body, data, seen_by=seen_by, action_id=action_id)]
    if parameters.item is not None:
        take(body, parameters.item)
        put(turn.state.bodies[to], parameters.item)
    if parameters.amount is not None:
        told.append(
            pay(turn, body, purse(body.id), purse(to), parameters.amount, "gift", cause=told[0], action_id=action_id, seen_by=(to,))
        )
    turn.news(to, "gift")
    return told


def _offered(state: State, plan: Plan, body: Body) -> bool:
    if body.doing == "sleeping" or not (state.account(purse(body.id)) or body.inventory):
        return False
    return any(True for _ in within(state, body, EARSHOT))


GIVE = Rule(_offer, _check, _apply, _offered)
