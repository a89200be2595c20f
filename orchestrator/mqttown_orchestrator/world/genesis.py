"""The town at tick 0: residents in their homes, goods in the shops, money in the purses."""

from typing import Final

from mqttown_orchestrator.world import needs
from mqttown_orchestrator.world.activities import next_due
from mqttown_orchestrator.world.clock import DAY
from mqttown_orchestrator.world.luck import Luck
from mqttown_orchestrator.world.money import MINT, TREASURY, move, purse, till
from mqttown_orchestrator.world.motion import at_door
from mqttown_orchestrator.world.plan import Person, Plan
from mqttown_orchestrator.world.state import Body, State

__all__ = ["genesis"]

_TREASURY: Final = 1_000_000
"""Cents that the town begins with, and as many again for every ten residents."""


def genesis(plan: Plan, seed: int | str) -> State:
    """The first state of a town. The seed decides how rested, hungry and lonely everybody is."""
    luck = Luck(seed)
    state = State(tick=0, weather=plan.first_weather)
    move(state, MINT, TREASURY, _TREASURY + _TREASURY // 10 * len(plan.people))
    for building, place in plan.places.items():
        if place.till > 0:
            move(state, MINT, till(building), place.till)
        if place.sells:
            state.stock[building] = {sale.item: sale.stock for sale in place.sells.values()}
    for person in plan.people.values():
        _settle(state, plan, person, luck)
    return state


def _settle(state: State, plan: Plan, person: Person, luck: Luck) -> None:
    """Put a resident into their home, asleep if it is their time; the first of a home owns it."""
    if person.home is None:
        corner = luck.below(len(plan.streets.nodes), "arrival", person.id)
        point, anchors, district = plan.streets.nodes[corner], [[corner, 0]], plan.district_of(corner)
    else:
        door = at_door(plan, person.home)
        point, anchors, district = door.point, door.anchors, plan.buildings[person.home].district
        if person.home not in state.owner:
            state.own(person.home, person.id)
    lowest = {"energy": 700, "food": 500, "company": 500}
    levels = {name: low + luck.below(200, "need", name, person.id) for name, low in lowest.items()}
    body = Body(
        id=person.id,
        name=person.name,
        kind="hosted",
        home_district=district,
        home=person.home,
        job=person.job,
        building=None,
        x=point[0],
        y=point[1],
        anchors=anchors,
        needs=needs.fresh(0, **levels),
        away_since=0,
    )
    state.bodies[body.id] = body
    state.enter(body, person.home)
    if person.purse > 0:
        move(state, MINT, purse(body.id), person.purse)
    asleep = (plan.clock.minute_of_day(0) - person.sleeps) % DAY < (person.wakes - person.sleeps) % DAY
    if asleep and person.home is not None:
        body.doing, body.until = "sleeping", plan.clock.until_minute(0, person.wakes)
        needs.pace(state, body, needs.ASLEEP_AT_HOME)
    state.wake_by(body, next_due(body, 0))
