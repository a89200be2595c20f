"""Memories in an observation: there within 50 ms, or left out."""

import asyncio
import json
import time
from types import SimpleNamespace
from typing import Any

import orjson

from mqttown_orchestrator.recollection import Recollection


def observation() -> dict[str, Any]:
    perceived = {"visible_agents": [{"name": "Otto"}], "location": {"here": {"name": "Harbour"}}, "self": {"doing": "idle"}}
    return {"observation": perceived, "memory_context": {}}


async def test_memories_in_time_and_too_late() -> None:
    asked: asyncio.Queue[Any] = asyncio.Queue()
    sent: asyncio.Queue[Any] = asyncio.Queue()
    mira: Any = SimpleNamespace(id="mira", memory=2)
    recollection = Recollection(
        "tiny", lambda _, payload: asked.put_nowait(json.loads(payload)), lambda _, told: sent.put_nowait(told)
    )

    recollection.hold(mira, observation(), [orjson.Fragment(b'{"text": "Good morning"}')])
    request = await asked.get()
    assert request == {"id": "r-1", "agent": "mira", "op": "recall", "query": "Good morning Otto Harbour idle", "k": 2}
    recollection.answered(json.dumps({"id": "r-1", "memories": [{"id": "m-1"}]}).encode())
    assert sent.get_nowait()["memory_context"] == {"memories": [{"id": "m-1"}]}

    began = time.monotonic()
    recollection.hold(mira, observation(), [])
    assert (await sent.get())["memory_context"] == {}
    assert time.monotonic() - began >= 0.045
    recollection.answered(b'{"id": "r-2", "memories": [{"id": "m-2"}]}')
    recollection.answered(b"nonsense")
    assert sent.empty()
    assert len(recollection) == 0


async def test_a_newer_observation_never_overtakes_one_that_is_held() -> None:
    sent: list[str] = []
    mira: Any = SimpleNamespace(id="mira", memory=1)
    recollection = Recollection("tiny", lambda _topic, _payload: None, lambda _, told: sent.append(told["name"]))
    recollection.hold(mira, {**observation(), "name": "first"}, [])
    recollection.hold(mira, {**observation(), "name": "second"}, [])
    assert sent == ["first"]
    recollection.answered(b'{"id": "r-2", "memories": []}')
    assert sent == ["first", "second"]
