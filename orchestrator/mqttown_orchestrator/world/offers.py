"""What an agent can do here and now: its verbs with their schemas narrowed to what would be accepted."""

from typing import Any, Final

from mqttown_contract.verbs import VERBS
from mqttown_orchestrator.world.altered import present
from mqttown_orchestrator.world.plan import Plan
from mqttown_orchestrator.world.state import State
from mqttown_orchestrator.world.verbs.registry import RULES

__all__ = ["offered", "offers"]

_SUMMARIES: Final = {name: VERBS[name].summary for name in RULES}


def offers(state: State, plan: Plan, agent: str) -> list[dict[str, Any]]:
    """`available_actions` of one agent. A pure read; parts are shared and must not be changed.

    Raises:
        KeyError: there is no such agent.
    """
    body, plan = state.bodies[agent], present(state, plan)
    found = []
    for name, rule in RULES.items():
        schema = rule.offer(state, plan, body)
        if schema is not None:
            found.append({"action": name, "description": _SUMMARIES[name], "parameters": schema})
    return found


def offered(state: State, plan: Plan, agent: str) -> list[str]:
    """The verbs that `offers` has, by name only: what they take is not written down, which is most of the work.

    Raises:
        KeyError: there is no such agent.
    """
    body, plan = state.bodies[agent], present(state, plan)
    return [
        name
        for name, rule in RULES.items()
        if (rule.offer(state, plan, body) is not None if rule.offered is None else rule.offered(state, plan, body))
    ]
