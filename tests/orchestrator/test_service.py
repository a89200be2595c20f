"""One town, one stranger, the whole loop."""

from typing import Any


async def test_a_stranger_walks_into_an_office(orchestrator: Any) -> None:
    await orchestrator.start()
    mira = await orchestrator.join("mira")
    seen = await mira.hello()
    office = next(place["id"] for place in seen["observation"]["location"]["nearby"] if place["kind"] == "office")
    verdict = await mira.act("a-1", "move_to", {"to": office})
    assert verdict["status"] == "accepted", verdict
    arrived = await mira.expect("in/observation", lambda told: "arrived" in told["because"])
    assert arrived["observation"]["location"]["building"] == office
    (event,) = [event for event in arrived["observation"]["environment"]["events"] if event["kind"] == "arrived"]
    assert event["cause"] == verdict["events"][0]
    await orchestrator.stop()


async def test_what_agents_hear_is_numbered_since_their_hello(orchestrator: Any) -> None:
    await orchestrator.start()
    mira = await orchestrator.join("mira")
    await mira.hello()
    for number in range(3):
        await mira.act(f"a-{number}", "say", {"text": f"word {number}"})
    await orchestrator.command("quarantine", agent="mira", why="a test")
    notice = await mira.expect("in/notice")
    await orchestrator.stop()
    shutdown = await mira.expect("in/notice")
    assert (notice["code"], shutdown["code"]) == ("quarantined", "shutdown")
    assert shutdown["seq"] > notice["seq"] > 3
    assert shutdown["generation"] == 1


async def test_a_verdict_is_in_the_journal_before_it_is_told(orchestrator: Any) -> None:
    await orchestrator.start()
    mira = await orchestrator.join("mira")
    await mira.hello()
    verdict = await mira.act("a-1", "say", {"text": "kept"}, observation_id="o-1", reasoning="because")
    await orchestrator.kill()
    (row,) = await orchestrator.rows("SELECT * FROM actions WHERE agent = 'mira'")
    assert (row["action_id"], row["status"], row["events"], row["tick"]) == ("a-1", "accepted", verdict["events"], verdict["tick"])
    assert (row["observation_id"], row["reasoning"]) == ("o-1", "because")
    (speech,) = await orchestrator.rows("SELECT * FROM speech WHERE speaker = 'mira'")
    assert (speech["text"], speech["event"]) == ("kept", verdict["events"][0])
    (new,) = await orchestrator.rows("SELECT * FROM agents WHERE id = 'mira'")
    assert (new["kind"], new["plan"]) == ("external", "external")
