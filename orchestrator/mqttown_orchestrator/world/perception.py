"""What an agent perceives, in the shape of the wire: metres, needs from 0 to 1, and ids of all it can see."""

from functools import lru_cache
from itertools import islice
from typing import Any, Final

import orjson

from mqttown_contract.types import MAX_VISIBLE
from mqttown_orchestrator.world import needs
from mqttown_orchestrator.world.altered import present
from mqttown_orchestrator.world.clock import as_text
from mqttown_orchestrator.world.fragment import fragment
from mqttown_orchestrator.world.hearing import SIGHT, around, company
from mqttown_orchestrator.world.money import purse
from mqttown_orchestrator.world.motion import district, position
from mqttown_orchestrator.world.plan import Plan
from mqttown_orchestrator.world.state import Body, State
from mqttown_orchestrator.world.surroundings import nearby, nearby_json
from mqttown_orchestrator.world.verbs.claim import price

__all__ = ["Perception", "Scene", "look", "perceive"]

_ROUND: Final = 1000

Perception = tuple[dict[str, Any], dict[str, int]]
"""`observation` and `more` of the wire."""


class Scene:
    """What all who look at the same tick share, written as JSON once. Of use as long as the state stands still.

    Attributes:
        town_time, time_of_day: of the tick.
    """

    __slots__ = ("_here", "_plan", "_state", "tick", "time_of_day", "town_time")

    def __init__(self, state: State, plan: Plan) -> None:
        self.tick = state.tick
        self.town_time = plan.clock.text(state.tick)
        self.time_of_day = plan.clock.time_of_day(state.tick)
        self._state, self._plan = state, present(state, plan)
        self._here: dict[str, orjson.Fragment] = {}

    def here(self, building: str) -> orjson.Fragment:
        """A building as seen from inside."""
        told = self._here.get(building)
        if told is None:
            told = self._here[building] = fragment(_here(self._state, self._plan, building))
        return told


def perceive(state: State, plan: Plan, agent: str) -> dict[str, Any]:
    """The `observation` of one agent, its messages and events left empty. A pure read; parts are shared and must not be changed.

    Raises:
        KeyError: there is no such agent.
    """
    return look(state, plan, agent)[0]


def look(state: State, plan: Plan, agent: str, scene: Scene | None = None) -> Perception:
    """As `perceive`, with the count of agents in sight that are too many to be told.

    Args:
        state: of the town.
        plan: of the town.
        agent: who looks.
        scene: of this tick, for one who will write JSON: then what many see is written already.

    Raises:
        KeyError: there is no such agent.
    """
    body, plan = state.bodies[agent], present(state, plan)
    visible, hidden = _visible(state, body, written=scene is not None)
    observation = {
        "self": _self(state, plan, body),
        "location": _location(state, plan, body, scene),
        "visible_agents": visible,
        "messages": [],
        "environment": {
            "time_of_day": plan.clock.time_of_day(state.tick) if scene is None else scene.time_of_day,
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


def _location(state: State, plan: Plan, body: Body, scene: Scene | None) -> dict[str, Any]:
    x, y = position(body, state.tick)
    here: dict[str, Any] | orjson.Fragment | None = None
    if body.building is not None:
        here = _here(state, plan, body.building) if scene is None else scene.here(body.building)
    return {
        "district": district(plan, body, state.tick),
        "building": body.building,
        "x": x / 100,
        "y": y / 100,
        "here": here,
        "nearby": nearby(plan, body, state.tick) if scene is None else nearby_json(plan, body, state.tick),
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


def _visible(state: State, body: Body, *, written: bool) -> tuple[list[Any], int]:
    """The nearest others in sight, and how many more there are. One who sleeps sees nobody."""
    if body.doing == "sleeping":
        return [], 0
    tell = _row_json if written else _row
    bodies = state.bodies
    if body.building is not None:
        others = [bodies[agent] for agent in islice(company(state, body), MAX_VISIBLE)]
        told = [tell(other.id, other.name, _doing(other)) for other in others]
        return told, max(0, len(state.inside[body.building]) - 1 - MAX_VISIBLE)
    there = around(state, body, SIGHT)
    told = [tell(agent, bodies[agent].name, _doing(bodies[agent]), distance) for distance, agent in there[:MAX_VISIBLE]]
    return told, max(0, len(there) - MAX_VISIBLE)


def _doing(other: Body) -> str:
    """What somebody does, as others see it."""
    return "absent" if other.away_since is not None and other.doing == "idle" else other.doing


def _row(agent: str, name: str, doing: str, distance: int | None = None) -> dict[str, Any]:
    row: dict[str, Any] = {"id": agent, "name": name, "doing": doing}
    if distance is not None:
        row["metres"] = distance / 100
    return row


@lru_cache(maxsize=65_536)
def _row_json(agent: str, name: str, doing: str, distance: int | None = None) -> orjson.Fragment:
    """As `_row`, written. Most rows are seen by several, and again at the next tick."""
    return fragment(_row(agent, name, doing, distance))
