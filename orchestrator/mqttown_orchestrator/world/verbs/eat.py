"""`eat`: eat or drink something out of the inventory."""

from typing import Any

from mqttown_contract.errors import Refusal
from mqttown_contract.verbs import Eat
from mqttown_orchestrator.world.activities import begin, finish
from mqttown_orchestrator.world.belongings import take
from mqttown_orchestrator.world.hearing import onlookers
from mqttown_orchestrator.world.plan import Plan
from mqttown_orchestrator.world.state import Body, State
from mqttown_orchestrator.world.turn import Turn
from mqttown_orchestrator.world.verbs.rule import Rule, narrowed, no

__all__ = ["EAT"]


def _edible(plan: Plan, body: Body) -> list[str]:
    """Carried items that can be eaten, the most filling first."""
    items = [item for item in body.inventory if plan.items[item].edible]
    return sorted(items, key=lambda item: (-plan.items[item].restores.get("food", 0), item))


def _offer(state: State, plan: Plan, body: Body) -> dict[str, Any] | None:
    if not body.inventory:
        return None
    edible = _edible(plan, body)
    return narrowed("eat", item={"enum": edible}) if edible else None


def _check(state: State, plan: Plan, body: Body, parameters: Eat) -> Refusal | None:
    if parameters.item is None:
        return None if _edible(plan, body) else no("You carry nothing that can be eaten. Buy something first.")
    if parameters.item not in body.inventory:
        return no(f"You carry no {parameters.item}.", "parameters.item", _edible(plan, body))
    if not plan.items[parameters.item].edible:
        return no(f"{parameters.item} can't be eaten.", "parameters.item", _edible(plan, body))
    return None


def _apply(turn: Turn, body: Body, parameters: Eat, action_id: str) -> list[str]:
    ended = finish(turn, body, action_id=action_id)
    item = turn.plan.items[parameters.item or _edible(turn.plan, body)[0]]
    take(body, item.id)
    until = turn.tick + item.eat_minutes
    begin(turn, body, "eating", until=until, subject=item.id)
    data = {"item": item.id, "until_tick": until}
    body.cause = turn.event("ate", body, data, seen_by=onlookers(turn.state, body), action_id=action_id)
    return [*ended, body.cause]


def _offered(state: State, plan: Plan, body: Body) -> bool:
    return any(plan.items[item].edible for item in body.inventory)


EAT = Rule(_offer, _check, _apply, _offered)
