"""A moderation endpoint in OpenAI's form: asked beside the ticks, kept in order, and done without when it is away."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from mqttown_orchestrator.pipeline.endpoint import Endpoint
from mqttown_orchestrator.pipeline.moderation import Judgement


class Stub:
    """An HTTP server on loopback that flags every text with `weasel` in it."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.mute = False
        self.broken = False
        self.open = asyncio.Event()
        self.open.set()
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.decode().split("\r\n")
                length = next(int(line.split(":")[1]) for line in lines if line.lower().startswith("content-length"))
                text = json.loads(await reader.readexactly(length))["input"]
                self.asked.append(text)
                if self.mute:
                    await asyncio.Event().wait()
                await self.open.wait()
                flagged = "weasel" in text
                body = (
                    b"oops"
                    if self.broken
                    else json.dumps(
                        {
                            "id": "m",
                            "model": "stub",
                            "results": [{"flagged": flagged, "categories": {"harassment": flagged}, "category_scores": {}}],
                        }
                    ).encode()
                )
                status = b"500 Broken" if self.broken else b"200 OK"
                writer.write(
                    b"HTTP/1.1 %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (status, len(body), body)
                )
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@pytest.fixture
async def stub() -> AsyncIterator[Stub]:
    stub = Stub()
    tasks: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(stub.serve(reader, writer))
        tasks.add(task)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    stub.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    yield stub
    server.close()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def opinion(endpoint: Endpoint, text: str) -> Judgement:
    answered: asyncio.Future[Judgement] = asyncio.get_running_loop().create_future()
    assert endpoint.ask(text, answered.set_result)
    async with asyncio.timeout(10):
        return await answered


async def test_flagged_unflagged_and_remembered(stub: Stub) -> None:
    woken: list[None] = []
    endpoint = Endpoint(stub.url, "key", "stub", lambda: woken.append(None))
    assert (await opinion(endpoint, "a fine day")).action == "pass"
    flagged = await opinion(endpoint, "you weasel")
    assert (flagged.action, flagged.rule) == ("reject", "harassment")
    assert endpoint.known("you weasel") == flagged
    assert endpoint.known("never asked") is None
    assert len(woken) == 2
    await endpoint.close()


async def test_a_silent_and_a_broken_endpoint_are_done_without(stub: Stub) -> None:
    now = [0.0]
    endpoint = Endpoint(stub.url, "key", "stub", lambda: None, now=lambda: now[0])
    stub.mute = True
    assert (await opinion(endpoint, "you weasel")).action == "pass", "after a second at most"
    stub.mute, stub.broken = False, True
    for number in range(4):
        assert (await opinion(endpoint, f"weasel {number}")).action == "pass"
    assert not endpoint.ask("weasel", lambda _: None), "the circuit is open: nobody is asked"
    now[0] += 31
    stub.broken = False
    assert (await opinion(endpoint, "weasel again")).action == "reject"
    await endpoint.close()


async def test_order_is_kept_and_no_tick_waits(orchestrator: Any, stub: Stub) -> None:
    await orchestrator.start(moderation_url=stub.url, moderation_key="key")
    mira = await orchestrator.join("mira")
    otso = await orchestrator.join("otso")
    await mira.hello()
    await otso.hello()
    stub.open.clear()
    await mira.send("action", {"id": "m-1", "action": "say", "parameters": {"text": "first words"}})
    await mira.send("action", {"id": "m-2", "action": "wait", "parameters": {}})
    await mira.send("action", {"id": "m-3", "action": "say", "parameters": {"text": "you weasel"}})
    before = (await otso.act("o-1", "wait"))["tick"]
    assert (await otso.act("o-2", "wait"))["tick"] > before, "ticks go on"
    stub.open.set()
    first, second, third = [await mira.verdict(f"m-{number}") for number in (1, 2, 3)]
    assert (first["status"], second["status"]) == ("accepted", "accepted")
    assert (third["code"], third["path"]) == ("moderated", "parameters.text")
    assert "weasel" not in third["detail"]
    assert first["tick"] <= second["tick"] <= third["tick"]
    assert first["seq"] < second["seq"] < third["seq"]
    stub.mute = True
    assert (await mira.act("m-4", "say", {"text": "the endpoint is silent"}))["status"] == "accepted"
    assert (await mira.act("m-5", "say", {"text": "You WANKER"}))["code"] == "moderated", "the town's own rules need nobody"
    assert stub.asked[:2] == ["first words", "you weasel"]
    assert "You WANKER" not in stub.asked
