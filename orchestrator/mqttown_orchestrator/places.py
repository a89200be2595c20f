"""Buildings and districts as everybody may see them, read from the world."""

from typing import Any

from mqttown_orchestrator.world.altered import present
from mqttown_orchestrator.world.motion import district
from mqttown_orchestrator.world.needs import level
from mqttown_orchestrator.world.plan import Plan
from mqttown_orchestrator.world.state import Body, State

__all__ = ["Places"]


class Places:
    """Reads the state; changes nothing."""

    def __init__(self, state: State, plan: Plan) -> None:
        self._state = state
        self._plan = plan
        self._priced = plan
        self._prices = {name: _mean_prices(plan, name) for name in plan.districts}

    def whereabouts(self, agent: str) -> tuple[str, str | None]:
        """District and building that a body is in."""
        body = self._state.bodies[agent]
        return district(self._plan, body, self._state.tick), body.building

    def doing(self, agent: str) -> str:
        """What a body does, in a word."""
        body = self._state.bodies[agent]
        return "absent" if body.away_since is not None and body.doing == "idle" else body.doing

    def building(self, building: str) -> dict[str, Any]:
        """A building's public state, without the tick."""
        plan = present(self._state, self._plan)
        house, place = plan.buildings[building], plan.places.get(building)
        owner = self._state.owner.get(building)
        stock = self._state.stock.get(building, {})
        sells = {} if place is None else place.sells
        return {
            "id": house.id,
            "name": house.name,
            "kind": house.kind,
            "district": house.district,
            "inside": list(self._state.inside.get(building, ())),
            "owner": owner,
            "open": plan.is_open(building, self._state.tick),
            "stock": [
                {"item": sale.item, "name": plan.items[sale.item].name, "stock": stock.get(sale.item, 0), "price": sale.price}
                for sale in sells.values()
            ],
            "price": None if place is None or owner is not None else place.claim_price,
        }

    def districts(self) -> dict[str, dict[str, Any]]:
        """Every district's public state by id, without the tick."""
        if self._priced is not (plan := present(self._state, self._plan)):
            self._priced, self._prices = plan, {name: _mean_prices(plan, name) for name in plan.districts}
        here: dict[str, list[Body]] = {name: [] for name in self._plan.districts}
        for agent, body in self._state.bodies.items():
            here[self.whereabouts(agent)[0]].append(body)
        return {name: self._district(name, bodies) for name, bodies in here.items()}

    def _district(self, district_id: str, here: list[Body]) -> dict[str, Any]:
        meters: dict[str, float] = {}
        for body in here:
            doing = self.doing(body.id)
            meters[doing] = meters.get(doing, 0) + 1
        return {
            "id": district_id,
            "name": self._plan.districts[district_id],
            "population": len(here),
            "mood": self._mood(here),
            "prices": self._prices[district_id],
            "meters": dict(sorted(meters.items())),
        }

    def _mood(self, bodies: list[Body]) -> float | None:
        values = [level(need, self._state.tick) for body in bodies for need in body.needs.values()]
        return round(sum(values) / len(values) / 1000, 2) if values else None


def _mean_prices(plan: Plan, district_id: str) -> dict[str, int]:
    """Mean price of an item over the places of a district, cents."""
    asked: dict[str, list[int]] = {}
    for building, place in plan.places.items():
        if plan.buildings[building].district == district_id:
            for sale in place.sells.values():
                asked.setdefault(sale.item, []).append(sale.price)
    return {item: sum(prices) // len(prices) for item, prices in sorted(asked.items())}
