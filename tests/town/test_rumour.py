"""Words made up at run time, told to one resident over MQTT: who knows them a town day later, from whom, and who doesn't."""

import asyncio
import random
import string
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from mqttown import Agent, Credentials, Me, Observation

pytestmark = [pytest.mark.town, pytest.mark.timeout(240)]
DAY_TICKS = 1440
SECONDS = 150


def made_up_sentence() -> str:
    """Words that are in no content file, since nobody has ever written them."""
    luck = random.SystemRandom()
    words = ["".join(luck.choices(string.ascii_lowercase, k=luck.randint(4, 9))) for _ in range(5)]
    return f"The {words[0]} of {words[1]} {words[2]} was seen near the {words[3]} {words[4]}."


async def whisper(credentials: Credentials, sentence: str, ticks: int) -> dict[str, Any]:
    """Live in lockstep: go where residents are, whisper to one of them, live on silently for some ticks.

    Returns:
        `to`: who was told; `event`: the `said` event; `tick`: when.
    """
    agent = Agent(credentials=credentials, lockstep=True)
    told: dict[str, Any] = {}
    over = asyncio.Event()

    @agent.on_observation
    async def live(me: Me, seen: Observation) -> None:
        if told:
            if seen.tick >= told["tick"] + ticks:
                over.set()
            await me.do("wait", ticks=20)
        elif seen.location.here and seen.location.here.kind == "cafe" and seen.visible_agents:
            listener = seen.visible_agents[0].id
            verdict = await me.do("say", text=sentence, to=[listener])
            told.update(to=listener, event=verdict.events[0], tick=verdict.tick)
        elif seen.own.doing == "idle" and not (seen.location.here and seen.location.here.kind == "cafe"):
            cafes = [near.id for near in seen.location.nearby if near.kind == "cafe" and near.open]
            await (me.do("move_to", to=cafes[0]) if cafes else me.do("wait", ticks=10))
        else:
            await me.do("wait", ticks=5)

    life = asyncio.create_task(agent.live())
    try:
        async with asyncio.timeout(SECONDS):
            ended = asyncio.create_task(over.wait())
            await asyncio.wait({life, ended}, return_when=asyncio.FIRST_COMPLETED)
            ended.cancel()
            if life.done():
                life.result()
    finally:
        life.cancel()
        await asyncio.wait({life})
    return told


def spread(town: Any, sentence: str, ticks: int) -> dict[str, Any]:
    """Have the sentence told to one resident, and let a lockstep town live on."""
    known = town.new_agent("stranger")
    credentials = Credentials.read(town.data / "agents" / "stranger.json")
    assert credentials.username == known["username"]
    town.cli("speed", "0")
    told = asyncio.run(whisper(credentials, sentence, ticks))
    town.cli("pause")
    return told


def who_knows(town: Any, event: str) -> dict[str, dict[str, Any]]:
    """Residents who know of an event, each with the chain by which it came."""
    residents = [agent["id"] for agent in town.api("/agents?kind=hosted&limit=100")["items"]]
    found = {agent: town.api(f"/agents/{agent}/knows?event={event}")["items"] for agent in residents}
    assert len(found) == 25
    return {agent: facts[0] for agent, facts in found.items() if facts}


def holds(chain: list[dict[str, Any]], knower: str, journal: dict[str, dict[str, Any]]) -> None:
    """Each link is a journaled `say` of somebody who witnessed the link before; the last one reached the knower."""
    assert journal[chain[0]["event"]]["agent"] == "stranger"
    for before, link in zip([None, *chain], chain, strict=False):
        row = journal[link["event"]]
        assert (row["kind"], row["status"], row["action"]) == ("said", "accepted", "say")
        assert row["agent"] == link["by"]
        if before is not None:
            assert row["agent"] in journal[before["event"]]["witnesses"]
            assert before["event"] in row["about"]
            assert journal[before["event"]]["tick"] <= row["tick"]
    assert knower in journal[chain[-1]["event"]]["witnesses"]


def journal_of(town: Any, folder: Path) -> dict[str, dict[str, Any]]:
    """What was said, by event id, each with its action's verdict: from the exported journal."""
    town.cli("export", "--out", str(folder))
    actions = pl.read_parquet(folder / "actions.parquet").select("agent", "action_id", "action", "status")
    said = pl.read_parquet(folder / "events.parquet").filter(pl.col("kind") == "said")
    return {row["id"]: row for row in said.join(actions, on=["agent", "action_id"], how="left").to_dicts()}


def check_spread(town: Any, folder: Path, sentence: str, told: dict[str, Any], at_least: int) -> None:
    knowers = who_knows(town, told["event"])
    assert told["to"] in knowers
    others = sorted(knowers.keys() - {told["to"]})
    assert len(others) >= at_least, others
    journal = journal_of(town, folder)
    for agent, fact in knowers.items():
        assert fact["text"] == sentence
        holds(fact["chain"], agent, journal)
    reached = {agent for row in journal.values() if sentence in row["data"] for agent in row["witnesses"]}
    assert reached - {"stranger"} == set(knowers), "nobody knows it but by these words"
    if len(knowers) < 25:
        outside = next(agent["id"] for agent in town.api("/agents?kind=hosted&limit=100")["items"] if agent["id"] not in knowers)
        found = town.api(f"/agents/{outside}/memories?query={sentence.replace(' ', '%20')}")["items"]
        assert [memory for memory in found if sentence in memory["text"]] == []


@pytest.mark.slow
def test_within_a_town_day_it_travels(start_town: Callable[..., Any], tmp_path: Path) -> None:
    town = start_town("--lockstep", "--open", "--seed", "7")
    sentence = made_up_sentence()
    told = spread(town, sentence, DAY_TICKS)
    check_spread(town, tmp_path / "export", sentence, told, at_least=3)


@pytest.mark.slow
def test_with_talking_switched_off_it_stays_with_one(start_town: Callable[..., Any]) -> None:
    town = start_town("--lockstep", "--open", "--seed", "7", "--no-talk")
    told = spread(town, made_up_sentence(), DAY_TICKS)
    assert list(who_knows(town, told["event"])) == [told["to"]]
