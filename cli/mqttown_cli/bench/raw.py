"""The raw rate of the broker: one tick's messages as the town sent them, sent again and again without a town."""

import asyncio
import socket
import time
from dataclasses import dataclass
from typing import Final, cast

from mqttown_cli.bench import packets
from mqttown_contract import topics

__all__ = ["Message", "record", "replay"]

_KEEP_ALIVE: Final = 600
_CHUNK: Final = 64 * 1024
"""As the orchestrator writes."""
_PATIENCE: Final = 60.0
"""Seconds for one round."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the orchestrator."""

    topic: str
    payload: bytes

    @property
    def retained(self) -> bool:
        """Whether the town has the broker keep it."""
        said = topics.parse(self.topic)
        return said.direction is None and (said.scope, said.channel) in topics.RETAINED


async def record(port: int, name: str, key: str, town: str) -> list[Message]:
    """All that the orchestrator publishes from one clock message to the next: a tick, in its order, the public part first.

    Args:
        port: of the broker.
        name: a service that may subscribe to everything.
        key: its password.
        town: id.
    """
    client = await _Client.connect(port, name, key, topics.everything(town))
    clock = topics.world(town, "clock")
    messages: list[Message] = []
    beginning = True
    try:
        async with asyncio.timeout(_PATIENCE):
            while True:
                topic, payload, retained = await client.next()
                said = topics.parse(topic)
                if retained or said.direction == "out" or said.scope == "service":
                    continue
                if topic == clock:
                    if not beginning:
                        return messages
                    beginning = False
                if not beginning:
                    messages.append(Message(topic, payload))
    finally:
        client.close()


async def replay(port: int, key: str, town: str, tick: list[Message], rounds: int) -> list[float]:
    """Send a tick's messages, await an action for each observation, and again.

    Args:
        port: of the broker.
        key: of the orchestrator, which must be gone.
        town: id.
        tick: what is sent.
        rounds: so often.

    Returns:
        seconds of each round.
    """
    client = await _Client.connect(port, "orchestrator", key, topics.agent_out(town, "+", "+", "action"))
    frames = [packets.publish(message.topic, message.payload, retain=message.retained) for message in tick]
    chunks, chunk = [], bytearray()
    for frame in frames:
        chunk += frame
        if len(chunk) > _CHUNK:
            chunks.append(bytes(chunk))
            chunk.clear()
    chunks.append(bytes(chunk))
    wanted = sum(topics.parse(message.topic).channel == "observation" for message in tick)
    seconds = []
    try:
        for _ in range(rounds):
            began = time.perf_counter()
            async with asyncio.timeout(_PATIENCE):
                for piece in chunks:
                    client.write(piece)
                await client.count(wanted)
            seconds.append(time.perf_counter() - began)
    finally:
        client.close()
    return seconds


class _Client(asyncio.Protocol):
    """One connection that queues what it hears, or only counts it."""

    def __init__(self, name: str, key: str, topic_filter: str) -> None:
        loop = asyncio.get_running_loop()
        self.ready: asyncio.Future[None] = loop.create_future()
        self._hello = packets.connect(name, key, _KEEP_ALIVE)
        self._name = name
        self._filter = topic_filter
        self._buffer = bytearray()
        self._heard: asyncio.Queue[tuple[str, bytes, bool]] = asyncio.Queue()
        self._missing = 0
        self._counted: asyncio.Future[None] | None = None
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def connect(cls, port: int, name: str, key: str, topic_filter: str) -> "_Client":
        loop = asyncio.get_running_loop()
        _, client = await loop.create_connection(lambda: cls(name, key, topic_filter), "127.0.0.1", port)
        await client.ready
        return client

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._transport.write(self._hello)

    def connection_lost(self, exc: Exception | None) -> None:
        for waiting in (self.ready, self._counted):
            if waiting is not None and not waiting.done():
                waiting.set_exception(exc or ConnectionError(f"the broker has ended the connection of {self._name}"))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (frame := packets.take(self._buffer)) is not None:
            kind, body = frame
            if kind & 0xF0 == packets.CONNACK:
                if body[1] != 0:
                    self.ready.set_exception(ConnectionError(f"{self._name} was refused with code {body[1]}"))
                else:
                    self.write(packets.subscribe(self._filter))
            elif kind & 0xF0 == packets.SUBACK:
                self.ready.set_result(None)
            elif kind & 0xF0 == packets.PUBLISH:
                self._publish(kind, body)

    def _publish(self, kind: int, body: bytes) -> None:
        if self._counted is None:
            topic, payload = packets.delivered(body)
            self._heard.put_nowait((topic.decode(), payload, bool(kind & 1)))
            return
        self._missing -= 1
        if self._missing == 0:
            self._counted.set_result(None)

    async def next(self) -> tuple[str, bytes, bool]:
        """The next message: topic, payload, and whether the broker had kept it."""
        return await self._heard.get()

    async def count(self, messages: int) -> None:
        """Wait for so many messages from now on."""
        self._missing, self._counted = messages, asyncio.get_running_loop().create_future()
        await self._counted

    def write(self, data: bytes) -> None:
        assert self._transport is not None
        self._transport.write(data)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.write(packets.DISCONNECT)
            self._transport.close()
