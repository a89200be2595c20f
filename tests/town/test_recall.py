"""A stranger finds a café by its observation alone and says something there: who was there recalls it, who wasn't doesn't."""

import itertools
import json
import secrets
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [pytest.mark.town, pytest.mark.timeout(180)]
SECONDS = 90


def get(town: Any, path: str, token: str | None = None) -> tuple[int, Any]:
    """Ask the API with a token; returns status and JSON."""
    request = urllib.request.Request(town.ready["api"] + path)
    if token is not None:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, json.load(refused)


def say_in_a_cafe(stranger: Any, sentence: str) -> tuple[str, str]:
    """Go from one open café to the next until a resident is there, and speak to them; returns who was told, and where."""
    deadline = time.monotonic() + SECONDS
    empty: set[str] = set()
    for number in itertools.count():
        assert time.monotonic() < deadline, "nobody came to the café"
        seen = stranger.hello()["observation"]
        here = seen["location"].get("here") or {"id": None, "kind": None}
        if seen["self"]["doing"] == "idle" and not (here["kind"] == "cafe" and seen["visible_agents"]):
            empty.add(here["id"])
            nearby = [near["id"] for near in seen["location"]["nearby"] if near["kind"] == "cafe" and near["open"]]
            cafes = [cafe for cafe in nearby if cafe not in empty]
            if not cafes:
                empty.clear()
            else:
                assert stranger.act(f"go-{number}", "move_to", {"to": cafes[0]})["status"] == "accepted"
                stranger.expect("observation", lambda told: "arrived" in told["because"], SECONDS)
        elif here["kind"] == "cafe" and seen["visible_agents"]:
            listener = seen["visible_agents"][0]["id"]
            verdict = stranger.act(f"say-{number}", "say", {"text": sentence, "to": [listener]})
            if verdict["status"] == "accepted":
                return listener, here["id"]
            assert verdict["code"] == "not_possible", "they may have left meanwhile"
    raise AssertionError


def test_who_was_there_recalls_it_and_who_was_elsewhere_does_not(
    start_town: Callable[..., Any], connect: Callable[[dict[str, Any]], Any]
) -> None:
    town = start_town("--speed", "1200")
    known = town.new_agent("mira")
    sentence = f"The {secrets.token_hex(4)} of {secrets.token_hex(4)} sleeps under the {secrets.token_hex(3)} bridge."
    listener, cafe = say_in_a_cafe(connect(known), sentence)
    town.cli("pause")  # before it travels
    assert town.api(f"/buildings/{cafe}")["kind"] == "cafe"
    agents = town.api("/agents?kind=hosted&limit=100")["items"]
    elsewhere = next(agent["id"] for agent in agents if agent["building"] != cafe and agent["id"] != listener)

    token = json.loads((town.data / "secrets.json").read_text(encoding="utf-8"))["tokens"]["researcher"]
    query = urllib.parse.urlencode({"query": sentence})
    deadline = time.monotonic() + 20
    found: list[Any] = []
    while not found and time.monotonic() < deadline:  # the memory service follows the town within moments
        status, page = get(town, f"/agents/{listener}/memories?{query}", token)
        assert status == 200
        found = [memory for memory in page["items"] if sentence in memory["text"]]
    assert found, f"{listener} does not recall it"
    assert {"score", "recency", "importance", "relevance"} <= found[0].keys()
    assert page["items"][0] == found[0], "nothing else comes to mind first"
    status, page = get(town, f"/agents/{elsewhere}/memories?{query}", token)
    assert status == 200
    assert [memory for memory in page["items"] if sentence in memory["text"]] == []

    for hidden in (f"/agents/{listener}/memories?{query}", f"/agents/{listener}/knows"):
        status, refused = get(town, hidden)
        assert (status, refused["code"]) == (401, "not_allowed")
        assert sentence not in json.dumps(refused)
        assert get(town, hidden, "no such token")[0] == 403
        assert get(town, hidden, known["password"])[0] == 403, "mira's key opens mira alone"
    assert get(town, f"/agents/mira/memories?{query}", known["password"])[0] == 200
