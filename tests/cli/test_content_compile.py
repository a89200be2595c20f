"""The compiled town: complete, deterministic, and the same shape as the tiny one that all parts test on."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqttown_cli.content.compile import compile_town, content_hash
from mqttown_cli.content.hours import days, minute, span
from mqttown_cli.content.load import content_folder, find_town
from mqttown_cli.content.models import BUILDING_KINDS, Item, KindRule, Sale
from mqttown_cli.content.prose import GROUPS, environment
from mqttown_cli.content.source import read_source
from mqttown_cli.content.trade import place_json, price_of
from mqttown_contract.types import is_id

TINY = Path(__file__).parents[1] / "towns" / "tiny.json"
SEED = 7


@pytest.fixture(scope="module")
def helsinki() -> dict[str, Any]:
    return compile_town(find_town("helsinki"), 25, SEED)


@pytest.fixture(scope="module")
def crowded() -> dict[str, Any]:
    return compile_town(find_town("helsinki"), 1000, SEED)


def holds(town: dict[str, Any]) -> None:
    """Assert what every compiled town must hold: ids that exist, kinds that fit, relations that are mutual."""
    buildings = {building["id"]: building for building in town["buildings"]}
    items = {item["id"] for item in town["items"]}
    jobs = {job["id"]: job for job in town["jobs"]}
    people = {person["id"]: person for person in town["people"]}
    for named in (buildings, jobs, people):
        assert all(map(is_id, named))
    assert (len(buildings), len(jobs), len(people)) == (len(town["buildings"]), len(town["jobs"]), len(town["people"]))
    assert {building["kind"] for building in buildings.values()} <= set(BUILDING_KINDS)
    for name, place in town["places"].items():
        assert name in buildings
        assert {sale["item"] for sale in place["sells"]} <= items
        assert all(sale["price"] > 0 for sale in place["sells"])
    for building in buildings.values():
        if building["kind"] in ("cafe", "restaurant", "shop", "bar"):
            assert town["places"][building["id"]]["sells"], building["id"]
    for job in jobs.values():
        assert buildings[job["building"]]["kind"] != "home"
        assert job["days"] == sorted(set(job["days"]) & set(range(7)))
    for person in people.values():
        assert buildings[person["home"]]["kind"] == "home"
        assert person["job"] is None or person["job"] in jobs
        for relation in person["relations"]:
            assert any(back["with"] == person["id"] for back in people[relation["with"]]["relations"])
    assert all(sum(chances.values()) == 1000 for chances in town["weather"]["change"].values())
    assert town["content_hash"] == content_hash(town)


def test_helsinki_holds(helsinki: dict[str, Any]) -> None:
    holds(helsinki)
    assert len(helsinki["people"]) == 25
    assert len(helsinki["jobs"]) >= 25
    assert helsinki["town"]["start"] == "2026-03-02T06:00:00"
    assert len({person["home"] for person in helsinki["people"]}) >= 6
    json.dumps(helsinki, allow_nan=False)


def shape(value: Any) -> Any:
    """Reduce a value to its keys (of a list, those of its first entry), so that two towns can be compared."""
    if isinstance(value, dict):
        return {key: shape(value[key]) for key in value}
    return [shape(value[0])] if isinstance(value, list) and value and isinstance(value[0], dict) else None


def test_tiny_has_the_shape_of_a_compiled_town_and_holds(helsinki: dict[str, Any]) -> None:
    tiny = json.loads(TINY.read_text(encoding="utf-8"))
    holds(tiny)
    assert list(tiny) == list(helsinki)
    for key in set(tiny) - {"places", "prose", "weather"}:
        assert shape(tiny[key]) == shape(helsinki[key]), key
    assert {tuple(place) for place in tiny["places"].values()} == {tuple(place) for place in helsinki["places"].values()}
    assert set(tiny["prose"]) == set(helsinki["prose"]) == set(GROUPS)
    assert set(tiny["weather"]["change"]) == set(helsinki["weather"]["change"])


def test_everybody_is_awake_for_work(crowded: dict[str, Any]) -> None:
    jobs = {job["id"]: job for job in crowded["jobs"]}
    for person in crowded["people"]:
        up, bed = person["wakes"], person["sleeps"] + 1440 * (person["sleeps"] <= person["wakes"])
        assert bed - up <= 1440 - 300, person["id"]
        if person["job"] is None:
            continue
        begins, ends = jobs[person["job"]]["from"], jobs[person["job"]]["to"]
        ends += 1440 * (ends <= begins)
        later = 1440 * (begins < up)
        assert up + 20 <= begins + later, person["id"]
        assert ends + later + 20 <= bed, person["id"]


def test_lunch_can_be_bought_and_evenings_be_spent(helsinki: dict[str, Any]) -> None:
    kinds = {building["id"]: building["kind"] for building in helsinki["buildings"]}

    def share_open(kind: str, at: int) -> float:
        places = [place for name, place in helsinki["places"].items() if kinds[name] == kind]
        return sum(_open(place, at) for place in places) / len(places)

    assert share_open("restaurant", 12 * 60) == 1
    assert share_open("cafe", 12 * 60) == 1
    assert share_open("cafe", 19 * 60) > 0.7
    assert share_open("bar", 20 * 60) == 1
    filling = {item["id"] for item in helsinki["items"] if item["restores"]["food"] >= 350}
    assert all(
        any(sale["item"] in filling for sale in place["sells"])
        for name, place in helsinki["places"].items()
        if kinds[name] == "restaurant"
    )


def _open(place: dict[str, Any], at: int) -> bool:
    opens, closes = place["opens"], place["closes"]
    return opens <= at < closes if opens < closes else at >= opens or at < closes


def test_thousand_residents_hold(crowded: dict[str, Any], helsinki: dict[str, Any]) -> None:
    holds(crowded)
    assert len(crowded["people"]) == 1000
    assert crowded["people"][:25] == helsinki["people"]
    made = crowded["people"][25:]
    assert len({person["home"] for person in made}) > 100
    assert 0.5 < sum(person["job"] is not None for person in made) / len(made) < 0.8
    assert len({person["wakes"] for person in made}) > 20
    assert all(person["story"] and "{{" not in person["story"] for person in made)


def test_few_residents_know_only_each_other() -> None:
    town = compile_town(find_town("helsinki"), 3, SEED)
    holds(town)
    assert [person["id"] for person in town["people"]] == ["aino", "otto", "veikko"]


def test_same_seed_same_town_in_every_process(crowded: dict[str, Any]) -> None:
    code = (
        "from mqttown_cli.content.compile import compile_town, find_town;"
        "import sys; print(compile_town(find_town('helsinki'), 1000, int(sys.argv[1]))['content_hash'])"
    )

    def hash_of(seed: int, hash_seed: str) -> str:
        environ = {**os.environ, "PYTHONHASHSEED": hash_seed}
        return subprocess.run(
            [sys.executable, "-c", code, str(seed)], env=environ, capture_output=True, text=True, check=True, timeout=60
        ).stdout.strip()

    assert hash_of(SEED, "1") == hash_of(SEED, "2") == crowded["content_hash"]
    assert hash_of(SEED + 1, "1") != crowded["content_hash"]


def test_hash_sees_the_map(helsinki: dict[str, Any]) -> None:
    moved = {**helsinki, "streets": {**helsinki["streets"], "nodes": helsinki["streets"]["nodes"][1:]}}
    assert content_hash(moved) != helsinki["content_hash"]


VALUES = {
    "name": "Aino",
    "me": "Otto",
    "place": "Café Engel",
    "where": "Kaisla",
    "source": "Veikko",
    "item": "cardamom bun",
    "time": "18:30",
    "price": "3.20 €",
    "job": "baker",
}


def test_every_template_renders_with_what_minds_fill_in(helsinki: dict[str, Any]) -> None:
    jinja = environment()
    for group, templates in helsinki["prose"].items():
        values = {name: VALUES.get(name, "the words") for name in GROUPS[group]}
        said = [jinja.from_string(template).render(values) for template in templates]
        assert len(set(said)) == len(said) >= 6, group
        assert all(text == text.strip() and "{" not in text for text in said), group


PASS_ON = [
    environment().from_string(template)
    for template in read_source(content_folder() / "prose" / "news.yaml").data["groups"]["pass_on"]["templates"]
]


@given(st.text(min_size=1, max_size=300))
def test_whatever_is_heard_travels_word_for_word(text: str) -> None:
    for template in PASS_ON:
        assert text in template.render({**VALUES, "text": text})


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("daily", [0, 1, 2, 3, 4, 5, 6]),
        ("mon-fri", [0, 1, 2, 3, 4]),
        ("sat-mon", [0, 5, 6]),
        ("tue, thu-fri", [1, 3, 4]),
        ("sun", [6]),
    ],
)
def test_days_are_numbers_from_monday(text: str, numbers: list[int]) -> None:
    assert days(text) == numbers


def test_times_are_minutes_and_a_span_may_pass_midnight() -> None:
    assert minute("07:05") == 425
    assert span("22:00", "06:00") == (1320, 1800)
    assert span("00:00", "00:00") == (0, 1440)


def test_price_is_the_places_own_or_a_rounded_multiple() -> None:
    assert price_of(Sale(item="tea", price=333), 300, 1250) == 333
    assert price_of(Sale(item="tea"), 300, 1000) == 300
    assert price_of(Sale(item="tea"), 330, 1250) == 410
    assert price_of(Sale(item="apple"), 20, 100) == 10
    assert (
        Item.model_validate({"id": "tea", "name": "tea", "price": 300, "restores": {"food": 1}, "eat_minutes": 1}).restores.energy
        == 0
    )
    rule = KindRule(opens="22:00", closes="04:00", days="fri-sun", sells=[Sale(item="tea", stock=3)], till=5)
    assert place_json(rule, {"tea": 300}) == {
        "opens": 1320,
        "closes": 240,
        "days": [4, 5, 6],
        "sells": [{"item": "tea", "price": 300, "stock": 3, "daily_stock": 3}],
        "claim_price": None,
        "till": 5,
    }
