"""The connection to the broker: the only importer of gmqtt here. Built for the hot path, so it knows bytes alone."""

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Final

import gmqtt
from gmqtt.mqtt.constants import MQTTv311
from gmqtt.mqtt.handler import MQTTConnectError

from mqttown.tls import trusting

__all__ = ["NAME", "Connected", "Receive", "Wire", "WireDown"]

Receive = Callable[[str, bytes, bool], None]
"""Called with topic, payload, and whether the broker had kept it (retained)."""

Connected = Callable[["Wire"], None]
"""Called after each connection."""

_RECONNECT: Final = 0.5
_FIRST_SECONDS: Final = 15.0
"""At the start the broker may just be coming up."""
_LAST_SECONDS: Final = 1.0
"""What is still to be sent at the end has so long."""
NAME: Final = "orchestrator"
"""Its user name and client id."""
_CHUNK: Final = 64 * 1024
"""Packets are joined to about so many bytes for one write."""
_PUBLISH: Final = 0x30
_RETAIN: Final = 0x01


class WireDown(RuntimeError):
    """The broker can't be reached, or refuses us."""


class Wire:
    """One MQTT 3.1.1 connection that mends itself.

    Attributes:
        lost: messages that were not sent for want of a connection. Who misses one says hello; retained ones come again.
    """

    def __init__(
        self,
        receive: Receive,
        connected: Connected,
        cut_off: Callable[[], None],
        will: tuple[str, bytes] | None,
        password: str | None,
        tls: ssl.SSLContext | None = None,
        name: str = NAME,
    ) -> None:
        self.lost = 0
        self._receive = receive
        self._connected = connected
        self._cut_off = cut_off
        last_words = None if will is None else gmqtt.Message(*will, retain=True)
        self._client: Any = gmqtt.Client(name, will_message=last_words)
        self._client.set_config({"reconnect_delay": _RECONNECT})
        self._tls = tls
        if password is not None:
            self._client.set_auth_credentials(name, password)
        self._client.on_message = self._on_message
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_subscribe = self._on_subscribe
        self._asked = 0
        self._listening = asyncio.Event()
        self._first = True
        self._unsent: list[bytes] = []
        self._unsent_bytes = 0
        self._seen = time.monotonic()

    @classmethod
    @contextlib.asynccontextmanager
    async def connect(
        cls,
        host: str,
        port: int,
        receive: Receive,
        connected: Connected,
        cut_off: Callable[[], None],
        will: tuple[str, bytes] | None,
        password: str | None,
        pin: Path | None = None,
        name: str = NAME,
    ) -> AsyncIterator["Wire"]:
        """Connect; disconnect properly at the end, so that the Will is not told.

        Args:
            host: of the broker.
            port: its MQTT port.
            receive: called with every message.
            connected: called after each connection, the first one too, before anything can be received on it.
            cut_off: called when a connection is lost.
            will: topic and payload, kept by the broker; None for a connection whose end is no news.
            password: of user `orchestrator`; None connects without a name.
            pin: the broker's certificate, PEM; None connects without TLS.
            name: user name and client id; `orchestrator~TAG` is a further connection.

        Raises:
            WireDown: no broker there, or it refuses us.
        """
        wire = cls(receive, connected, cut_off, will, password, None if pin is None else trusting(pin), name)
        await wire._begin(host, port)
        try:
            yield wire
        finally:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LAST_SECONDS):
                    wire.flush()
                    await wire._client.disconnect()

    @property
    def down_for(self) -> float:
        """Seconds without a connection."""
        if self.up:
            self._seen = time.monotonic()
        return time.monotonic() - self._seen

    @property
    def up(self) -> bool:
        """Whether there is a connection now."""
        return bool(self._client.is_connected)

    def subscribe(self, *filters: str) -> None:
        """Subscribe at QoS 0 on this connection; call again after the next one."""
        self._asked += 1
        self._listening.clear()
        self.flush()
        self._client.subscribe([gmqtt.Subscription(name, qos=0) for name in filters])

    def unsubscribe(self, *filters: str) -> None:
        """End subscriptions."""
        if self.up:
            self.flush()
            self._client.unsubscribe(list(filters))

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Send at QoS 0; never waits. It goes out with the next `flush`, at the latest when the event loop is free again."""
        if not self.up:
            self.lost += 1
            return
        if not self._unsent:
            asyncio.get_running_loop().call_soon(self.flush)
        head = _head(topic, len(payload), retain=retain)
        self._unsent += (head, payload)
        self._unsent_bytes += len(head) + len(payload)
        if self._unsent_bytes > _CHUNK:
            self.flush()

    def flush(self) -> None:
        """Write what has been published so far, as few large pieces."""
        if not self._unsent:
            return
        packets, self._unsent, self._unsent_bytes = self._unsent, [], 0
        if self.up:
            self._client._connection.send_package(b"".join(packets))  # noqa: SLF001  gmqtt writes ready packets only here
        else:
            self.lost += len(packets) // 2

    async def _begin(self, host: str, port: int) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _FIRST_SECONDS
        while True:
            try:
                async with asyncio.timeout_at(deadline):
                    await self._client.connect(host, port, ssl=self._tls or False, version=MQTTv311)
            except (OSError, MQTTConnectError) as error:
                if isinstance(error, TimeoutError) or loop.time() > deadline or isinstance(error, MQTTConnectError):
                    raise WireDown(f"no way into the broker at {host}:{port}: {error or 'no answer'}") from error
                await asyncio.sleep(0.1)
            else:
                self._first = False
                self._connected(self)
                break
        if self._asked:
            async with asyncio.timeout_at(deadline):
                await self._listening.wait()

    def _on_connect(self, _client: Any, _flags: int, _code: int, _properties: Any) -> None:
        # gmqtt keeps its list of subscriptions over connections, but asks for none of them again.
        self._client.subscriptions.clear()
        self._asked = 0
        if not self._first:
            self._connected(self)

    def _on_disconnect(self, _client: Any, _packet: Any, _error: Any = None) -> None:
        self._cut_off()

    def _on_subscribe(self, _client: Any, _mid: int, _granted: Any, _properties: Any) -> None:
        self._asked -= 1
        if self._asked <= 0:
            self._listening.set()

    def _on_message(self, _client: Any, topic: str, payload: bytes, _qos: int, properties: dict[str, Any]) -> int:
        self._receive(topic, bytes(payload), bool(properties["retain"]))
        return 0


def _head(topic: str, payload_bytes: int, *, retain: bool) -> bytes:
    """All of a PUBLISH at QoS 0 but its payload (MQTT 3.1.1, sections 2.2.3 and 3.3)."""
    name = topic.encode()
    left = 2 + len(name) + payload_bytes
    length = bytearray()
    while left > 0x7F:
        length.append(left & 0x7F | 0x80)
        left >>= 7
    length.append(left)
    return b"%c%b%b%b" % (_PUBLISH | _RETAIN if retain else _PUBLISH, bytes(length), len(name).to_bytes(2), name)
