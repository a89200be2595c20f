"""Each of the nine codes over the wire, with path and hint; and one verdict for each action."""

from typing import Any

import pytest


@pytest.fixture
async def mira(orchestrator: Any) -> Any:
    await orchestrator.start()
    agent = await orchestrator.join("mira")
    await agent.hello()
    return agent


async def test_what_the_agent_can_get_wrong(mira: Any) -> None:
    await mira.send("action", b"{not json")
    refused = await mira.verdict(None)
    assert refused["code"] == "malformed"
    assert "id" in refused["allowed"]["required"]

    await mira.send("action", {"id": "m-1", "action": "say"})
    refused = await mira.verdict("m-1")
    assert (refused["code"], refused["path"]) == ("malformed", "parameters")

    refused = await mira.act("m-2", "say", {"text": "a\u0000b"})
    assert (refused["code"], refused["path"]) == ("malformed", "parameters.text")

    refused = await mira.act("u-1", "sya", {"text": "hello"})
    assert (refused["code"], refused["path"]) == ("unknown_action", "action")
    assert "'say'" in refused["detail"]
    assert "move_to" in refused["allowed"]

    refused = await mira.act("b-1", "say", {"text": "hello", "to": ["otto", 7]})
    assert (refused["code"], refused["path"]) == ("bad_parameters", "parameters.to[1]")
    assert refused["allowed"]["type"] == "array"

    refused = await mira.act("b-2", "say", {"txt": "hello"})
    assert (refused["code"], refused["path"]) == ("bad_parameters", "parameters.text")

    refused = await mira.act("b-3", "wait", {"tics": 3})
    assert (refused["code"], refused["path"], refused["allowed"]) == ("bad_parameters", "parameters.tics", ["ticks"])

    refused = await mira.act("n-1", "work")
    assert refused["code"] == "not_possible"

    refused = await mira.act("t-1", "say", {"text": "late"}, expires_tick=0)
    assert (refused["code"], refused["path"]) == ("too_late", "expires_tick")

    refused = await mira.act("w-1", "say", {"text": "You WANKER!"})
    assert (refused["code"], refused["path"]) == ("moderated", "parameters.text")

    assert (await mira.act("ok", "say", {"text": "the town goes on"}))["status"] == "accepted"


async def test_permissions_and_quarantine(mira: Any, orchestrator: Any) -> None:
    await orchestrator.command("permit", agent="mira", allowed_actions=["wait", "say"])
    refused = await mira.act("p-1", "move_to", {"to": "puisto"})
    assert (refused["code"], refused["path"], refused["allowed"]) == ("not_allowed", "action", ["wait", "say"])
    await orchestrator.command("permit", agent="mira")
    assert (await mira.act("p-1", "move_to", {"to": "puisto"}))["code"] == "not_allowed", "the same id, the same verdict"

    await orchestrator.command("quarantine", agent="mira", why="it shouts")
    refused = await mira.act("q-1", "say", {"text": "let me out"})
    assert refused["code"] == "quarantined"
    assert "it shouts" in refused["detail"]
    assert refused["retry_after"] > 0
    await orchestrator.command("release", agent="mira")
    assert (await mira.act("q-1", "say", {"text": "let me out"}))["status"] == "accepted", "it is judged anew"


async def test_the_ninth_undecided_action_is_too_many(mira: Any, orchestrator: Any) -> None:
    await orchestrator.command("pause")
    for number in range(9):
        await mira.send("action", {"id": f"r-{number}", "action": "say", "parameters": {"text": str(number)}})
    refused = await mira.verdict("r-8")
    assert refused["code"] == "rate_limited"
    assert refused["retry_after"] > 0
    await orchestrator.command("step")
    verdicts = [await mira.verdict(f"r-{number}") for number in range(8)]
    assert [verdict["status"] for verdict in verdicts] == ["accepted"] * 8
    events = [int(verdict["events"][0].rpartition("-")[2]) for verdict in verdicts]
    assert events == sorted(events), "an agent's own actions are judged in the order of arrival"


async def test_the_same_id_gets_the_same_verdict_and_has_one_effect(mira: Any, orchestrator: Any) -> None:
    first = await mira.act("d-1", "give", {"to": "nobody", "amount": 1})
    again = await mira.act("d-1", "say", {"text": "something else"})
    malformed_now = {name: value for name, value in again.items() if name != "seq"}
    assert malformed_now == {name: value for name, value in first.items() if name != "seq"}
    assert again["seq"] > first["seq"]
    said = await mira.act("d-2", "say", {"text": "once"})
    for _ in range(3):
        assert (await mira.act("d-2", "say", {"text": "once"}))["events"] == said["events"]
    assert (await mira.act("d-2", "no_such_verb"))["status"] == "accepted"
    rows = await orchestrator.rows("SELECT 1 FROM events WHERE kind = 'said' AND agent = 'mira'")
    assert len(rows) == 1


async def test_a_resend_while_undecided_gets_one_verdict(mira: Any, orchestrator: Any) -> None:
    await orchestrator.command("pause")
    for _ in range(3):
        await mira.send("action", {"id": "s-1", "action": "say", "parameters": {"text": "once"}})
    await orchestrator.command("step")
    assert (await mira.verdict("s-1"))["status"] == "accepted"
    assert mira.count("in/verdict") == 0


async def test_too_much_in_a_minute_is_rate_limited(mira: Any) -> None:
    codes = []
    for number in range(600):  # 200 may come within one minute
        verdict = await mira.act(f"f-{number}", "no_such_verb")
        codes.append(verdict["code"])
        if codes[-1] == "rate_limited":
            break
    assert codes[-1] == "rate_limited"
    assert codes[:200] == ["unknown_action"] * 200
    assert 0 < verdict["retry_after"] <= 60, "when the first of them is a minute old"
    assert verdict["allowed"] == {"actions_per_minute": 100, "burst": 200, "undecided": 8}


async def test_an_oversize_payload_gets_no_verdict(mira: Any) -> None:
    filler = "x" * 65_000
    await mira.send("action", {"id": "o-1", "action": "say", "parameters": {"text": filler}})
    refused = await mira.verdict("o-1")
    assert refused["code"] == "bad_parameters"
    await mira.send("action", {"id": "o-2", "action": "say", "parameters": {"text": filler + "x" * 536}})
    assert (await mira.act("o-3", "say", {"text": "next"}))["status"] == "accepted"
    assert mira.count("in/verdict") == 0
