"""What an agent perceives, in the shape of the wire: metres, needs from 0 to 1, and ids of all it can see."""

from collections.abc import Callable
from typing import Any, Final

from mqttown_contract.types import MAX_VISIBLE
from mqttown_orchestrator.world import needs
from mqttown_orchestrator.world.clock import as_text
from mqttown_orchestrator.world.hearing import SIGHT, around
from mqttown_orchestrator.world.money import purse
from mqttown_orchestrator.world.motion import district, position
from mqttown_orchestrator.world.plan import Plan
from mqttown_orchestrator.world.state import Body, State
from mqttown_orchestrator.world.surroundings import nearby
from mqttown_orchestrator.world.verbs.claim import price

__all__ = ["Perception", "look", "perceive"]

_ROUND: Final = 1000

Near = Callable[[Plan, Body, int], list[Any]]
"""Tells the places near a body at a tick."""
Perception = tuple[dict[str, Any], dict[str, int]]
"""`observation` and `more` of the wire."""


def perceive(state: State, plan: Plan, agent: str) -> dict[str, Any]:
    """The `observation` of one agent, its messages and events left empty. A pure read; parts are shared and must not be changed.

    Raises:
        KeyError: there is no such agent.
    """
    return look(state, plan, agent)[0]


def look(state: State, plan: Plan, agent: str, near: Near = nearby) -> Perception:
    """As `perceive`, with the count of agents in sight that are too many to be told.

    Args:
        state: of the town.
        plan: of the town.
        agent: who looks.
        near: how the places near are told: `nearby_json` for one who will write JSON.

    Raises:
        KeyError: there is no such agent.
    """
    body = state.bodies[agent]
    visible, hidden = _visible(state, body)
    observation = {
        "self": _self(state, plan, body),
        "location": _location(state, plan, body, near),
        "visible_agents": visible,
        "messages": [],
        "environment": {
            "time_of_day": plan.clock.time_of_day(state.tick),
            "weather": state.weather,
            "events": [],
            "items": [],
        },
    }
    return observation, {"visible_agents": hidden} if hidden else {}


def _self(state: State, plan: Plan, body: Body) -> dict[str, Any]:
    return {
        "doing": body.doing,
        "until_tick": body.until,
        "needs": {name: needs.level(need, state.tick) / _ROUND for name, need in body.needs.items()},
        "purse": state.account(purse(body.id)),
        "inventory": [
            {"item": item, "name": plan.items[item].name, "quantity": quantity} for item, quantity in body.inventory.items()
        ],
        "home": body.home,
        "job": None if body.job is None else _job(plan, body.job),
        "owns": list(state.holdings.get(body.id, ())),
    }


def _job(plan: Plan, job_id: str) -> dict[str, Any]:
    key = ("job", job_id)
    told: dict[str, Any] | None = plan.tables.get(key)
    if told is None:
        job = plan.jobs[job_id]
        shift = {"from": as_text(job.start), "to": as_text(job.end)}
        told = {
            "id": job.id,
            "title": job.title,
            "building": job.building,
            "shift": shift,
            "days": sorted(job.days),
            "wage": job.wage,
        }
        plan.tables[key] = told
    return told


def _location(state: State, plan: Plan, body: Body, near: Near) -> dict[str, Any]:
    x, y = position(body, state.tick)
    return {
        "district": district(plan, body, state.tick),
        "building": body.building,
        "x": x / 100,
        "y": y / 100,
        "here": None if body.building is None else _here(state, plan, body.building),
        "nearby": near(plan, body, state.tick),
    }


def _here(state: State, plan: Plan, building: str) -> dict[str, Any]:
    house, place, stock = plan.buildings[building], plan.places.get(building), state.stock.get(building, {})
    return {
        "id": house.id,
        "kind": house.kind,
        "name": house.name,
        "open": plan.is_open(building, state.tick),
        "owner": state.owner.get(building),
        "sells": []
        if place is None
        else [
            {"item": sale.item, "name": plan.items[sale.item].name, "price": sale.price, "stock": stock.get(sale.item, 0)}
            for sale in place.sells.values()
        ],
        "price": price(state, plan, building),
    }


def _visible(state: State, body: Body) -> tuple[list[dict[str, Any]], int]:
    """The nearest others in sight, and how many more there are. One who sleeps sees nobody."""
    if body.doing == "sleeping":
        return [], 0
    there = around(state, body, SIGHT)
    told = []
    for distance, agent in there[:MAX_VISIBLE]:
        other = state.bodies[agent]
        doing = "absent" if other.away_since is not None and other.doing == "idle" else other.doing
        row: dict[str, Any] = {"id": agent, "name": other.name, "doing": doing}
        if distance is not None:
            row["metres"] = distance / 100
        told.append(row)
    return told, max(0, len(there) - MAX_VISIBLE)
