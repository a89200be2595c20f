"""Each of the nine codes, provoked over real MQTT in a running town, with its path and hint; and the town goes on."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mqttown_contract.errors import CODES, Code
from mqttown_contract.types import MAX_PAYLOAD_BYTES, MAX_UNDECIDED
from mqttown_contract.verbs import VERBS

pytestmark = [pytest.mark.town, pytest.mark.timeout(120)]
_names = (f"stranger-{number}" for number in itertools.count(1))


@pytest.fixture(scope="module", autouse=True)
def quick(town: Any) -> None:
    """Ten ticks a second, so that verdicts come soon."""
    town.cli("speed", "600")


@pytest.fixture
def stranger(town: Any, connect: Callable[[dict[str, Any]], Any]) -> Iterator[Any]:
    """A registered, connected agent that has said hello. After the test the town goes on, for this agent too."""
    agent = connect(town.new_agent(next(_names)))
    before = agent.hello()["tick"]
    yield agent
    good = agent.act("good", "say", {"text": "The town goes on."})
    assert good["status"] == "accepted"
    assert good["events"]
    assert good["tick"] > before


def refused(verdict: dict[str, Any], code: Code, path: str | None) -> dict[str, Any]:
    """Check what all rejections have in common; returns the verdict."""
    assert (verdict["status"], verdict["code"], verdict["path"]) == ("rejected", code.value, path), verdict
    assert verdict["detail"]
    assert verdict["events"] == []
    assert (verdict["retry_after"] is not None) == (code in {Code.RATE_LIMITED, Code.QUARANTINED})
    return verdict


def test_malformed(stranger: Any) -> None:
    stranger.send("action", b"{this is no JSON")
    verdict = refused(stranger.verdict(None), Code.MALFORMED, None)
    assert set(verdict["allowed"]["required"]) == {"id", "action", "parameters"}
    stranger.send("action", b"[1, 2]")
    refused(stranger.verdict(None), Code.MALFORMED, None)
    stranger.send("action", {"id": "no-parameters", "action": "wait"})
    verdict = refused(stranger.verdict("no-parameters"), Code.MALFORMED, "parameters")
    assert verdict["allowed"]["type"] == "object"


def test_unknown_action(stranger: Any) -> None:
    verdict = refused(stranger.act("walk", "mov_to", {"to": "x"}), Code.UNKNOWN_ACTION, "action")
    assert verdict["allowed"] == list(VERBS)
    assert "'move_to'" in verdict["detail"]


def test_bad_parameters(stranger: Any) -> None:
    verdict = refused(stranger.act("seven", "say", {"text": "hello", "to": ["otto", 7]}), Code.BAD_PARAMETERS, "parameters.to[1]")
    assert verdict["allowed"]["type"] == "array"
    verdict = refused(stranger.act("tics", "wait", {"tics": 3}), Code.BAD_PARAMETERS, "parameters.tics")
    assert verdict["allowed"] == ["ticks"]
    verdict = refused(stranger.act("both", "give", {"to": "otto", "amount": 1, "item": "pulla"}), Code.BAD_PARAMETERS, "parameters")
    assert set(verdict["allowed"]["properties"]) == {"to", "item", "amount"}


def test_not_possible(stranger: Any) -> None:
    verdict = refused(stranger.act("nowhere", "move_to", {"to": "atlantis"}), Code.NOT_POSSIBLE, "parameters.to")
    assert "atlantis" in verdict["detail"]
    observation = stranger.hello()["observation"]
    there = [other["id"] for other in observation["visible_agents"]]
    verdict = refused(stranger.act("far", "say", {"text": "psst", "to": ["nobody-at-all"]}), Code.NOT_POSSIBLE, "parameters.to[0]")
    assert set(verdict["allowed"]) <= set(there), "who could have been spoken to"


def test_too_late(stranger: Any) -> None:
    verdict = refused(stranger.act("late", "say", {"text": "late"}, expires_tick=0), Code.TOO_LATE, "expires_tick")
    assert verdict["allowed"] is not None


def test_rate_limited(town: Any, stranger: Any) -> None:
    town.cli("pause")
    try:
        for number in range(MAX_UNDECIDED + 1):
            stranger.send("action", {"id": f"many-{number}", "action": "wait", "parameters": {}})
        ninth = f"many-{MAX_UNDECIDED}"
        verdict = refused(stranger.verdict(ninth), Code.RATE_LIMITED, None)
        assert verdict["allowed"] == {"undecided": MAX_UNDECIDED}
        assert verdict["retry_after"] > 0
    finally:
        town.cli("resume")
    for number in range(MAX_UNDECIDED):
        assert stranger.verdict(f"many-{number}")["status"] == "accepted"
    assert stranger.act(ninth, "wait")["status"] == "accepted", "the same id is judged anew"


def test_moderated(stranger: Any) -> None:
    verdict = refused(stranger.act("rude", "say", {"text": "You WANKER!"}), Code.MODERATED, "parameters.text")
    assert verdict["allowed"]
    assert stranger.act("part", "say", {"text": "Wankers is another word."})["status"] == "accepted", "whole words alone"


def test_quarantined(town: Any, stranger: Any) -> None:
    name = stranger.known["username"]
    town.cli("quarantine", name, "--why", "it shouts at night")
    assert stranger.expect("notice", lambda told: told["code"] == "quarantined")["text"]
    verdict = refused(stranger.act("held", "wait"), Code.QUARANTINED, None)
    assert "it shouts at night" in verdict["detail"]
    assert verdict["retry_after"] > 0
    assert town.api(f"/agents/{name}")["presence"] == "suspended"
    town.cli("release", name)
    assert stranger.act("held", "wait")["status"] == "accepted", "the same id is judged anew"


def test_not_allowed(town: Any, stranger: Any) -> None:
    name = stranger.known["username"]
    town.cli("permit", name, "say", "wait")
    verdict = refused(stranger.act("walk", "move_to", {"to": "cafe-engel"}), Code.NOT_ALLOWED, "action")
    assert verdict["allowed"] == ["say", "wait"]
    assert {offer["action"] for offer in stranger.hello()["available_actions"]} <= {"say", "wait"}
    town.cli("permit", name, "all")
    assert stranger.act("walk", "move_to", {"to": "cafe-engel"})["code"] == "not_allowed", "the same id, the same verdict"
    assert stranger.act("walk-again", "move_to", {"to": "cafe-engel"})["status"] == "accepted"


def test_the_same_id_gets_the_same_verdict_and_has_one_effect(town: Any, stranger: Any) -> None:
    first = stranger.act("once", "say", {"text": "said once"})
    assert first["status"] == "accepted"
    for _ in range(3):
        again = stranger.act("once", "say", {"text": "said once"})
        assert {**again, "seq": 0, "traceparent": None} == {**first, "seq": 0, "traceparent": None}
        assert again["seq"] > first["seq"]
    no = stranger.act("never", "sya", {"text": "hello"})
    assert {**stranger.act("never", "say", {"text": "hello"}), "seq": 0} == {**no, "seq": 0}, "a remembered refusal too"
    said = town.api(f"/events?kind=said&agent={stranger.known['username']}")["items"]
    assert [event["data"]["text"] for event in said if event["agent"] == stranger.known["username"]] == ["said once"]


def test_an_oversize_payload_gets_no_verdict(stranger: Any) -> None:
    stranger.send("action", {"id": "huge", "action": "say", "parameters": {"text": "x" * MAX_PAYLOAD_BYTES}})
    assert stranger.act("after", "wait")["status"] == "accepted"
    assert [told for channel, told in stranger.heard if channel == "verdict" and told["action_id"] == "huge"] == []


def test_every_code_has_its_test_here() -> None:
    assert [code for code in CODES if f"test_{code}" not in globals()] == []
