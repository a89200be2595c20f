"""What a spectator sees: complete, retained where it should be, and nothing left over."""

from typing import Any

from pydantic import BaseModel

from mqttown_contract import topics
from mqttown_contract.messages import BuildingState, Card, Clock, DistrictState, Events, Observation, People, Presence, WorldStatus

MODELS: dict[str, type[BaseModel]] = {
    "status": WorldStatus, "clock": Clock, "card": Card, "presence": Presence, "people": People, "events": Events,
}  # fmt: skip


async def test_all_that_is_public_fits_its_model(orchestrator: Any) -> None:
    await orchestrator.start()
    mira = await orchestrator.join("mira")
    first = await mira.hello()
    Observation.model_validate(first)
    watcher = await orchestrator.client("watcher", topics.everything("tiny"))
    await mira.act("a-1", "move_to", {"to": "konttori-satama"})
    people = await watcher.expect("people", lambda told: any(one["id"] == "mira" and one["path"] for one in told["people"]))
    move = next(one for one in people["people"] if one["id"] == "mira")
    assert (move["doing"], move["x"], move["y"]) == ("walking", *move["path"][0])
    assert move["arrives_tick"] > move["starts_tick"]
    await watcher.expect("state", lambda told: told["id"] == "konttori-satama" and "mira" in told["inside"])
    await watcher.expect("presence", lambda told: told["building"] == "konttori-satama")
    await watcher.expect(
        "events", lambda told: any(event["kind"] == "arrived" and event["agent"] == "mira" for event in told["events"])
    )
    buildings = set()
    for topic, told in watcher.heard:
        at = topics.parse(topic)
        if at.scope in {"world", "district", "building"} or at.channel in {"card", "presence"}:
            if at.channel == "state":
                (BuildingState if at.scope == "building" else DistrictState).model_validate(told)
                buildings.add(at.building)
            else:
                MODELS[at.channel].model_validate(told)
    assert len(buildings) == 14 + 1, "all buildings, and the districts"


async def test_what_has_no_owner_is_cleared_and_a_void_status_overwritten(orchestrator: Any) -> None:
    client = await orchestrator.client("intruder", topics.world("tiny", "status"), topics.agent("tiny", "ranta", "ghost", "card"))
    ghost = topics.agent("tiny", "ranta", "ghost", "card")
    await client.link.publish(ghost, {"id": "ghost"}, retain=True)
    await client.expect("card")
    await orchestrator.start()
    await client.expect("status", lambda told: told["status"] == "online")
    await client.link.publish(topics.world("tiny", "status"), {"status": "offline", "generation": 0}, retain=True)
    await client.expect("status", lambda told: told == {"status": "offline", "generation": 0})
    await client.expect("status", lambda told: told == {"status": "online", "generation": 1})
    async with client._news:
        await client._news.wait_for(lambda: (ghost, None) in client.heard)
