"""`sleep`: rest at home, or where a bed or a bench can be had."""

from typing import Any

from mqttown_contract.errors import Refusal
from mqttown_contract.verbs import VERBS, Sleep
from mqttown_orchestrator.world import needs
from mqttown_orchestrator.world.activities import begin, finish
from mqttown_orchestrator.world.clock import as_minute
from mqttown_orchestrator.world.hearing import onlookers
from mqttown_orchestrator.world.plan import Plan
from mqttown_orchestrator.world.state import Body, State
from mqttown_orchestrator.world.turn import Turn
from mqttown_orchestrator.world.verbs.rule import Rule, no

__all__ = ["SLEEP"]


def _rates(state: State, plan: Plan, body: Body) -> dict[str, int] | None:
    """How one rests here: well in one's own home, slowly in a hotel's lobby or on a park's bench; None where one can't."""
    if body.building is None:
        return None
    if body.building == body.home or state.owner.get(body.building) == body.id:
        return needs.ASLEEP_AT_HOME
    if plan.buildings[body.building].kind in {"hotel", "park"}:
        return needs.ASLEEP_ELSEWHERE
    return None


def _offer(state: State, plan: Plan, body: Body) -> dict[str, Any] | None:
    if body.doing == "sleeping" or _rates(state, plan, body) is None:
        return None
    if needs.level(body.needs["energy"], state.tick) >= needs.FULL:
        return {**VERBS["sleep"].schema, "required": ["until"]}
    return VERBS["sleep"].schema


def _check(state: State, plan: Plan, body: Body, parameters: Sleep) -> Refusal | None:
    if _rates(state, plan, body) is None:
        home = "your home" if body.home is None else f"your home {body.home}"
        return no(f"You can sleep in {home}, in a building that you own, in a hotel or in a park.", None, _beds(plan, body))
    if body.doing == "sleeping":
        return no("You are asleep already.")
    if parameters.until is None and needs.level(body.needs["energy"], state.tick) >= needs.FULL:
        return no("You are rested. Say until when you want to sleep.", "parameters.until", "HH:MM")
    return None


def _apply(turn: Turn, body: Body, parameters: Sleep, action_id: str) -> list[str]:
    ended = finish(turn, body, action_id=action_id)
    rates = _rates(turn.state, turn.plan, body)
    assert rates is not None, "checked"
    if parameters.until is None:
        until = turn.tick + max(1, needs.ticks_to_full(body.needs["energy"], rates["energy"], turn.tick))
    else:
        until = turn.tick + turn.plan.clock.until_minute(turn.tick, as_minute(parameters.until))
    watching = onlookers(turn.state, body)
    begin(turn, body, "sleeping", until=until)
    needs.pace(turn.state, body, rates)
    body.cause = turn.event("fell_asleep", body, {"until_tick": until}, seen_by=watching, action_id=action_id)
    return [*ended, body.cause]


def _beds(plan: Plan, body: Body) -> list[str]:
    home = [] if body.home is None else [body.home]
    return home + [house.id for house in plan.buildings.values() if house.kind in {"hotel", "park"}][:4]


def _offered(state: State, plan: Plan, body: Body) -> bool:
    return body.doing != "sleeping" and _rates(state, plan, body) is not None


SLEEP = Rule(_offer, _check, _apply, _offered)
