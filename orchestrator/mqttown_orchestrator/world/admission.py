"""What the town decides about an agent: to give it a body or take it, to know it is there, to let it own."""

from typing import Final

from mqttown_contract.errors import Refusal
from mqttown_orchestrator.world import needs
from mqttown_orchestrator.world.absence import GRACE
from mqttown_orchestrator.world.activities import finish
from mqttown_orchestrator.world.inputs import TownInput
from mqttown_orchestrator.world.interventions import intervene
from mqttown_orchestrator.world.money import MINT, TREASURY, move, pay, purse
from mqttown_orchestrator.world.motion import Goal, at_door
from mqttown_orchestrator.world.state import Body
from mqttown_orchestrator.world.streets import straight
from mqttown_orchestrator.world.turn import Answered, Turn
from mqttown_orchestrator.world.verbs.claim import acquire, forbidden
from mqttown_orchestrator.world.verbs.rule import no

__all__ = ["PURSE", "admit"]

PURSE: Final = 10_000
"""Cents that a newcomer gets if nothing else is said."""


def admit(turn: Turn, entry: TownInput) -> None:
    """Do one town input, and answer it."""
    body = turn.state.bodies.get(entry.agent)
    if entry.kind == "intervene":
        refusal = intervene(turn, entry.data)
    elif entry.kind == "register":
        refusal = _register(turn, entry) if body is None else no(f"{entry.agent} has a body already.")
    elif body is None:
        refusal = no(f"{entry.agent} has no body in this town.")
    elif entry.kind == "revoke":
        refusal = _revoke(turn, body)
    elif entry.kind == "claim_for":
        refusal = _claim_for(turn, body, str(entry.data.get("building")))
    else:
        refusal = _came(turn, body) if entry.kind == "came" else _left(turn, body)
    turn.happened.answers.append(Answered(entry.kind, entry.agent, refusal))


def _register(turn: Turn, entry: TownInput) -> Refusal | None:
    state, plan = turn.state, turn.plan
    home = entry.data.get("home")
    if home is not None and (home not in plan.buildings or not plan.buildings[home].private):
        return no(f"There is no home {home}.", "parameters.home")
    if home is not None and home in state.owner:
        return no(f"{home} belongs to {state.owner[home]}.", "parameters.home")
    if entry.data.get("job") not in (None, *plan.jobs):
        return no(f"There is no job {entry.data['job']}.", "parameters.job", list(plan.jobs))
    district = entry.data.get("district") or (None if home is None else plan.buildings[home].district)
    if district is None:
        district = plan.district_ids[turn.luck.below(len(plan.districts), "district", entry.agent)]
    if district not in plan.districts:
        return no(f"There is no district {district}.", "parameters.district", plan.district_ids)
    place = at_door(plan, home) if home is not None else _arrival(turn, district, entry.agent)
    amount, job = entry.data.get("purse", PURSE), entry.data.get("job")
    body = Body(
        id=entry.agent,
        name=entry.data.get("name") or entry.agent,
        kind=entry.data.get("kind", "external"),
        home_district=district,
        home=home,
        job=job,
        building=None,
        x=place.point[0],
        y=place.point[1],
        anchors=place.anchors,
        needs=needs.fresh(turn.tick),
        began=turn.tick,
        away_since=turn.tick,
    )
    state.bodies[body.id] = body
    state.enter(body, place.building)
    state.wake_by(body, needs.next_crossing(body, turn.tick))
    x, y = place.point
    data = {"name": body.name, "home": home, "x": x / 100, "y": y / 100, "purse": amount, **({"job": job} if job else {})}
    told = turn.event("registered", body, data)
    if amount > 0:
        pay(turn, body, MINT, purse(body.id), amount, "endowment", cause=told)
    return None


def _arrival(turn: Turn, district: str, agent: str) -> Goal:
    """Where a newcomer without a home appears: a park of the district, else a street corner near its middle; drawn by luck."""
    plan = turn.plan
    parks = sorted(house.id for house in plan.buildings.values() if house.kind == "park" and house.district == district)
    if parks:
        return at_door(plan, parks[turn.luck.below(len(parks), "arrival", agent)])
    centre = plan.centres[district]
    corners = sorted(
        (straight(point, centre), node) for node, point in enumerate(plan.streets.nodes) if plan.district_of(node) == district
    ) or sorted((straight(point, centre), node) for node, point in enumerate(plan.streets.nodes))
    node = corners[turn.luck.below(min(8, len(corners)), "arrival", agent)][1]
    return Goal(None, plan.streets.nodes[node], [[node, 0]])


def _revoke(turn: Turn, body: Body) -> Refusal | None:
    """The body leaves; its money goes to the treasury, and what it owned is nobody's again."""
    finish(turn, body)
    rest = turn.state.account(purse(body.id))
    turn.event("revoked", body, {"purse": rest})
    if rest > 0:
        move(turn.state, purse(body.id), TREASURY, rest)
    turn.state.accounts.pop(purse(body.id), None)
    turn.state.disown(body.id)
    turn.state.take_out(body)
    turn.happened.news.pop(body.id, None)
    return None


def _claim_for(turn: Turn, body: Body, building: str) -> Refusal | None:
    refusal = forbidden(turn.state, turn.plan, body, building)
    if refusal is None:
        acquire(turn, body, building, None)
        turn.news(body.id, "claimed")
    return refusal


def _came(turn: Turn, body: Body) -> Refusal | None:
    if body.away_since is not None:
        body.away_since = None
        turn.event("came", body, {})
    turn.news(body.id, "hello")
    return None


def _left(turn: Turn, body: Body) -> Refusal | None:
    if body.away_since is None:
        body.away_since = turn.tick
        turn.event("left", body, {})
        turn.state.wake_by(body, turn.tick + GRACE)
    return None
