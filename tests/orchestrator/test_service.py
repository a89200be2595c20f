"""One town, one stranger, the whole loop."""

from typing import Any


async def test_a_stranger_walks_into_a_park(orchestrator: Any) -> None:
    await orchestrator.start()
    mira = await orchestrator.join("mira")
    seen = await mira.hello()
    here = seen["observation"]["location"]["building"]
    park = next(place["id"] for place in seen["observation"]["location"]["nearby"] if place["kind"] == "park" and place["id"] != here)
    verdict = await mira.act("a-1", "move_to", {"to": park})
    assert verdict["status"] == "accepted", verdict
    arrived = await mira.expect("in/observation", lambda told: "arrived" in told["because"])
    assert arrived["observation"]["location"]["building"] == park
    await orchestrator.stop()
