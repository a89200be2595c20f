"""`say`: speak to those near; with `to`, quietly to some of them."""

from collections.abc import Iterable
from itertools import islice
from typing import Any

from mqttown_contract.errors import Refusal
from mqttown_contract.types import MAX_EARSHOT
from mqttown_contract.verbs import Say
from mqttown_orchestrator.world import needs
from mqttown_orchestrator.world.altered import reaches
from mqttown_orchestrator.world.hearing import in_earshot
from mqttown_orchestrator.world.plan import Plan
from mqttown_orchestrator.world.state import Body, State
from mqttown_orchestrator.world.turn import Turn
from mqttown_orchestrator.world.verbs.rule import ASLEEP, Rule, meant, narrowed, no, similar

__all__ = ["SAY"]


def _offer(state: State, plan: Plan, body: Body) -> dict[str, Any] | None:
    if body.doing == "sleeping":
        return None
    near = list(islice(in_earshot(state, body), MAX_EARSHOT))
    if not near:
        return narrowed("say", to=None)
    return narrowed("say", to={"items": {"type": "string", "enum": near}})


def _check(state: State, plan: Plan, body: Body, parameters: Say) -> Refusal | None:
    if body.doing == "sleeping":
        return ASLEEP
    if parameters.to:
        near = list(in_earshot(state, body))
        there = set(near)
        for index, agent in enumerate(parameters.to):
            if agent not in there:
                return no(_why_not(state, body, agent), f"parameters.to[{index}]", near[:MAX_EARSHOT])
    for index, event in enumerate(parameters.about or ()):
        if event not in body.heard and event not in body.seen:
            return no(
                f"You have not witnessed {event}, or too much has happened since.", f"parameters.about[{index}]", body.heard[-8:]
            )
    return None


def _apply(turn: Turn, body: Body, parameters: Say, action_id: str) -> list[str]:
    hearers = list(_hearers(turn.state, body, parameters.to))
    if "cuts" in turn.state.altered:
        hearers = [agent for agent in hearers if reaches(turn.state, body.id, agent, parameters.text)]
    data = {"text": parameters.text, "to": parameters.to}
    said = turn.event("said", body, data, seen_by=hearers, action_id=action_id, about=dict.fromkeys(parameters.about or ()))
    for agent in hearers:
        needs.restore(turn.state, turn.state.bodies[agent], "company", needs.HEARD)
        turn.news(agent, "message")
    if hearers:
        needs.restore(turn.state, body, "company", needs.SPOKE)
    return [said]


def _hearers(state: State, body: Body, to: list[str] | None) -> Iterable[str]:
    """Nearest first: all in earshot up to 32, or those of them who are spoken to."""
    near = in_earshot(state, body)
    if to is None:
        return islice(near, MAX_EARSHOT)
    return [agent for agent in near if agent in to]


def _why_not(state: State, body: Body, agent: str) -> str:
    if agent == body.id:
        return "You can't whisper to yourself."
    other = state.bodies.get(agent)
    if other is None:
        return f"There is no agent {agent}.{meant(similar(agent, state.bodies))}"
    if other.doing == "sleeping" and other.building == body.building:
        return f"{agent} is asleep, or not in earshot."
    return f"{agent} is not in earshot: the same building, or 15 m in the open."


def _offered(state: State, plan: Plan, body: Body) -> bool:
    return body.doing != "sleeping"


SAY = Rule(_offer, _check, _apply, _offered)
