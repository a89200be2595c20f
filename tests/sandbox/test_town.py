"""Over REST into a container: personas walk and talk, by routine and by a model, and so does an owner's program."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from mqttown_runtime.sandbox.engine import Engine

sys.path.insert(0, str(Path(__file__).parents[1] / "runtime"))

from stub_model import StubModel, calls, on_a_loop_of_its_own

pytestmark = [pytest.mark.slow, pytest.mark.town]
SECONDS = 120
PERSONA = {
    "id": "mira",
    "name": "Mira Halonen",
    "tagline": "Counts the trams.",
    "traits": {"sociable": 950, "curious": 900},
    "likes": ["cafe", "park"],
    "wakes": "06:05",
    "placement": "docker",
}
THINKER = {
    "id": "nora",
    "name": "Nora Model",
    "likes": ["cafe", "restaurant"],
    "profile": {"relationship": "open"},
    "wakes": "06:05",
    "mind": {"kind": "model"},
    "placement": "docker",
}
MODELS = """
version: 1
providers: {{here: {{base_url: "{url}"}}}}
models: {{m: {{provider: here, name: m, context: 8192, price_in: 0, price_out: 0}}}}
tiers: {{full: [m], small: [m], tiny: [m]}}
"""
CODER = {"id": "juno", "name": "Juno Byte", "mind": {"kind": "code"}}
PROGRAM = '''
"""Thirty lines that live in the town: go to a place nearby, and greet whoever is there."""

import random

from mqttown import Agent, Rejected

agent = Agent()
luck = random.Random(agent.me.id)
visits = 0


@agent.on_observation
async def live(me, observation):
    """Walk when idle, and speak on arrival."""
    global visits
    if observation.own.doing != "idle":
        return
    places = [place.id for place in observation.location.nearby if place.kind == "park" or place.open]
    try:
        if visits:
            await me.do("say", text=f"Good day, this is my place number {visits}.")
        visits += 1
        await me.do("move_to", to=luck.choice(places))
    except Rejected as error:
        print("refused:", error, flush=True)
        await me.do("wait", ticks=5)


print("ready", flush=True)
agent.run()
'''


def wanderer(body: Mapping[str, Any]) -> dict[str, Any]:
    """A model that plans, greets whoever it may speak to, and else walks about."""
    tools = {one["function"]["name"]: one["function"]["parameters"] for one in body["tools"]}
    told = body["messages"][-1]["content"]
    if "plan" in tools:
        return calls("plan", {"steps": [{"at": "06:30", "what": "greet the town"}]})
    if "say" in tools:
        return calls("say", {"text": f"Good day, it is {told.split('It is ')[1][:5]}."})
    if "move_to" in tools:
        places = tools["move_to"]["properties"]["to"]["examples"]
        return calls("move_to", {"to": places[len(told) % len(places)]})
    return calls("wait", {"ticks": 5})


class Stage:
    """A town with a sandbox, its owner, and its database."""

    def __init__(self, town: Any, engine: Engine) -> None:
        self.town, self.engine = town, engine
        body = {"name": "riitta", "password": "seven grey trams"}
        httpx.post(f"{town.ready['api']}/accounts", json=body, timeout=30).raise_for_status()
        answer = httpx.post(f"{town.ready['api']}/sessions", json=body, timeout=30)
        self._headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}

    def send(self, method: str, path: str, **how: Any) -> httpx.Response:
        return httpx.request(method, f"{self.town.ready['api']}{path}", headers=self._headers, timeout=60, **how)

    def rows(self, statement: str, *arguments: Any) -> list[dict[str, Any]]:
        async def fetch() -> list[dict[str, Any]]:
            connection = await asyncpg.connect(json.loads((self.town.data / "running.json").read_text())["database"])
            try:
                return [dict(row) for row in await connection.fetch(statement, *arguments)]
            finally:
                await connection.close()

        return asyncio.run(fetch())

    def acted(self, agent: str, since: int = -1) -> set[str]:
        """Verbs that the town has accepted from an agent after a tick."""
        found = self.rows("SELECT action FROM actions WHERE agent = $1 AND status = 'accepted' AND tick > $2", agent, since)
        return {row["action"] for row in found}

    def tick(self) -> int:
        return int(self.rows("SELECT max(tick) AS tick FROM actions")[0]["tick"])

    def wait(self, words: str, holds: Callable[[], Any]) -> Any:
        end = time.monotonic() + SECONDS
        while not (found := holds()):
            logs = "\n".join(self.town.log(part)[-1500:] for part in ("jailer", "doorkeeper"))
            assert time.monotonic() < end, f"{words}: never; {self.rows('SELECT * FROM runtime.hosted')}\n{logs}"
            time.sleep(0.3)
        return found

    def containers(self) -> dict[str, str]:
        return {one.agent: one.id for one in self.engine.list() if one.state == "running"}


@pytest.fixture(scope="module")
def model() -> Iterator[StubModel]:
    with on_a_loop_of_its_own(StubModel(reply=wanderer)) as model:
        yield model


@pytest.fixture(scope="module")
def stage(
    engine_url: str, image: str, tmp_path_factory: pytest.TempPathFactory, running_town: Any, model: StubModel
) -> Iterator[Stage]:
    data: Path = tmp_path_factory.mktemp("town") / "data"
    registry = data.parent / "models.yaml"
    registry.write_text(MODELS.format(url=model.url), encoding="utf-8")
    town = running_town(data, None, engine_url, "--sandbox", "--speed", "900", "--open", "--models", str(registry))
    engine = Engine("helsinki", url=engine_url)
    try:
        town.begin()
        yield Stage(town, engine)
    finally:
        town.end()
        for container in engine.list():
            engine.remove(container.agent)
        engine.close()


def test_a_persona_registered_over_rest_walks_and_talks_from_its_own_container(stage: Stage) -> None:
    made = stage.send("POST", "/me/residents", json=PERSONA)
    assert made.status_code == 201, made.text
    stage.wait("a walk and words", lambda: {"move_to", "say"} <= stage.acted("mira"))
    assert "mira" in stage.containers()
    stage.wait("it is seen to run", lambda: stage.send("GET", "/me/residents/mira").json()["status"] == "running")
    how = "SELECT online, health, thought_tick > 0 AS thought FROM runtime.residents WHERE agent = 'mira'"
    stage.wait("a heartbeat", lambda: stage.rows(how) == [{"online": True, "health": "well", "thought": True}])


def test_an_uploaded_program_does_too(stage: Stage) -> None:
    made = stage.send("POST", "/me/residents", json=CODER)
    assert made.status_code == 201, made.text
    sent = stage.send("PUT", "/me/residents/juno/code?name=agent.py", content=PROGRAM.encode())
    assert sent.status_code == 200, sent.text
    stage.wait("a walk and words", lambda: {"move_to", "say"} <= stage.acted("juno"))
    assert "juno" in stage.containers()
    stage.wait("its log", lambda: "ready" in stage.send("GET", "/me/residents/juno/logs").json()["text"])


def test_a_persona_with_a_model_thinks_through_the_gateway_from_its_own_container(stage: Stage, model: StubModel) -> None:
    made = stage.send("POST", "/me/residents", json=THINKER)
    assert made.status_code == 201, made.text
    thought = "SELECT action FROM actions WHERE agent = 'nora' AND status = 'accepted' AND reasoning NOT LIKE 'by routine%'"
    stage.wait("a walk and words of its model's", lambda: {"move_to", "say"} <= {row["action"] for row in stage.rows(thought)})
    assert "nora" in stage.containers()
    calls_ = stage.rows("SELECT DISTINCT provider, model, state FROM runtime.calls WHERE agent = 'nora' AND tokens_out > 0")
    assert calls_ == [{"provider": "here", "model": "m", "state": "done"}]
    assert any("Nora Model" in body["messages"][0]["content"] for body in model.asked)
    said = stage.rows("SELECT text FROM speech WHERE speaker = 'nora'")
    assert said[0]["text"].startswith("Good day, it is "), said


def test_killing_the_runtime_loses_nobody_and_doubles_nobody(stage: Stage) -> None:
    before, began = stage.containers(), stage.tick()
    starts = stage.rows("SELECT agent, starts FROM runtime.hosted ORDER BY agent")
    assert set(before) == {"mira", "juno", "nora"}
    for part in ("jailer", "doorkeeper", "host-1"):
        os.kill(stage.town.pid(part), signal.SIGKILL)
    for agent in ("mira", "juno", "nora", "aino"):
        stage.wait(f"{agent} acts again", lambda agent=agent: stage.acted(agent, since=began + 2))  # type: ignore[misc]
    assert stage.containers() == before
    assert stage.rows("SELECT agent, starts FROM runtime.hosted ORDER BY agent") == starts
    twice = stage.rows("SELECT agent, action_id, count(*) FROM actions GROUP BY 1, 2 HAVING count(*) > 1")
    assert twice == []


def test_the_town_stops_and_goes_on_with_everybody(stage: Stage) -> None:
    before = stage.containers()
    starts = stage.rows("SELECT starts, failures FROM runtime.hosted ORDER BY agent")
    stage.town.stop()
    assert stage.containers() == {}
    assert not any(os.path.ismount(disk) for disk in stage.town.data.glob("jail/*/disk"))
    stage.town.begin()
    began = stage.tick()
    for agent in before:
        stage.wait(f"{agent} acts again", lambda agent=agent: stage.acted(agent, since=began))  # type: ignore[misc]
    assert stage.containers() == before
    after = stage.rows("SELECT starts, failures FROM runtime.hosted ORDER BY agent")
    assert [row["starts"] - 1 for row in after] == [row["starts"] for row in starts]
    assert [row["failures"] for row in after] == [row["failures"] for row in starts]


def test_who_is_deleted_is_gone(stage: Stage) -> None:
    assert stage.send("DELETE", "/me/residents/juno").status_code == 200
    stage.wait("nothing left", lambda: not stage.rows("SELECT FROM runtime.hosted WHERE agent = 'juno'"))
    assert set(stage.containers()) == {"mira", "nora"}
    assert not (stage.town.data / "jail" / "juno").exists()
    assert stage.rows("SELECT FROM runtime.archives") == []
