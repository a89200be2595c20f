import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from mqttown.link import Address, Link
from mqttown_contract import topics

TOWN = "tiny"


@pytest.fixture
def service(open_broker: int, postgres_url: str, tiny_town_file: Path, tmp_path: Path) -> Any:
    """Runs the real process."""

    @asynccontextmanager
    async def run(**settings: str) -> AsyncIterator[asyncio.subprocess.Process]:
        environment = {
            **os.environ,
            "MQTTOWN_TOWN": TOWN,
            "MQTTOWN_TOWN_FILE": str(tiny_town_file),
            "MQTTOWN_DATABASE": postgres_url,
            "MQTTOWN_DATA": str(tmp_path),
            "MQTTOWN_MQTT_PORT": str(open_broker),
            "MQTTOWN_SERVICE_KEY": "any",
            **settings,
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "mqttown_memory", env=environment, stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        try:
            assert (await process.stdout.readline()).startswith(b"ready {")
            yield process
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
                assert await process.wait() == 0
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    return run


class Asker:
    """Asks on one topic and waits for the answer with the same id."""

    def __init__(self, link: Link, ask: str) -> None:
        self._link = link
        self._ask = ask
        self._messages = aiter(link)

    async def __call__(self, payload: dict[str, Any] | bytes) -> dict[str, Any]:
        await self._link.publish(self._ask, payload)
        async with asyncio.timeout(20):
            answer = (await anext(self._messages)).json()
        assert isinstance(answer, dict)
        return answer


@asynccontextmanager
async def asker(port: int, name: str, *, as_service: bool = False) -> AsyncIterator[Asker]:
    async with Link(Address(port=port), name, "any") as link:
        if as_service:
            await link.subscribe(topics.service_in(TOWN, name, "memory"))
            yield Asker(link, topics.service_out(TOWN, name, "recall"))
        else:
            await link.subscribe(topics.agent_in(TOWN, "ranta", name, "memory"))
            yield Asker(link, topics.agent_out(TOWN, "ranta", name, "memory"))


async def test_what_was_witnessed_is_recalled_and_by_nobody_else(open_broker: int, service: Any, journal: Any, said: Any) -> None:
    await journal.commit(said(41, 0, "otto", "The green kettle sings at dawn.", "aino"))
    async with (
        service(),
        asker(open_broker, "aino") as aino,
        asker(open_broker, "leena") as leena,
        asker(open_broker, "otto") as otto,
    ):
        recalled = await aino({"id": "1", "op": "recall", "query": "green kettle", "k": 1, "tick": 41})
        assert recalled["memories"] == [
            {"id": "m-e-41-0", "kind": "message", "text": 'Otto Laine said: "The green kettle sings at dawn."', "tick": 41,
             "score": 1.5, "recency": 0.5, "importance": 0.5, "relevance": 0.5, "evidence": ["e-41-0"]}
        ]  # fmt: skip
        assert (await leena({"id": "2", "op": "recall", "query": "green kettle", "tick": 41}))["memories"] == []
        assert (await otto({"id": "3", "op": "recall", "query": "green kettle"}))["memories"][0]["kind"] == "observation"


async def test_a_recall_with_a_tick_waits_for_the_journal(open_broker: int, service: Any, journal: Any, said: Any) -> None:
    async with service(MQTTOWN_PATIENCE="15"), asker(open_broker, "aino") as aino:
        asking = asyncio.create_task(aino({"id": "1", "op": "recall", "query": "boat", "tick": 12}))
        await journal.commit(said(11, 0, "otto", "a boat", "aino"))
        await journal.commit(said(12, 0, "otto", "another boat", "aino"))
        assert {one["tick"] for one in (await asking)["memories"]} == {11, 12}


async def test_a_tick_that_does_not_come_is_answered_with_a_code(open_broker: int, service: Any, journal: Any) -> None:
    async with service(MQTTOWN_PATIENCE="0.3"), asker(open_broker, "aino") as aino:
        answer = await aino({"id": "1", "op": "recall", "query": "boat", "tick": 10**9})
        assert (answer["id"], answer["code"], answer["path"]) == ("1", "not_possible", "tick")


async def test_remember_is_durable_and_counts_once(open_broker: int, service: Any, journal: Any) -> None:
    note = {"id": "note 1", "op": "remember", "text": "The key is under the mat.", "importance": 0.6, "kind": "note"}
    note |= {"evidence": ["m-e-1-0"]}
    async with service() as process, asker(open_broker, "aino") as aino:
        assert await aino(note) == {"id": "note 1", "memories": []}
        process.kill()
        await process.wait()
        async with service():
            assert await aino(note | {"text": "changed"}) == {"id": "note 1", "memories": []}
            found = (await aino({"id": "2", "op": "recall", "query": "key", "kinds": ["note"]}))["memories"]
            assert [(one["id"], one["text"]) for one in found] == [("n-note 1", "The key is under the mat.")]
            assert found[0]["evidence"] == ["m-e-1-0"]


async def test_who_is_deleted_is_forgotten_for_good_and_what_others_remember_stays(
    open_broker: int, service: Any, journal: Any, said: Any, pool: Any
) -> None:
    await journal.commit(said(3, 0, "aino", "My safe is behind the clock.", "otto"))
    note = {"id": "1", "op": "remember", "text": "The safe's code is 4711.", "kind": "note", "tick": 3}
    async with (
        asker(open_broker, "aino") as aino,
        asker(open_broker, "otto") as otto,
        asker(open_broker, "dashboard", as_service=True) as portal,
        asker(open_broker, "host-1", as_service=True) as host,
    ):
        async with service():
            assert await aino(note) == {"id": "1", "memories": []}
            assert len((await aino({"id": "2", "op": "recall", "tick": 3}))["memories"]) == 2
            for refused in (
                await host({"id": "3", "op": "forget", "agent": "aino"}),
                await portal({"id": "3", "op": "forget"}),
                await aino({"id": "3", "op": "forget"}),
            ):
                assert (refused["code"], refused["path"]) == ("bad_parameters", "op")
            assert await portal({"id": "4", "op": "forget", "agent": "aino"}) == {"id": "4", "memories": []}
            assert (await aino({"id": "5", "op": "recall"}))["memories"] == []
            assert await portal({"id": "6", "op": "forget", "agent": "aino"}) == {
                "id": "6",
                "memories": [],
            }
        await journal.commit(said(4, 0, "otto", "Where is your safe?", "aino"))  # of the last tick before she was gone
        async with service():
            assert await aino(note | {"id": "7"}) == {"id": "7", "memories": []}
            heard = (await otto({"id": "8", "op": "recall", "query": "safe", "tick": 4}))["memories"]
            assert "My safe is behind the clock." in heard[1]["text"] + heard[0]["text"]
            assert (await aino({"id": "9", "op": "recall", "tick": 4}))["memories"] == []
    assert await pool.fetchval("SELECT count(*) FROM memory.memories WHERE agent = 'aino'") == 0
    assert await pool.fetchval("SELECT count(*) FROM memory.agents WHERE agent = 'aino'") == 0
    assert await pool.fetchval("SELECT count(*) FROM memory.memories WHERE text LIKE '%4711%'") == 0


async def test_the_clock_rings_the_bell_and_a_restart_misses_nothing(
    open_broker: int, service: Any, journal: Any, said: Any
) -> None:
    async with Link(Address(port=open_broker), "town", "any") as town, asker(open_broker, "dashboard", as_service=True) as look:
        async with service():
            pass
        await journal.commit(said(5, 0, "otto", "music", "aino"))
        await town.publish(topics.world(TOWN, "clock"), {"tick": 6, "generation": 1}, retain=True)
        async with service():
            found = await look({"id": "1", "agent": "aino", "op": "recall", "query": "music", "tick": 6})
            assert [one["tick"] for one in found["memories"]] == [5]
        await town.publish(topics.world(TOWN, "clock"), b"", retain=True)


async def test_refusals_come_back_over_the_wire(open_broker: int, service: Any) -> None:
    async with service(), asker(open_broker, "aino") as aino, asker(open_broker, "host-1", as_service=True) as host:
        assert (await aino(b"{"))["code"] == "malformed"
        nobody = await host({"id": "1", "op": "recall"})
        assert (nobody["code"], nobody["path"]) == ("bad_parameters", "agent")
