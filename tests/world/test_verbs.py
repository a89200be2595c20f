"""Each verb: what it does, and each way in which it says no."""

from typing import Any

import jsonschema
import pytest

from mqttown_contract.errors import Code
from mqttown_orchestrator.world.needs import level
from mqttown_orchestrator.world.offers import offers
from mqttown_orchestrator.world.plan import Plan
from mqttown_orchestrator.world.verbs.rule import meant, similar

MORNING, NOON, EVENING = 8 * 60, 12 * 60, 20 * 60


def refused(hand: Any, agent: str, verb: str, **parameters: Any) -> tuple[str | None, Any]:
    """Path and allowed of a `not_possible`, which must say why in a sentence."""
    decision = hand.act(agent, verb, **parameters)
    assert decision.refusal is not None, decision
    assert decision.refusal.code == Code.NOT_POSSIBLE
    assert decision.refusal.detail.endswith(".") or decision.refusal.detail.endswith("?")
    return decision.refusal.path, decision.refusal.allowed


def offered(hand: Any, agent: str) -> dict[str, Any]:
    """Schemas of what is offered, each a valid schema."""
    found = {offer["action"]: offer["parameters"] for offer in offers(hand.state, hand.plan, agent)}
    for schema in found.values():
        jsonschema.Draft202012Validator.check_schema(schema)
    return found


# --- move_to ---------------------------------------------------------------------------------------


def test_a_walk_takes_its_time_and_ends_inside(hand: Any) -> None:
    hand.stranger()
    hand.pass_until(MORNING)
    decision = hand.act("zoe", "move_to", to="cafe-satama")
    (departed,) = hand.events("departed", "zoe")
    assert decision.events == (departed.id,)
    metres = departed.data["metres"]
    assert departed.data["arrives_tick"] - departed.tick == -(-metres // 84)
    hand.pass_ticks(departed.data["arrives_tick"] - departed.tick)
    (arrived,) = hand.events("arrived", "zoe")
    assert arrived.cause == departed.id
    assert arrived.building == "cafe-satama"
    assert hand.happened[-1].news["zoe"] == {"arrived"}


def test_a_closed_place_and_a_strange_home_leave_one_outside(hand: Any) -> None:
    hand.stranger()
    hand.walk("zoe", "cafe-satama")
    assert hand.state.bodies["zoe"].building is None
    path, allowed = refused(hand, "zoe", "move_to", to="cafe-satama")
    assert path == "parameters.to"
    assert "museo" in allowed
    hand.pass_until(MORNING)
    hand.walk("zoe", "cafe-satama")
    assert hand.state.bodies["zoe"].building == "cafe-satama"


def test_a_home_opens_while_somebody_who_lives_there_is_up(hand: Any) -> None:
    hand.stranger()
    hand.walk("zoe", "rantakatu-1")
    assert hand.state.bodies["zoe"].building is None
    hand.pass_until(7 * 60)
    hand.act("zoe", "move_to", to="rantakatu-1")
    hand.pass_ticks(2)
    assert hand.state.bodies["zoe"].building == "rantakatu-1"


def test_a_walk_can_be_turned_in_the_middle_of_a_street(hand: Any) -> None:
    hand.stranger()
    hand.act("zoe", "move_to", to="bar-ankkuri")
    hand.pass_ticks(2)
    decision = hand.act("zoe", "move_to", to="puisto")
    stopped, departed = (event for event in hand.happened[-1].events if event.id in decision.events)
    assert (stopped.kind, departed.kind) == ("stopped", "departed")
    assert stopped.cause == hand.events("departed", "zoe")[0].id
    assert departed.data["metres"] == pytest.approx(3 * 84, abs=0.1)
    hand.pass_ticks(3)
    assert hand.state.bodies["zoe"].building == "puisto"


def test_one_can_walk_to_somebody(hand: Any) -> None:
    hand.stranger()
    hand.stranger("yan")
    hand.act("yan", "move_to", to="bar-ankkuri")
    hand.pass_ticks(1)
    hand.act("yan", "work")
    hand.act("zoe", "move_to", to="yan")
    goal = hand.events("departed", "zoe")[0].data
    assert goal["to"] is None
    while hand.state.bodies["zoe"].doing == "walking":
        hand.step()
    assert [hand.state.bodies["zoe"].x / 100, hand.state.bodies["zoe"].y / 100] == goal["path"][-1]
    hand.walk("yan", "zoe")
    assert hand.state.bodies["yan"].building is None
    assert refused(hand, "yan", "move_to", to="zoe")[0] == "parameters.to"


@pytest.mark.parametrize("to", ["zoe", "puisto", "cafe-satana", "nowhere-at-all"])
def test_where_one_cannot_walk(hand: Any, to: str) -> None:
    hand.stranger()
    path, allowed = refused(hand, "zoe", "move_to", to=to)
    assert path == "parameters.to"
    assert allowed
    assert to != "cafe-satana" or allowed[0] == "cafe-satama"


def test_no_street_leads_there(hand: Any, tiny_town: Any) -> None:
    tiny_town["streets"]["nodes"].append([99_000, 99_000])
    tiny_town["streets"]["node_district"].append(1)
    next(row for row in tiny_town["buildings"] if row["id"] == "museo")["node"] = 20
    world = type(hand)(Plan.from_json(tiny_town))
    world.stranger()
    assert refused(world, "zoe", "move_to", to="museo")[0] == "parameters.to"


def test_every_place_is_offered_by_a_known_id(hand: Any) -> None:
    hand.stranger()
    for to in offered(hand, "zoe")["move_to"]["properties"]["to"]["examples"]:
        assert hand.act("zoe", "move_to", to=to).status == "accepted"


# --- say -------------------------------------------------------------------------------------------


def test_words_are_heard_in_the_same_building_by_those_awake(hand: Any) -> None:
    hand.pass_until(6 * 60 + 30)
    assert hand.state.bodies["otto"].doing == "sleeping"
    hand.act("aino", "say", text="Good morning!")
    assert hand.events("said")[-1].witnesses == ["aino"]
    hand.pass_until(7 * 60)
    before = level(hand.state.bodies["otto"].needs["company"], hand.state.tick)
    hand.act("aino", "say", text="Good morning!")
    said = hand.events("said")[-1]
    assert said.witnesses == ["aino", "otto"]
    assert said.data == {"text": "Good morning!", "to": None}
    assert hand.happened[-1].news["otto"] == {"message"}
    assert level(hand.state.bodies["otto"].needs["company"], hand.state.tick) > before


def test_a_whisper_reaches_only_whom_it_is_for(hand: Any) -> None:
    for agent in ("zoe", "yan", "xia"):
        hand.stranger(agent)
    hand.act("zoe", "say", text="Psst.", to=["xia"])
    assert hand.events("said")[-1].witnesses == ["zoe", "xia"]
    assert "yan" not in hand.happened[-1].news


def test_words_carry_15_m_in_the_open(hand: Any) -> None:
    hand.stranger("zoe")
    hand.stranger("yan")
    for agent, x in (("zoe", 12_000), ("yan", 13_500)):
        body = hand.state.bodies[agent]
        hand.state.put(body, None)
        body.x, body.y, body.anchors = x, 12_000, [[6, x - 12_000], [7, 22_000 - x]]
    hand.act("zoe", "say", text="Hello?")
    assert hand.events("said")[-1].witnesses == ["zoe", "yan"]
    hand.state.bodies["yan"].x += 1
    hand.act("zoe", "say", text="Hello?")
    assert hand.events("said")[-1].witnesses == ["zoe"]


def test_words_reach_the_32_nearest(hand: Any) -> None:
    for number in range(40):
        hand.stranger(f"a{number:02d}")
    hand.act("a20", "say", text="Hello all!")
    heard = hand.events("said")[-1].witnesses
    assert len(heard) == 33
    assert heard[:5] == ["a20", "a19", "a21", "a18", "a22"]
    assert hand.act("a20", "say", text="You too!", to=["a39"]).status == "accepted"


@pytest.mark.parametrize("who", ["zoe", "aino", "nobody-here"])
def test_a_whisper_to_somebody_out_of_earshot(hand: Any, who: str) -> None:
    hand.stranger("zoe")
    hand.stranger("yan")
    assert refused(hand, "zoe", "say", text="Psst.", to=["yan", who]) == ("parameters.to[1]", ["yan"])


def test_only_what_was_witnessed_can_be_passed_on(hand: Any) -> None:
    for agent in ("zoe", "yan", "xia"):
        hand.stranger(agent)
    hand.act("zoe", "say", text="The museum is free today.", to=["yan"])
    told = hand.events("said")[-1].id
    assert refused(hand, "xia", "say", text="I heard …", about=[told])[0] == "parameters.about[0]"
    assert hand.act("yan", "say", text="Zoe says: free museum.", to=["xia"], about=[told]).status == "accepted"
    assert hand.events("said")[-1].about == [told]
    assert hand.act("xia", "say", text="Free museum!", about=[hand.events("said")[-1].id]).status == "accepted"


def test_sleepers_neither_speak_nor_trade(hand: Any) -> None:
    attempts: dict[str, dict[str, Any]] = {
        "say": {"text": "Zzz"},
        "buy": {"item": "coffee"},
        "give": {"to": "aino", "amount": 1},
        "claim": {"building": "museo"},
    }
    for verb, parameters in attempts.items():
        assert refused(hand, "otto", verb, **parameters)[1] == ["move_to", "work", "eat", "sleep", "wait"]
    assert set(offered(hand, "otto")) == {"move_to", "wait"}


# --- wait ------------------------------------------------------------------------------------------


def test_waiting_ends_with_news_and_is_no_news_itself(hand: Any) -> None:
    hand.stranger()
    hand.act("zoe", "wait", ticks=3)
    assert "zoe" not in hand.happened[-1].news
    hand.pass_ticks(2)
    assert "zoe" not in hand.happened[-1].news
    hand.step()
    assert hand.happened[-1].news["zoe"] == {"ended"}


def test_waiting_changes_nothing_about_a_walk(hand: Any) -> None:
    hand.stranger()
    hand.act("zoe", "move_to", to="bar-ankkuri")
    until = hand.state.bodies["zoe"].until
    hand.act("zoe", "wait")
    assert hand.state.bodies["zoe"].waits_until is None
    hand.act("zoe", "wait", ticks=1)
    hand.step()
    assert hand.happened[-1].news["zoe"] == {"ended"}
    assert hand.state.bodies["zoe"].until == until
    assert hand.state.bodies["zoe"].doing == "walking"


# --- work ------------------------------------------------------------------------------------------


def test_a_shift_is_paid_to_its_end_from_the_till(hand: Any) -> None:
    hand.pass_until(6 * 60 + 40)
    hand.walk("aino", "cafe-satama")
    till = hand.state.account("till:cafe-satama")
    hand.act("aino", "work")
    (started,) = hand.events("started_work", "aino")
    hand.pass_until(15 * 60)
    (finished,) = hand.events("finished_work", "aino")
    minutes = finished.tick - started.tick
    wage = 1450 * minutes // 60
    assert finished.data == {"job": "barista-satama", "minutes": minutes, "wage": wage}
    assert finished.cause == started.id
    (paid,) = (event for event in hand.events("paid", "aino") if event.data["why"] == "wage")
    assert paid.cause == finished.id
    assert hand.purse("aino") == 18_000 + wage
    assert hand.state.account("till:cafe-satama") == till - wage
    assert hand.happened[-1].news["aino"] == {"ended"}


def test_work_broken_off_is_paid_by_the_minute(hand: Any) -> None:
    hand.pass_until(9 * 60)
    hand.walk("otto", "konttori-tori")
    hand.act("otto", "work")
    hand.pass_ticks(29)
    treasury = hand.state.account("treasury")
    hand.act("otto", "move_to", to="puisto")
    assert hand.events("finished_work", "otto")[0].data["minutes"] == 30
    assert hand.purse("otto") == 26_000 + 950
    assert hand.state.account("treasury") == treasury - 950


def test_where_and_when_one_cannot_work(hand: Any) -> None:
    hand.stranger()
    refused(hand, "zoe", "work")
    assert refused(hand, "aino", "work")[1] == {"move_to": "cafe-satama"}
    hand.walk("otto", "konttori-tori")
    assert refused(hand, "otto", "work")[1] == {"from": "09:00", "to": "17:00", "days": [0, 1, 2, 3, 4]}
    hand.pass_until(8 * 60 + 30)
    assert "work" in offered(hand, "otto")
    assert hand.act("otto", "work").status == "accepted"
    refused(hand, "otto", "work")
    assert "work" not in offered(hand, "otto")


# --- buy and eat -----------------------------------------------------------------------------------


def in_the_cafe(hand: Any) -> None:
    hand.stranger()
    hand.pass_until(MORNING)
    hand.walk("zoe", "cafe-satama")


def test_buying_and_eating(hand: Any) -> None:
    in_the_cafe(hand)
    assert offered(hand, "zoe")["buy"]["properties"]["item"]["enum"] == ["coffee", "pulla", "salmon-soup"]
    hand.act("zoe", "buy", item="salmon-soup", quantity=2)
    assert hand.events("bought", "zoe")[0].data == {"item": "salmon-soup", "quantity": 2, "price": 2500}
    assert hand.purse("zoe") == 7500
    assert hand.state.stock["cafe-satama"]["salmon-soup"] == 18
    assert hand.state.account("till:cafe-satama") == 52_500
    hand.state.bodies["zoe"].needs["food"].value = 300
    before = level(hand.state.bodies["zoe"].needs["food"], hand.state.tick)
    hand.act("zoe", "eat")
    assert hand.state.bodies["zoe"].inventory == {"salmon-soup": 1}
    hand.pass_ticks(25)
    (finished,) = hand.events("finished_meal", "zoe")
    assert finished.cause == hand.events("ate", "zoe")[0].id
    assert finished.data == {"item": "salmon-soup", "minutes": 25}
    assert level(hand.state.bodies["zoe"].needs["food"], hand.state.tick) == pytest.approx(before + 600, abs=25)


def test_a_meal_broken_off_restores_its_share(hand: Any) -> None:
    in_the_cafe(hand)
    hand.act("zoe", "buy", item="salmon-soup")
    hand.state.bodies["zoe"].needs["food"].value = 200
    hand.act("zoe", "eat", item="salmon-soup")
    hand.pass_ticks(4)
    before = level(hand.state.bodies["zoe"].needs["food"], hand.state.tick)
    hand.act("zoe", "move_to", to="puisto")
    assert level(hand.state.bodies["zoe"].needs["food"], hand.state.tick) == pytest.approx(before + 120, abs=2)


def test_what_cannot_be_bought(hand: Any) -> None:
    hand.stranger()
    assert refused(hand, "zoe", "buy", item="coffee") == (None, None)
    hand.pass_until(MORNING)
    hand.walk("zoe", "cafe-satama")
    assert refused(hand, "zoe", "buy", item="beer") == ("parameters.item", ["coffee", "pulla", "salmon-soup"])
    assert refused(hand, "zoe", "buy", item="pulla", quantity=41) == ("parameters.quantity", {"maximum": 40})
    assert refused(hand, "zoe", "buy", item="salmon-soup", quantity=9) == ("parameters.quantity", {"maximum": 8})
    hand.pass_until(EVENING + 1)
    refused(hand, "zoe", "buy", item="coffee")
    assert "buy" not in offered(hand, "zoe")


def test_what_cannot_be_eaten(hand: Any) -> None:
    hand.stranger()
    assert refused(hand, "zoe", "eat") == (None, None)
    hand.state.bodies["zoe"].inventory = {"postcard": 1, "pulla": 1}
    assert refused(hand, "zoe", "eat", item="beer") == ("parameters.item", ["pulla"])
    assert refused(hand, "zoe", "eat", item="postcard") == ("parameters.item", ["pulla"])
    assert offered(hand, "zoe")["eat"]["properties"]["item"]["enum"] == ["pulla"]


# --- sleep -----------------------------------------------------------------------------------------


def test_sleep_restores_faster_at_home(hand: Any) -> None:
    hand.stranger()
    hand.pass_until(NOON)
    for agent in ("zoe", "aino"):
        hand.state.bodies[agent].needs["energy"].value = 600
        hand.state.bodies[agent].needs["energy"].since = hand.state.tick
        assert hand.act(agent, "sleep").status == "accepted"
    hand.pass_ticks(60)
    levels = [level(hand.state.bodies[agent].needs["energy"], hand.state.tick) for agent in ("zoe", "aino")]
    assert levels == [pytest.approx(661, abs=3), pytest.approx(700, abs=3)]
    hand.pass_ticks(181)
    assert hand.events("woke", "aino")[-1].cause == hand.events("fell_asleep", "aino")[0].id
    assert level(hand.state.bodies["aino"].needs["energy"], hand.state.tick) == pytest.approx(1000, abs=2)


def test_sleep_until_a_time(hand: Any) -> None:
    hand.pass_until(NOON)
    hand.act("aino", "sleep", until="13:30")
    (asleep,) = hand.events("fell_asleep", "aino")
    assert hand.plan.clock.text(asleep.data["until_tick"]).endswith("13:30:00")


def test_where_one_cannot_sleep(hand: Any) -> None:
    hand.pass_until(MORNING)
    hand.walk("aino", "cafe-satama")
    assert refused(hand, "aino", "sleep")[1] == ["rantakatu-1", "puisto"]
    hand.stranger()
    hand.state.bodies["zoe"].needs["energy"].value = 1000
    hand.state.bodies["zoe"].needs["energy"].since = hand.state.tick + 1
    assert refused(hand, "zoe", "sleep") == ("parameters.until", "HH:MM")
    assert hand.act("zoe", "sleep", until="22:00").status == "accepted"
    refused(hand, "zoe", "sleep", until="22:00")


# --- give ------------------------------------------------------------------------------------------


def test_giving_money_and_things(hand: Any) -> None:
    hand.stranger("zoe")
    hand.stranger("yan")
    hand.state.bodies["zoe"].inventory = {"pulla": 1}
    schema = offered(hand, "zoe")["give"]["properties"]
    assert (schema["to"]["enum"], schema["item"]["enum"], schema["amount"]["maximum"]) == (["yan"], ["pulla"], 10_000)
    hand.act("zoe", "give", to="yan", amount=2500)
    assert (hand.purse("zoe"), hand.purse("yan")) == (7500, 12_500)
    assert "gift" in hand.happened[-1].news["yan"]
    hand.act("zoe", "give", to="yan", item="pulla")
    assert hand.state.bodies["yan"].inventory == {"pulla": 1}
    assert hand.state.bodies["zoe"].inventory == {}


def test_what_cannot_be_given(hand: Any) -> None:
    hand.stranger("zoe")
    hand.stranger("yan")
    assert refused(hand, "zoe", "give", to="aino", amount=1) == ("parameters.to", ["yan"])
    assert refused(hand, "zoe", "give", to="zoe", amount=1) == ("parameters.to", ["yan"])
    assert refused(hand, "zoe", "give", to="yan", amount=10_001) == ("parameters.amount", {"maximum": 10_000})
    assert refused(hand, "zoe", "give", to="yan", item="pulla") == ("parameters.item", [])


# --- claim -----------------------------------------------------------------------------------------


def test_claiming_what_nobody_owns(hand: Any) -> None:
    hand.stranger(purse=50_000)
    hand.pass_until(11 * 60)
    assert refused(hand, "zoe", "claim", building="kirjakauppa-lehti")[0] == "parameters.building"
    hand.walk("zoe", "kirjakauppa-lehti")
    assert offered(hand, "zoe")["claim"]["properties"]["building"]["enum"] == ["kirjakauppa-lehti"]
    treasury = hand.state.account("treasury")
    hand.act("zoe", "claim", building="kirjakauppa-lehti")
    assert hand.state.owner["kirjakauppa-lehti"] == "zoe"
    assert hand.purse("zoe") == 10_000
    assert hand.state.account("treasury") == treasury + 40_000
    assert refused(hand, "zoe", "claim", building="kirjakauppa-lehti")[0] == "parameters.building"


def test_what_cannot_be_claimed(hand: Any) -> None:
    hand.stranger(purse=20_000)
    for building in ("nowhere", "museo", "rantakatu-1", "kulmakauppa"):
        assert refused(hand, "zoe", "claim", building=building)[0] == "parameters.building"


# --- all -------------------------------------------------------------------------------------------


def test_codes_before_the_rules(hand: Any) -> None:
    hand.stranger()
    unknown = hand.act("zoe", "moveto", to="museo").refusal
    assert (unknown.code, unknown.path) == (Code.UNKNOWN_ACTION, "action")
    assert "move_to" in unknown.detail
    bad = hand.act("zoe", "move_to", to="Not An Id").refusal
    assert (bad.code, bad.path) == (Code.BAD_PARAMETERS, "parameters.to")
    extra = hand.act("zoe", "wait", ticks=2, why="rest").refusal
    assert (extra.code, extra.path) == (Code.BAD_PARAMETERS, "parameters.why")
    late = hand.act("zoe", "wait", expires_tick=hand.state.tick).refusal
    assert (late.code, late.allowed) == (Code.TOO_LATE, hand.state.tick)
    assert hand.act("zoe", "wait", expires_tick=hand.state.tick + 1).refusal is None


def test_a_body_that_is_not_there_cannot_act(hand: Any) -> None:
    assert hand.act("ghost", "wait").refusal.code == Code.NOT_ALLOWED


def test_a_near_miss_is_told_what_may_have_been_meant() -> None:
    known = ["anna", "bert", "pulla", *(f"a{number:05}" for number in range(100_000))]
    assert similar("ana", known) == ["anna"]
    assert similar("pula", known) == ["pulla"]
    assert similar("zzz", known) == []
    assert meant(["anna", "bert"]) == " Do you mean anna?"
    assert meant([]) == ""
