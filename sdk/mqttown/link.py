"""One MQTT 3.1.1 connection that mends itself. The only importer of aiomqtt."""

import asyncio
import json
import random
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import aiomqtt
from aiomqtt.exceptions import MqttConnectError, MqttError

from mqttown.tls import trusting

__all__ = ["Address", "Incoming", "Link", "LinkError", "Refused", "Will"]

_Result = TypeVar("_Result")

FIRST_DELAY: Final = 1.0
"""Seconds; a broker may close a client id that comes back within a second."""
LONGEST_DELAY: Final = 30.0
AGAIN_SECONDS: Final = 0.1
"""Before a failed publish is tried again."""
STEADY_SECONDS: Final = 10.0
"""A connection that held so long was a good one: the next delay starts small again."""
REFUSED_SECONDS: Final = 30.0
"""So long one who was let in before comes again when refused: a broker to which all come back at once has no time for each."""
_REFUSALS: Final = (4, 5, 134, 135)


class LinkError(ConnectionError):
    """The broker can't be reached."""


class Refused(LinkError):
    """The broker answered and will not have us: wrong user name, key or client id."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where the broker is.

    Attributes:
        host: name or address.
        port: TCP port.
        websocket_path: like `/mqtt` for MQTT over WebSocket, None for plain TCP.
        tls: whether the connection is encrypted.
        ca: PEM file of the authority that vouches for the broker's name, in place of those that the system knows; means TLS.
        pin: PEM file of the broker's very certificate, whatever name it is reached by; means TLS.
        socket: path of a Unix socket that leads to the broker, in place of host and port: a container's one door.
    """

    host: str = "127.0.0.1"
    port: int = 1883
    websocket_path: str | None = None
    tls: bool = False
    ca: str | None = None
    pin: Path | str | None = None
    socket: str | None = None

    def __str__(self) -> str:
        """For people."""
        return self.socket or f"{self.host}:{self.port}"

    def tls_context(self) -> ssl.SSLContext | None:
        """How the broker's certificate is checked; None without TLS.

        Raises:
            OSError: the file is not there, or holds no certificate.
        """
        if self.pin is None:
            return ssl.create_default_context(cafile=self.ca) if self.tls or self.ca else None
        return trusting(self.pin)


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker publishes for us when we vanish."""

    topic: str
    payload: Mapping[str, Any]
    retain: bool = False


@dataclass(frozen=True, slots=True)
class Incoming:
    """One message from the broker."""

    topic: str
    payload: bytes
    retain: bool

    def json(self) -> Any:
        """The payload as JSON.

        Raises:
            ValueError: it is no JSON.
        """
        return json.loads(self.payload)


class Link:
    """A connection for the length of an `async with`, made again with full jitter whenever it breaks.

    Subscriptions are QoS 0 and are made again on each connection; what is told meanwhile is lost, which is what `seq` and
    `hello` are for. `on_connect` is awaited after every (re)connection, once the subscriptions stand.

    Args:
        address: of the broker.
        username: also the client id; None connects as a spectator.
        password: the key.
        will: published by the broker when we vanish.
        on_connect: called with this link after each connection.
        client_id: only for spectators, who have no user name.
        patience: seconds within which the first connection must stand.

    Raises:
        Refused: on entering, if the broker will not have us.
        LinkError: on entering, if the broker can't be reached within `patience` seconds.
    """

    def __init__(
        self,
        address: Address,
        username: str | None = None,
        password: str | None = None,
        *,
        will: Will | None = None,
        on_connect: Callable[["Link"], Awaitable[None]] | None = None,
        client_id: str | None = None,
        patience: float = 10.0,
    ) -> None:
        self.address = address
        self.username = username
        self.connections = 0
        self._password = password
        self._will = will
        self._on_connect = on_connect
        self._client_id = username or client_id
        self._patience = patience
        self._filters: dict[str, None] = {}
        self._queue: asyncio.Queue[Incoming | None] = asyncio.Queue()
        self._client: aiomqtt.Client | None = None
        self._up = asyncio.Event()
        self._publishing: set[asyncio.Task[None]] = set()
        self._task: asyncio.Task[None] | None = None

    @property
    def connected(self) -> bool:
        """Whether the broker hears us now."""
        return self._up.is_set()

    async def subscribe(self, *filters: str) -> None:
        """Subscribe at QoS 0, now and on every later connection.

        Raises:
            Refused: the broker answered a filter with 0x80.
        """
        fresh = [name for name in filters if name not in self._filters]
        self._filters.update(dict.fromkeys(fresh))
        if self._client is not None and self.connected and fresh:
            await self._ask(self._client, fresh)

    async def subscribe_again(self, *filters: str) -> None:
        """Subscribe once more to what is subscribed to: the broker then tells what it retains once more.

        NATS keeps a retained message a moment after it has handed it out: who subscribes in between is told neither.

        Raises:
            Refused: the broker answered a filter with 0x80.
        """
        if self._client is not None and self.connected:
            await self._ask(self._client, list(filters))

    async def publish(self, topic: str, payload: Mapping[str, Any] | bytes, *, qos: int = 0, retain: bool = False) -> None:
        """Publish once connected; waits through a break in the connection.

        Args:
            topic: where.
            payload: a mapping becomes UTF-8 JSON.
            qos: 0 or 1. A PUBACK says no more than that the broker has it.
            retain: whether newcomers shall be told.
        """
        data = payload if isinstance(payload, bytes) else json.dumps(payload, ensure_ascii=False).encode()
        while True:
            await self._up.wait()
            try:
                if (client := self._client) is not None and await self._published(
                    client.publish(topic, data, qos=qos, retain=retain)
                ):
                    return
            except MqttError:
                # If the connection is gone the reader sees it too, and connects again. Otherwise the broker was slow to confirm.
                await asyncio.sleep(AGAIN_SECONDS)

    async def __aiter__(self) -> AsyncIterator[Incoming]:
        """Yield messages as they come, over all connections, until the link is closed.

        Raises:
            Refused: on a later connection the broker would not have us any more.
        """
        while (message := await self._queue.get()) is not None:
            yield message
        if self._task is not None and self._task.done() and not self._task.cancelled():
            self._task.result()

    async def __aenter__(self) -> Self:
        """Connect."""
        self._task = asyncio.create_task(self._keep(), name=f"mqttown[{self._client_id}].link")
        waiter = asyncio.create_task(self._up.wait(), name=f"mqttown[{self._client_id}].first_connection")
        await asyncio.wait({self._task, waiter}, return_when=asyncio.FIRST_COMPLETED)
        waiter.cancel()
        if self._task.done():
            self._task.result()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Disconnect properly, so that the Will is not told."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _published(self, work: Coroutine[Any, Any, None]) -> bool:
        """Wait for a publish; False if the connection was lost meanwhile, which aiomqtt itself sees only after 10 s."""
        task = asyncio.create_task(work, name=f"mqttown[{self._client_id}].publish")
        self._publishing.add(task)
        try:
            await asyncio.wait({task})
        finally:
            self._publishing.discard(task)
            task.cancel()
        if task.cancelled():
            return False
        task.result()
        return True

    async def _keep(self) -> None:
        try:
            await self._connect_again_and_again()
        finally:
            self._queue.put_nowait(None)

    async def _connect_again_and_again(self) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        refused_since: float | None = None
        delay = FIRST_DELAY
        while True:
            started = loop.time()
            try:
                await self._hold()
                refused_since = None
            except MqttError as error:
                if not (isinstance(error, MqttConnectError) and _is_refusal(error)):
                    refused_since = None
                elif self.connections == 0 or loop.time() - (refused_since := refused_since or started) > REFUSED_SECONDS:
                    raise Refused(f"the broker refuses {self._client_id!r}: {error}") from error
                if self.connections == 0 and loop.time() - began > self._patience:
                    raise LinkError(f"no broker at {self.address}: {error}") from error
            finally:
                self._up.clear()
                self._client = None
                for publishing in self._publishing:
                    publishing.cancel()
            delay = FIRST_DELAY if loop.time() - started > STEADY_SECONDS else min(2 * delay, LONGEST_DELAY)
            quick = self.connections == 0  # at start the broker may just be coming up
            await asyncio.sleep(0.2 if quick else random.uniform(FIRST_DELAY, FIRST_DELAY + delay))  # noqa: S311  jitter

    async def _hold(self) -> None:
        will = None
        if self._will is not None:
            last_words = json.dumps(self._will.payload, ensure_ascii=False)
            will = aiomqtt.Will(self._will.topic, last_words, retain=self._will.retain)
        async with aiomqtt.Client(
            self.address.socket or self.address.host,
            self.address.port,
            username=self.username,
            password=self._password,
            identifier=self._client_id,
            protocol=aiomqtt.ProtocolVersion.V311,
            will=will,
            transport="unix" if self.address.socket else "websockets" if self.address.websocket_path else "tcp",
            websocket_path=self.address.websocket_path,
            tls_context=self.address.tls_context(),
        ) as client:
            if self._filters:
                await self._ask(client, list(self._filters))
            self._client = client
            self.connections += 1
            self._up.set()
            greeting = asyncio.create_task(self._greet(), name=f"mqttown[{self._client_id}].on_connect")
            try:
                async for message in client.messages:
                    payload = message.payload
                    if isinstance(payload, bytes):
                        self._queue.put_nowait(Incoming(str(message.topic), payload, bool(message.retain)))
                    if greeting.done():
                        greeting.result()
            finally:
                greeting.cancel()

    async def _greet(self) -> None:
        if self._on_connect is not None:
            await self._on_connect(self)

    async def _ask(self, client: aiomqtt.Client, filters: list[str]) -> None:
        granted = await _heeding_cancel(client.subscribe([(name, 0) for name in filters]))
        codes = [code if isinstance(code, int) else code.value for code in granted]
        refused = [name for name, code in zip(filters, codes, strict=False) if code >= 128]
        if refused:
            for name in refused:
                self._filters.pop(name, None)
            raise Refused(f"the broker refuses {self._client_id!r} to subscribe to {', '.join(refused)}")


async def _heeding_cancel(work: Awaitable[_Result]) -> _Result:
    """Wait for the client, and pass a cancellation on.

    aiomqtt waits by `asyncio.wait_for`, which before Python 3.12 drops a cancellation that comes just as the work is done;
    whoever was cancelled then would go on for ever.
    """
    task = asyncio.current_task()
    before = task.cancelling() if task is not None else 0
    result = await work
    if task is not None and task.cancelling() > before:
        raise asyncio.CancelledError
    return result


def _is_refusal(error: MqttConnectError) -> bool:
    return getattr(error.rc, "value", error.rc) in _REFUSALS
