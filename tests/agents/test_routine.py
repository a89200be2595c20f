"""What one resident does in hand-made situations."""

from typing import Any

import pytest

from mqttown_agents.population import routine_minds
from mqttown_agents.routine import Routine
from mqttown_contract.messages import Action
from mqttown_contract.verbs import VERBS

OTTO = {"id": "otto", "name": "Otto Laine", "doing": "idle"}
STRANGER = {"id": "mira", "name": "Mira", "doing": "idle"}
CAFE = {
    "id": "cafe-satama", "kind": "cafe", "name": "Café Satama", "open": True, "owner": None, "price": None,
    "sells": [{"item": "salmon-soup", "name": "salmon soup", "price": 1250, "stock": 3}],
}  # fmt: skip


@pytest.fixture
def aino(minds: dict[str, Routine]) -> Routine:
    return minds["aino"]


def said(text: str, event: str = "e-359-0", by: str = "mira", to: list[str] | None = None, tick: int = 359) -> dict[str, Any]:
    return {"event": event, "from": by, "text": text, "tick": tick, "to": to, "about": []}


def test_an_action_is_one_of_the_wire(aino: Routine, observe: Any) -> None:
    action = aino.decide(observe(), [])
    Action.model_validate(action)
    VERBS[action["action"]].parameters.model_validate(action["parameters"])
    assert action["observation_id"] == "o-360-aino-1"


def test_action_ids_differ_within_a_tick_and_over_generations(aino: Routine, observe: Any) -> None:
    first, second = aino.decide(observe(), [])["id"], aino.decide(observe(), [])["id"]
    third = aino.decide(observe() | {"generation": 2}, [])["id"]
    assert len({first, second, third}) == 3


def test_one_goes_to_work_in_time_and_works(aino: Routine, observe: Any) -> None:
    going = aino.decide(observe(tick=55, time="2026-03-02T06:55:00", works=True), [])
    assert (going["action"], going["parameters"]) == ("move_to", {"to": "cafe-satama"})
    there = observe(
        tick=58, time="2026-03-02T06:58:00", works=True, building="cafe-satama", here=CAFE, verbs=("wait", "work", "say")
    )
    assert aino.decide(there, [])["action"] == "work"


def test_one_waits_no_longer_than_until_it_is_time_to_go_to_work(aino: Routine, observe: Any) -> None:
    action = aino.decide(observe(tick=45, time="2026-03-02T06:45:00", works=True), [])
    assert (action["action"], action["parameters"]) == ("wait", {"ticks": 8})


def test_one_stays_away_from_work_on_a_free_day(aino: Routine, observe: Any) -> None:
    action = aino.decide(observe(tick=50, time="2026-03-08T06:55:00", works=True), [])
    assert action["parameters"].get("to") != "cafe-satama" or action["action"] != "move_to"


def test_lunch_is_walked_to_bought_and_eaten(aino: Routine, observe: Any) -> None:
    hungry = {"energy": 0.9, "food": 0.4, "company": 0.9}
    going = aino.decide(observe(needs=hungry), [])
    assert going["action"] == "move_to"
    assert going["parameters"]["to"] in ("cafe-satama", "ravintola-meri")
    in_cafe = {"building": "cafe-satama", "here": CAFE, "needs": hungry}
    buying = aino.decide(observe(tick=365, **in_cafe), [])
    assert (buying["action"], buying["parameters"]) == ("buy", {"item": "salmon-soup"})
    soup = [{"item": "salmon-soup", "name": "salmon soup", "quantity": 1}]
    eating = aino.decide(observe(tick=366, inventory=soup, **in_cafe), [])
    assert (eating["action"], eating["parameters"]) == ("eat", {"item": "salmon-soup"})


def test_who_works_is_told_when_lunch_is_due(aino: Routine, observe: Any) -> None:
    action = aino.decide(
        observe(tick=60, time="2026-03-02T07:00:00", works=True, doing="working", building="cafe-satama", here=CAFE), []
    )
    assert action["action"] == "wait"
    assert 255 <= action["parameters"]["ticks"] <= 345


def test_the_night_is_for_sleep_at_home(aino: Routine, observe: Any) -> None:
    late = "2026-03-02T23:00:00"
    assert aino.decide(observe(tick=1020, time=late), [])["parameters"] == {"until": "06:10"}
    away = aino.decide(observe(tick=1021, time=late, building="cafe-satama", here=CAFE), [])
    assert (away["action"], away["parameters"]) == ("move_to", {"to": "rantakatu-1"})


def test_a_sleeper_lets_everything_pass(aino: Routine, observe: Any) -> None:
    action = aino.decide(observe(doing="sleeping", visible=[OTTO], messages=[said("Aino?", to=["aino"])]), [])
    assert (action["action"], action["parameters"]) == ("wait", {})


def test_what_the_world_refuses_again_and_again_is_left_alone(aino: Routine, observe: Any) -> None:
    late = "2026-03-02T23:00:00"
    tried = [aino.decide(observe(tick=1020 + number, time=late), [])["action"] for number in range(4)]
    assert tried[:2] == ["sleep", "sleep"]
    assert "sleep" not in tried[2:]


def test_people_are_greeted_once_in_hours(aino: Routine, observe: Any) -> None:
    words = [aino.decide(observe(tick=360 + number, visible=[OTTO]), []) for number in range(12)]
    greetings = [action for action in words if action["parameters"].get("text") == "There you are, dear."]
    assert len(greetings) == 1
    assert greetings[0]["parameters"]["to"] == ["otto"]


def test_who_asks_is_answered(aino: Routine, observe: Any) -> None:
    action = aino.decide(observe(visible=[OTTO], messages=[said("How are you, Aino?", by="otto", to=["aino"])]), [])
    assert action["parameters"] == {"text": "Very well, thank you.", "to": ["otto"]}


def test_a_gift_is_thanked_for(aino: Routine, observe: Any) -> None:
    gift = {"id": "e-360-3", "kind": "gave", "tick": 360, "agent": "otto", "data": {"to": "aino", "item": "pulla", "amount": None}}
    action = aino.decide(observe(visible=[OTTO], events=[gift]), [])
    assert "cardamom bun" in action["parameters"]["text"]


def test_what_one_is_told_travels_word_for_word_with_its_source(aino: Routine, observe: Any) -> None:
    secret = "Zorbl has painted the seventh lamp green"
    aino.decide(observe(tick=360, visible=[STRANGER], messages=[said(secret, event="e-359-7", to=["aino"])]), [])
    later = [aino.decide(observe(tick=400 + number, visible=[OTTO]), []) for number in range(6)]
    told = [action["parameters"] for action in later if secret in action["parameters"].get("text", "")]
    assert len(told) == 1
    assert told[0]["about"] == ["e-359-7"]
    assert told[0]["to"] == ["otto"]
    assert "Mira" in told[0]["text"]


def test_news_are_recalled_after_a_restart(aino: Routine, observe: Any) -> None:
    met = observe(tick=400, visible=[OTTO])
    question = aino.question(met)
    assert question is not None
    assert "Otto" in question.query
    memory = {
        "id": "m-e-359-7", "kind": "message", "text": 'Mira said to me: "Zorbl has painted the seventh lamp green"', "tick": 359,
        "evidence": ["e-359-7"],
    }  # fmt: skip
    actions = [aino.decide(met, [memory])] + [aino.decide(observe(tick=401 + number, visible=[OTTO]), []) for number in range(4)]
    told = [action["parameters"] for action in actions if "Zorbl" in action["parameters"].get("text", "")]
    assert told[0]["about"] == ["e-359-7"]


def test_nobody_is_asked_about_twice_in_an_encounter(aino: Routine, observe: Any) -> None:
    assert aino.question(observe(tick=400, visible=[OTTO])) is not None
    assert aino.question(observe(tick=410, visible=[OTTO])) is None


def test_an_offer_to_trade_is_kept_only_once_paid(tiny_town: Any, observe: Any) -> None:
    aino = routine_minds(tiny_town, seed=1)["aino"]
    buns = [{"item": "pulla", "name": "cardamom bun", "quantity": 2}]
    asked = said("Would you sell me your cardamom bun for 3.50 €?", by="otto", to=["aino"])
    agreed = aino.decide(observe(tick=360, visible=[OTTO], inventory=buns, messages=[asked]), [])
    assert agreed["parameters"]["text"] == "It's a deal."
    paid = {"id": "e-361-3", "kind": "gave", "tick": 361, "agent": "otto", "data": {"to": "aino", "item": None, "amount": 350}}
    handed = aino.decide(observe(tick=361, visible=[OTTO], inventory=buns, events=[paid]), [])
    assert (handed["action"], handed["parameters"]) == ("give", {"to": "otto", "item": "pulla"})


def test_with_talking_switched_off_nobody_speaks(tiny_town: Any, observe: Any) -> None:
    aino = routine_minds(tiny_town, seed=1, talk=False)["aino"]
    here = observe(visible=[OTTO], messages=[said("How are you, Aino?", by="otto", to=["aino"])])
    assert aino.question(here) is None
    assert aino.decide(here, [])["action"] != "say"


def test_an_hour_among_people_holds_a_bounded_number_of_words(aino: Routine, observe: Any) -> None:
    crowd = [{"id": f"guest-{number}", "name": f"Guest {number}", "doing": "idle"} for number in range(30)]
    spoken = 0
    for number in range(60):
        chatter = [
            said("How are you, Aino?", event=f"e-{359 + number}-{guest}", by=f"guest-{guest}", to=["aino"], tick=359 + number)
            for guest in range(4)
        ]
        spoken += aino.decide(observe(tick=360 + number, visible=crowd, messages=chatter), [])["action"] == "say"
    assert 0 < spoken <= 8
