"""Who may come in where, and when."""

from mqttown_orchestrator.world.plan import Plan
from mqttown_orchestrator.world.state import Body, State

__all__ = ["at_door_of", "belongs", "may_enter"]


def belongs(state: State, plan: Plan, body: Body, building: str) -> bool:
    """Whether somebody lives there, works there, or owns it."""
    if body.home == building or state.owner.get(building) == body.id:
        return True
    return body.job is not None and plan.jobs[body.job].building == building


def may_enter(state: State, plan: Plan, body: Body, building: str) -> bool:
    """Whether the door opens: to those who belong, to all in opening hours, in a home while one who lives there is up."""
    if belongs(state, plan, body, building):
        return True
    if plan.buildings[building].private:
        hosts = (state.bodies[agent] for agent in state.inside.get(building, ()))
        return any(host.doing != "sleeping" and (host.home == building or state.owner.get(building) == host.id) for host in hosts)
    return plan.is_open(building, state.tick) is not False


def at_door_of(plan: Plan, body: Body) -> list[str]:
    """Buildings before whose door somebody stands in the open."""
    if body.building is not None or body.walk is not None:
        return []
    return plan.doors_at((body.x, body.y))
