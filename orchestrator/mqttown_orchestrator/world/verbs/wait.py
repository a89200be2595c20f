"""`wait`: let time pass. It changes nothing about an activity that goes on, but with `ticks` one is told when they are over."""

from typing import Any

from mqttown_contract.errors import Refusal
from mqttown_contract.verbs import VERBS, Wait
from mqttown_orchestrator.world.plan import Plan
from mqttown_orchestrator.world.state import Body, State
from mqttown_orchestrator.world.turn import Turn
from mqttown_orchestrator.world.verbs.rule import Rule

__all__ = ["WAIT"]


def _offer(state: State, plan: Plan, body: Body) -> dict[str, Any] | None:
    return VERBS["wait"].schema


def _check(state: State, plan: Plan, body: Body, parameters: Wait) -> Refusal | None:
    return None


def _apply(turn: Turn, body: Body, parameters: Wait, action_id: str) -> list[str]:
    if body.doing == "idle" or "ticks" in parameters.model_fields_set:
        body.waits_until = turn.tick + parameters.ticks
        turn.state.wake_by(body, body.waits_until)
    return []


def _offered(state: State, plan: Plan, body: Body) -> bool:
    return True


WAIT = Rule(_offer, _check, _apply, _offered)
