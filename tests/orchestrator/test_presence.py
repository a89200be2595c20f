"""Hello, since_tick, brief, merged hellos, farewells, and what is retained about a citizen."""

from typing import Any

from mqttown_contract import topics


async def test_hello_in_a_paused_town(orchestrator: Any) -> None:
    await orchestrator.start()
    mira = await orchestrator.join("mira")
    await orchestrator.command("pause")
    full = await mira.hello(session="one")
    assert (full["seq"], full["because"], full["agent_id"]) == (1, ["hello"], "mira")
    assert all("parameters" in action for action in full["available_actions"])
    brief = await mira.hello(detail="brief", session="one")
    assert {tuple(action) for action in brief["available_actions"]} == {("action",)}
    assert brief["tick"] == full["tick"]


async def test_hellos_are_merged(orchestrator: Any) -> None:
    await orchestrator.start()
    mira = await orchestrator.join("mira")
    await orchestrator.command("pause")
    await mira.hello()
    for _ in range(20):
        await mira.send("hello", {})
    await mira.expect("in/observation")
    await mira.send("hello", {"detail": "brief"})
    last = await mira.expect("in/observation", lambda told: "parameters" not in told["available_actions"][0])
    assert last["seq"] == 1
    assert mira.count("in/observation") == 0, "twenty hellos in a moment get one answer"


async def test_since_tick_brings_what_was_missed(orchestrator: Any) -> None:
    await orchestrator.start()
    mira, otso = await orchestrator.join("mira", district="ranta"), await orchestrator.join("otso", district="ranta")
    await mira.hello()
    before = (await otso.hello(session="x"))["tick"]
    await otso.send("status", {"status": "offline", "session": "x"})
    for number in range(60):
        await mira.act(f"a-{number}", "say", {"text": f"word {number}"})
    missed = await otso.hello(session="y", since_tick=before)
    words = [message["text"] for message in missed["observation"]["messages"]]
    assert words == [f"word {number}" for number in range(10, 60)]
    assert missed["more"]["messages"] == 10
    assert missed["observation"]["messages"][0]["from"] == "mira"
    nothing = await otso.hello(session="y")
    assert nothing["observation"]["messages"] == []
    await orchestrator.kill()
    await orchestrator.start()
    again = await otso.hello(session="z", since_tick=before)
    assert again["observation"]["messages"] == missed["observation"]["messages"], "the journal brings it back"
    assert again["generation"] == 2


async def test_absent_agents_get_no_observations(orchestrator: Any) -> None:
    await orchestrator.start()
    mira, otso = await orchestrator.join("mira", district="ranta"), await orchestrator.join("otso", district="ranta")
    await mira.hello()
    await mira.act("a-1", "say", {"text": "is anybody here?"})
    assert (await otso.act("b-1", "say", {"text": "I never said hello"}))["status"] == "accepted"
    assert otso.count("in/observation") == 0


async def test_a_late_will_is_ignored(orchestrator: Any) -> None:
    await orchestrator.start()
    mira = await orchestrator.join("mira")
    watcher = await orchestrator.client("watcher", topics.agent("tiny", mira.district, "mira", "presence"))
    await watcher.expect("presence", lambda told: told["state"] == "offline")
    await mira.hello(session="new")
    await watcher.expect("presence", lambda told: told["state"] == "online")
    await mira.send("status", {"status": "offline", "session": "old"})
    await mira.send("status", {"status": "offline"})
    await mira.act("a-1", "say", {"text": "still here"})
    assert watcher.count("presence") == 0
    await mira.send("status", {"status": "offline", "session": "new"})
    await watcher.expect("presence", lambda told: told["state"] == "offline")


async def test_retained_words_of_agents_are_ignored(orchestrator: Any) -> None:
    await orchestrator.start()
    mira = await orchestrator.join("mira")
    await mira.send("action", {"id": "kept", "action": "say", "parameters": {"text": "again and again"}}, retain=True)
    await mira.verdict("kept")
    await orchestrator.stop()
    await orchestrator.start()
    await mira.hello()
    await mira.act("a-2", "say", {"text": "a tick later"})
    assert mira.count("in/verdict") == 0
    rows = await orchestrator.rows("SELECT 1 FROM events WHERE kind = 'said' AND agent = 'mira'")
    assert len(rows) == 2
    await mira.link.publish(topics.agent_out("tiny", mira.district, "mira", "action"), b"", retain=True)


async def test_no_hello_is_told_as_a_notice(orchestrator: Any) -> None:
    await orchestrator.start()
    mira = await orchestrator.join("mira")
    await mira.send("hello", {"since_tick": -1})
    notice = await mira.expect("in/notice")
    assert notice["code"] == "malformed"
    assert "since_tick" in notice["text"]


async def test_a_budget_is_told_and_shown(orchestrator: Any) -> None:
    await orchestrator.start()
    mira = await orchestrator.join("mira")
    await mira.hello()
    seen = await orchestrator.client("seen", topics.agent("tiny", "+", "mira", "presence"))
    await orchestrator.command("budget", agent="mira", text="80 % of it is gone")
    assert (await mira.expect("in/notice"))["text"] == "80 % of it is gone"
    await orchestrator.command("budget", agent="mira", text="it is used up", asleep=True)
    await seen.expect("presence", lambda told: told["state"] == "asleep")
    await orchestrator.command("budget", agent="mira", text="there is one again", asleep=False)
    await seen.expect("presence", lambda told: told["state"] == "online")
    assert (await orchestrator.command("budget", agent="nobody", text="x"))["status"] == "rejected"
