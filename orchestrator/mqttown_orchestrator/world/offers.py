"""What an agent can do here and now: its verbs with their schemas narrowed to what would be accepted."""

from typing import Any

from mqttown_contract.verbs import VERBS
from mqttown_orchestrator.world.plan import Plan
from mqttown_orchestrator.world.state import State
from mqttown_orchestrator.world.verbs.registry import RULES

__all__ = ["offers"]


def offers(state: State, plan: Plan, agent: str) -> list[dict[str, Any]]:
    """`available_actions` of one agent. A pure read; parts are shared and must not be changed.

    Raises:
        KeyError: there is no such agent.
    """
    body = state.bodies[agent]
    found = []
    for name, rule in RULES.items():
        schema = rule.offer(state, plan, body)
        if schema is not None:
            found.append({"action": name, "description": VERBS[name].summary, "parameters": schema})
    return found
