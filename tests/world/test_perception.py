"""What an agent perceives, in the shape of the wire."""

from typing import Any

import orjson

from mqttown_contract.messages import Perceived
from mqttown_orchestrator.world.digest import dump
from mqttown_orchestrator.world.genesis import genesis
from mqttown_orchestrator.world.offers import offered, offers
from mqttown_orchestrator.world.perception import look, perceive
from mqttown_orchestrator.world.plan import Plan
from mqttown_orchestrator.world.streets import straight
from mqttown_orchestrator.world.surroundings import nearby, nearby_json


def test_everybody_perceives_in_the_shape_of_the_wire_and_changes_nothing(hand: Any) -> None:
    hand.stranger()
    hand.act("zoe", "move_to", to="bar-ankkuri")
    before = dump(hand.state)
    for agent in hand.state.bodies:
        Perceived.model_validate(perceive(hand.state, hand.plan, agent))
        offers(hand.state, hand.plan, agent)
    assert dump(hand.state) == before


def test_a_stranger_learns_of_a_cafe_that_is_open(hand: Any) -> None:
    hand.stranger()
    hand.pass_until(8 * 60)
    nearby = perceive(hand.state, hand.plan, "zoe")["location"]["nearby"]
    cafe = next(place for place in nearby if place["kind"] == "cafe")
    assert cafe == {
        "id": "cafe-satama",
        "kind": "cafe",
        "name": "Café Satama",
        "metres": 101,
        "open": True,
        "address": "Rantakatu 5",
    }
    assert nearby == sorted(nearby, key=lambda place: (place["metres"], place["id"]))


def test_a_worker_always_knows_home_and_work(hand: Any) -> None:
    near = {place["id"] for place in perceive(hand.state, hand.plan, "otto")["location"]["nearby"]}
    assert "konttori-tori" in near
    hand.pass_until(9 * 60)
    hand.walk("otto", "konttori-tori")
    seen = perceive(hand.state, hand.plan, "otto")
    assert "rantakatu-1" in {place["id"] for place in seen["location"]["nearby"]}
    assert seen["self"]["job"]["shift"] == {"from": "09:00", "to": "17:00"}
    assert seen["self"]["owns"] == []


def test_a_cafe_tells_what_it_sells(hand: Any) -> None:
    hand.stranger()
    hand.pass_until(8 * 60)
    hand.walk("zoe", "cafe-satama")
    here = perceive(hand.state, hand.plan, "zoe")["location"]["here"]
    assert here["open"] is True
    assert here["sells"][0] == {"item": "coffee", "name": "coffee", "price": 320, "stock": 80}


def test_the_32_nearest_are_seen_and_the_rest_counted(hand: Any) -> None:
    for number in range(40):
        hand.stranger(f"a{number:02d}")
    observation, more = look(hand.state, hand.plan, "a00")
    assert [other["id"] for other in observation["visible_agents"]][:2] == ["a01", "a02"]
    assert len(observation["visible_agents"]) == 32
    assert more == {"visible_agents": 7}
    assert observation["visible_agents"][0]["doing"] == "absent"


def test_the_nearest_places_are_those_found_by_looking_at_all(plan: Plan) -> None:
    public = [house for house in plan.buildings.values() if house.kind not in {"home", "other"}]
    body = genesis(plan, 1).bodies["otto"]
    for house in plan.buildings.values():
        body.building = house.id
        others = sorted((straight(house.door, other.door) // 100, other.id) for other in public if other.id != house.id)
        told = [(place["metres"], place["id"]) for place in nearby(plan, body, 600)]
        assert set(others[:12]) <= set(told)
        for kind in ("cafe", "restaurant", "shop", "park"):
            is_open = (near for near in others if plan.buildings[near[1]].kind == kind and plan.is_open(near[1], 600) is not False)
            nearest = next(is_open, None)
            assert nearest is None or nearest in told
        assert [orjson.loads(orjson.dumps(place)) for place in nearby_json(plan, body, 600)] == nearby(plan, body, 600)


def test_metres_in_the_open(hand: Any) -> None:
    for agent, x in (("zoe", 12_000), ("yan", 14_500)):
        body = hand.stranger(agent)
        hand.state.put(body, None)
        body.x, body.y, body.anchors = x, 12_000, [[6, x - 12_000], [7, 22_000 - x]]
    (seen,) = perceive(hand.state, hand.plan, "zoe")["visible_agents"]
    assert (seen["id"], seen["metres"]) == ("yan", 25.0)
    assert perceive(hand.state, hand.plan, "zoe")["location"]["district"] == "ranta"


def test_the_names_of_offers_are_those_of_the_whole_offers(hand: Any) -> None:
    for number in range(3):
        hand.stranger(f"a{number}")
    hand.act("a0", "move_to", to="bar-ankkuri")
    for minute in range(6 * 60 + 10, 24 * 60, 90):
        hand.pass_until(minute)
        hand.act("otto", "sleep" if minute > 20 * 60 else "move_to", **({} if minute > 20 * 60 else {"to": "konttori-tori"}))
        for agent in hand.state.bodies:
            assert offered(hand.state, hand.plan, agent) == [offer["action"] for offer in offers(hand.state, hand.plan, agent)]
