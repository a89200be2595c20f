"""The API as programs use it: town, agents, buildings, events, errors."""

import gzip
import json
from typing import Any

import httpx
import pytest

from mqttown_contract import topics


def test_the_map_is_gzip_in_metres_with_its_attribution_and_an_etag(stage: Any, tiny_town: Any) -> None:
    with httpx.stream("GET", f"{stage.page}api/v1/town") as answer:
        raw = b"".join(answer.iter_raw())
    drawn = json.loads(gzip.decompress(raw))
    assert answer.headers["content-encoding"] == "gzip"
    assert drawn["attribution"] == tiny_town["town"]["attribution"]
    assert drawn["bounds"] == [0, 0, 440, 340]
    assert drawn["buildings"][0]["door"] == [47.0, 28.0]
    assert len(drawn["buildings"]) == len(tiny_town["buildings"])
    again = httpx.get(f"{stage.page}api/v1/town", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_clock_tells_what_the_wire_told_and_the_journaled_weather(stage: Any) -> None:
    clock = stage.get("/clock").json()
    assert clock["status"] == "online"
    assert clock["tick"] >= 10
    assert clock["weather"] == "rain"


def test_agents_stand_where_the_journal_left_them(stage: Any) -> None:
    veikko = stage.get("/agents/veikko").json()
    assert veikko["path"] == [[347.0, 228.0], [247.0, 228.0], [247.0, 128.0]]
    assert (veikko["starts_tick"], veikko["arrives_tick"], veikko["doing"]) == (8, 60, "walking")
    aino = stage.get("/agents/aino").json()
    assert (aino["doing"], aino["age"] is not None, aino["said"]["text"]) == ("working", True, "The blue door opens at nine.")


@pytest.mark.parametrize("path", ["/agents", "/buildings", "/events"])
def test_pages_join_to_the_whole_list(stage: Any, path: str) -> None:
    whole = [item["id"] for item in stage.get(path, limit=1000).json()["items"]]
    joined, cursor = [], None
    while True:
        page = stage.get(path, limit=2, **({"cursor": cursor} if cursor else {})).json()
        joined += [item["id"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert joined == whole
    assert len(whole) >= 4


def test_a_building_has_its_state(stage: Any) -> None:
    state = {
        "id": "cafe-satama",
        "name": "Café Satama",
        "kind": "cafe",
        "district": "ranta",
        "inside": ["otto"],
        "owner": None,
        "open": True,
        "stock": [{"item": "coffee", "name": "Coffee", "stock": 7, "price": 350}],
        "tick": 10,
    }
    stage.publish(topics.building("tiny", "ranta", "cafe-satama", "state"), state, retain=True)
    for _ in range(200):
        cafe = stage.get("/buildings/cafe-satama").json()
        if cafe["inside"]:
            break
    assert cafe["inside"] == ["otto"]
    assert cafe["stock"] == [{"item": "coffee", "name": "Coffee", "stock": 7, "price": 350}]
    assert (cafe["open"], cafe["door"], cafe["kind"]) == (True, [147.0, 128.0], "cafe")


@pytest.mark.parametrize(
    ("asked", "ids"),
    [
        ({"kind": "weather"}, ["e-6-0"]),
        ({"since_tick": 5, "until_tick": 6}, ["e-5-0", "e-6-0"]),
        ({"agent": "veikko", "kind": "said"}, ["e-7-0", "e-7-1"]),
        ({"building": "rantakatu-1"}, ["e-3-0"]),
        ({"district": "keskus", "order": "desc", "limit": 2}, ["e-8-0", "e-7-1"]),
        ({"kind": ["weather", "departed"]}, ["e-6-0", "e-8-0"]),
    ],
)
def test_events_are_filtered(stage: Any, asked: dict[str, Any], ids: list[str]) -> None:
    assert [event["id"] for event in stage.get("/events", **asked).json()["items"]] == ids


@pytest.mark.parametrize(
    ("path", "asked", "where", "allowed"),
    [
        ("/events", {"limit": 0}, "query.limit", {"ge": 1}),
        ("/events", {"since_tick": "noon"}, "query.since_tick", None),
        ("/events", {"sinse_tick": 3}, "query.sinse_tick", "since_tick"),
        ("/events", {"kind": "sang"}, "query.kind", "said"),
        ("/events", {"cursor": "!!"}, "query.cursor", None),
        ("/events", {"since_tick": 9, "until_tick": 3}, "query", None),
        ("/agents", {"kind": "ghost"}, "query.kind", None),
    ],
)
def test_a_bad_parameter_is_named(stage: Any, path: str, asked: dict[str, Any], where: str, allowed: Any) -> None:
    answer = stage.get(path, **asked)
    problem = answer.json()
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert (problem["code"], problem["path"]) == ("bad_parameters", where)
    assert problem["detail"]
    if isinstance(allowed, str):
        assert allowed in problem["allowed"]
    elif allowed is not None:
        assert problem["allowed"] == allowed


@pytest.mark.parametrize(
    ("path", "code", "near"),
    [
        ("/agents/ano", "unknown_agent", "aino"),
        ("/buildings/cafe-satma", "unknown_building", "cafe-satama"),
        ("/agents/Veikko Salo", "unknown_agent", "veikko"),
    ],
)
def test_an_unknown_id_is_told_the_nearest(stage: Any, path: str, code: str, near: str) -> None:
    answer = stage.get(path)
    assert answer.status_code == 404
    assert answer.json()["code"] == code
    assert answer.json()["allowed"][0] == near


def test_an_unknown_path_is_a_problem_too(stage: Any) -> None:
    answer = stage.get("/towns")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_openapi_describes_every_route_and_its_errors(stage: Any) -> None:
    description = httpx.get(f"{stage.page}openapi.json").json()
    for path in (
        "town",
        "clock",
        "agents",
        "agents/{agent_id}",
        "agents/{agent_id}/memories",
        "agents/{agent_id}/knows",
        "buildings",
        "buildings/{building_id}",
        "events",
        "stream",
    ):
        operation = description["paths"][f"/api/v1/{path}"]["get"]
        assert operation["summary"]
    assert {"401", "403", "404"} <= description["paths"]["/api/v1/agents/{agent_id}/knows"]["get"]["responses"].keys()
