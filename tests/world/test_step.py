"""A tick: its order, its memory of decisions, needs, absence and the town's own doing."""

from collections import Counter
from typing import Any

from mqttown_contract.errors import Code, Refusal
from mqttown_contract.types import DECIDED_WINDOW
from mqttown_orchestrator.world.digest import digest, dump
from mqttown_orchestrator.world.inputs import ActionInput, TownInput, from_json
from mqttown_orchestrator.world.needs import level
from mqttown_orchestrator.world.step import step


def test_the_same_id_gets_the_same_answer_and_no_second_effect(hand: Any) -> None:
    hand.stranger("zoe")
    hand.stranger("yan")
    give = hand.action("zoe", "give", to="yan", amount=10)
    first = hand.step(give, give).verdicts
    again = hand.step(give).verdicts[0]
    assert hand.purse("yan") == 10_010
    assert [decision.repeated for decision in (*first, again)] == [False, True, True]
    assert {decision.events for decision in (*first, again)} == {first[0].events}
    assert again.tick == first[0].tick
    refusal = hand.action("zoe", "give", to="yan", amount=99_999)
    assert hand.step(refusal).verdicts[0].to_json() == hand.step(refusal).verdicts[0].to_json()


def test_the_window_holds_256(hand: Any) -> None:
    hand.stranger("zoe")
    for number in range(DECIDED_WINDOW + 1):
        hand.step(hand.action("zoe", "wait", action_id=f"w{number}"))
    decided = hand.state.bodies["zoe"].decided
    assert len(decided) == DECIDED_WINDOW
    assert next(iter(decided)) == "w1"


def test_what_the_pipeline_refused_is_remembered(hand: Any) -> None:
    hand.stranger("zoe")
    rude = ActionInput("zoe", "r1", "say", {"text": "…"}, refusal=Refusal(Code.MODERATED, "No.", "parameters.text"))
    busy = ActionInput("zoe", "r2", "say", {"text": "…"}, refusal=Refusal(Code.RATE_LIMITED, "Slow.", retry_after=1.0))
    hand.step(rude, busy)
    assert list(hand.state.bodies["zoe"].decided) == ["r1"]
    assert hand.step(ActionInput("zoe", "r1", "say", {"text": "…"})).verdicts[0].refusal == rude.refusal


def test_inputs_survive_json() -> None:
    entries = [
        ActionInput("zoe", "a", "say", {"text": "x"}, "o-1", Refusal(Code.MODERATED, "No.", "parameters.text", ["y"]), 12),
        ActionInput("zoe", "b", "wait", {}),
        TownInput("register", "zoe", {"district": "ranta"}),
    ]
    assert [from_json(entry.to_json()) for entry in entries] == entries


def test_rounds_are_fair(hand: Any) -> None:
    agents = [f"a{number}" for number in range(4)]
    for agent in agents:
        hand.stranger(agent)
    first: Counter[str] = Counter()
    for _ in range(400):
        inputs = [hand.action(agent, "say", text="Me first!") for agent in ("a3", "a3", "a2", "a1", "a0", "a0")]
        order = [decision.agent for decision in hand.step(*inputs).verdicts]
        assert sorted(order[:4]) == agents
        assert sorted(order[4:]) == ["a0", "a3"]
        first[order[0]] += 1
    assert all(70 < first[agent] < 130 for agent in agents), first


def test_the_last_soup_goes_to_one(hand: Any) -> None:
    agents = ["xia", "yan", "zoe"]
    for agent in agents:
        hand.stranger(agent)
    hand.pass_until(8 * 60)
    hand.step(*(hand.action(agent, "move_to", to="cafe-satama") for agent in agents))
    hand.pass_ticks(5)
    hand.state.stock["cafe-satama"]["salmon-soup"] = 1
    verdicts = hand.step(*(hand.action(agent, "buy", item="salmon-soup") for agent in agents)).verdicts
    assert [decision.status for decision in verdicts] == ["accepted", "rejected", "rejected"]


def test_arrival_order_between_agents_means_nothing(hand: Any, plan: Any) -> None:
    twin = type(hand)(plan)
    inputs = [TownInput("register", agent, {"district": "ranta"}) for agent in ("xia", "yan", "zoe")]
    hand.step(*inputs)
    twin.step(*reversed(inputs))
    actions = [ActionInput(agent, "one", "say", {"text": "Hei."}) for agent in ("xia", "yan", "zoe")]
    hand.step(*actions)
    twin.step(*reversed(actions))
    assert digest(hand.state) == digest(twin.state)


def test_needs_fall_and_are_felt_once(hand: Any) -> None:
    hand.stranger()
    hand.pass_ticks(24 * 60)
    felt = [(event.data["need"], event.data["value"]) for event in hand.events("need", "zoe")]
    by_need = {name: [value for need, value in felt if need == name] for name in ("energy", "food", "company")}
    assert by_need == {"energy": [0.3, 0.1, 0.0], "food": [0.3, 0.1, 0.0], "company": [0.3, 0.1, 0.0]}
    assert level(hand.state.bodies["zoe"].needs["food"], hand.state.tick) == 0


def test_who_is_away_walks_home_after_ten_minutes(hand: Any) -> None:
    hand.pass_until(7 * 60 + 30)
    hand.town("came", "aino")
    hand.walk("aino", "cafe-satama")
    hand.act("aino", "work")
    hand.town("left", "aino")
    hand.pass_ticks(9)
    assert hand.state.bodies["aino"].doing == "working"
    hand.step()
    departed = hand.events("departed", "aino")[-1]
    assert departed.data["why"] == "absent"
    assert hand.events("finished_work", "aino")
    hand.pass_ticks(10)
    assert hand.state.bodies["aino"].building == "rantakatu-1"


def test_who_comes_back_in_time_stays(hand: Any) -> None:
    hand.pass_until(7 * 60 + 30)
    hand.town("came", "aino")
    hand.walk("aino", "cafe-satama")
    hand.town("left", "aino")
    hand.pass_ticks(8)
    assert hand.town("came", "aino").news["aino"] == {"hello"}
    hand.pass_ticks(30)
    assert hand.state.bodies["aino"].building == "cafe-satama"


def test_registering_and_revoking(hand: Any) -> None:
    zoe = hand.stranger()
    assert zoe.building == "puisto"
    assert (hand.purse("zoe"), hand.state.accounts["mint"]) == (10_000, -2_010_000)
    assert hand.town("register", "zoe", district="ranta").answers[0].refusal is not None
    assert hand.town("register", "yan", district="atlantis").answers[0].refusal.path == "parameters.district"
    assert hand.town("register", "yan", home="museo").answers[0].refusal.path == "parameters.home"
    unemployed = hand.town("register", "yan", job="dragon").answers[0].refusal
    assert (unemployed.path, "librarian" in unemployed.allowed) == ("parameters.job", True)
    treasury = hand.state.account("treasury")
    assert hand.town("claim_for", "zoe", building="museo").answers[0].refusal is not None
    hand.town("revoke", "zoe")
    assert "zoe" not in hand.state.bodies
    assert hand.state.account("treasury") == treasury + 10_000
    assert b"zoe" not in dump(hand.state)
    assert hand.town("came", "zoe").answers[0].refusal is not None


def test_who_came_for_a_job_works_for_its_wages(hand: Any) -> None:
    hand.stranger(job="barista-satama", purse=0)
    assert hand.events("registered", "zoe")[0].data["job"] == "barista-satama"
    hand.pass_until(7 * 60 + 30)
    hand.town("came", "zoe")
    hand.walk("zoe", "cafe-satama")
    hand.act("zoe", "work")
    assert hand.state.bodies["zoe"].doing == "working"
    hand.pass_until(15 * 60 + 1)
    assert hand.events("finished_work", "zoe")[0].data["wage"] == hand.purse("zoe") > 0


def test_a_district_without_a_park_takes_newcomers_on_its_streets(hand: Any) -> None:
    body = hand.stranger(district="keskus")
    assert body.building is None
    assert hand.events("registered", "zoe")[0].district == "keskus"


def test_an_owner_is_bought_a_shop_from_afar(hand: Any) -> None:
    hand.stranger(purse=50_000)
    assert hand.town("claim_for", "zoe", building="kirjakauppa-lehti").answers[0].refusal is None
    assert hand.state.owner["kirjakauppa-lehti"] == "zoe"


def test_a_night_fills_shelves_and_settles_accounts(hand: Any) -> None:
    hand.stranger(purse=500)
    hand.stranger("yan", purse=150_000)
    hand.state.stock["cafe-satama"]["coffee"] = 3
    hand.state.accounts["till:cafe-satama"] += 700
    hand.state.accounts["till:bar-ankkuri"] -= 300
    hand.state.accounts["mint"] -= 400
    hand.pass_until(4 * 60)
    assert hand.state.stock["cafe-satama"]["coffee"] == 80
    assert hand.state.account("till:cafe-satama") == 50_000
    assert hand.state.account("till:bar-ankkuri") == 50_000
    assert hand.purse("zoe") == 2000
    assert hand.purse("yan") == 148_000
    assert [event.data["date"] for event in hand.events("day")] == ["2026-03-03"]


def test_places_open_and_close(hand: Any) -> None:
    hand.pass_ticks(7 * 1440)
    opened = Counter(event.building for event in hand.events("opened"))
    assert opened["cafe-satama"] == 7
    assert opened["museo"] == 6
    assert opened["kirjakauppa-lehti"] == 6
    assert Counter(event.building for event in hand.events("closed"))["bar-ankkuri"] == 7
    assert len(hand.events("weather")) > 5


def test_news_of_verdicts(hand: Any, plan: Any) -> None:
    hand.stranger()
    hand.act("zoe", "wait", ticks=5)
    assert "zoe" not in hand.happened[-1].news
    hand.act("zoe", "eat")
    assert hand.happened[-1].news["zoe"] == {"verdict"}


def test_an_untouched_tick_is_empty(hand: Any, plan: Any) -> None:
    hand.pass_ticks(1)
    happened = step(hand.state, plan, [], hand.luck)
    assert (happened.events, happened.verdicts, happened.news) == ([], [], {})
