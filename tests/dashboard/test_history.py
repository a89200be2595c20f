"""The past over HTTP: chapters that can be played, who talks with whom, how words spread, what everybody has."""

from typing import Any

import pytest

from mqttown_contract import topics


def test_the_overview_names_run_and_length(stage: Any) -> None:
    overview = stage.get("/history").json()
    assert (overview["run"], overview["start"], overview["first_tick"]) == ("98a7276f", "2026-03-02T06:00:00", 0)
    assert overview["last_tick"] >= 10
    assert overview["hours"][0] == {"tick": 0, "talks": 4, "deeds": 6}


def test_a_chapter_tells_how_it_began_and_what_happened(stage: Any) -> None:
    chapter = stage.get("/history/0").json()
    assert [agent["id"] for agent in chapter["residents"]] == ["aino", "leena", "otto", "veikko"]
    assert {agent["presence"] for agent in chapter["residents"]} == {"online"}
    assert (chapter["residents"][0]["x"], chapter["residents"][0]["building"]) == (47.0, "rantakatu-1")
    ids = [event["id"] for event in chapter["events"]]
    assert ids[:2] == ["e-3-0", "e-5-0"]
    assert ids == sorted(ids, key=lambda name: [int(part) for part in name.split("-")[1:]])
    assert not chapter["complete"]


def test_only_a_complete_chapter_may_be_kept(stage: Any) -> None:
    assert stage.get("/history/0").headers["cache-control"] == "no-store"
    assert stage.get("/history/1000").status_code == 404


def test_words_are_found_whatever_letters_they_hold(stage: Any) -> None:
    assert [event["id"] for event in stage.get("/words", text="BLUE door").json()] == ["e-5-0", "e-3-0"]
    assert stage.get("/words", text="100%").json() == []


def test_bonds_count_who_heard_whom(stage: Any) -> None:
    bonds = stage.get("/bonds").json()
    assert [(bond["a"], bond["b"], bond["talks"]) for bond in bonds] == [
        ("aino", "otto", 1),
        ("leena", "otto", 1),
        ("leena", "veikko", 1),
    ]
    assert [bond["b"] for bond in stage.get("/bonds", agent="aino").json()] == ["otto"]
    assert stage.get("/bonds", until_tick=4).json()[0]["last_tick"] == 3


def test_news_is_followed_from_mouth_to_mouth(stage: Any) -> None:
    told = stage.get("/events/e-3-0/tellings").json()
    assert [event["id"] for event in told] == ["e-3-0", "e-5-0", "e-7-0"]
    assert [event["id"] for event in stage.get("/events/e-3-0/tellings", until_tick=5).json()] == ["e-3-0", "e-5-0"]
    assert stage.get("/events/e-999-0/tellings").json() == []


def test_wealth_begins_with_the_purse(stage: Any, tiny_town: Any) -> None:
    wealth = stage.get("/wealth").json()
    assert wealth == {person["id"]: person["purse"] for person in tiny_town["people"]}


def test_a_district_is_told_hour_by_hour(stage: Any) -> None:
    hours = stage.get("/districts/ranta/trend", until_tick=60).json()
    assert [(hour["tick"], hour["talks"], hour["people"]) for hour in hours] == [(60, 2, 2)]
    assert stage.get("/districts/nowhere/trend").status_code == 404


@pytest.mark.parametrize(
    "path", ["/history/x", "/words?text=a", "/events/e-x/tellings", "/bonds?agent=UP PER", "/wealth?until_tick=-1"]
)
def test_bad_questions_are_told_so(stage: Any, path: str) -> None:
    answer = stage.get(path)
    assert answer.status_code == 422
    assert answer.json()["code"] == "bad_parameters"


def test_prices_of_a_district_are_told(stage: Any) -> None:
    state = {"id": "ranta", "name": "Ranta", "population": 3, "mood": 0.5, "prices": {"tea": 250}, "meters": {}, "tick": 11}
    stage.publish(topics.district("tiny", "ranta", "state"), state, retain=True)
    for _ in range(100):
        ranta = next(one for one in stage.get("/districts").json() if one["id"] == "ranta")
        if ranta["mood"] == 0.5:
            break
    assert ranta["prices"] == {"tea": 250}


def test_a_chapter_tells_what_was_on_sale_and_how_districts_felt(stage: Any, tiny_town: Any) -> None:
    chapter = stage.get("/history/0").json()
    shelf = {sale["item"]: sale["stock"] for sale in tiny_town["places"]["cafe-satama"]["sells"]}
    assert chapter["stock"]["cafe-satama"] == shelf
    assert chapter["moods"][0]["tick"] == 0
    assert 0.5 < chapter["moods"][0]["districts"]["ranta"] < 0.9
    assert set(chapter["moods"][0]["districts"]) == {district["id"] for district in tiny_town["districts"]}


def test_land_has_a_price_whoever_owns_it(stage: Any) -> None:
    assert stage.get("/buildings/kulmakauppa").json()["land_price"] == 2_500_000
    assert stage.get("/buildings/cafe-satama").json()["land_price"] is None
