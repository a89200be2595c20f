"""MQTT 3.1.1 by hand-made packets: a client that hides no answer of a broker and may be as rude as it likes."""

import asyncio
import contextlib
import ssl
from typing import Final, Self

__all__ = ["REFUSED", "Closed", "Message", "RawClient"]

SECONDS: Final = 5.0
"""How long an answer may take."""
REFUSED: Final = 0x80
"""The code of SUBACK for a subscription that is not granted."""
_CONNACK: Final = 0x20
_PUBACK: Final = 0x40
_SUBACK: Final = 0x90
_PINGRESP: Final = 0xD0

Message = tuple[str, bytes, bool]
"""Topic, payload, and whether the broker had kept it."""


class Closed(Exception):
    """The broker closed the connection."""


class RawClient:
    """One connection.

    Attributes:
        closed: set once the broker has closed it.
        code: of CONNACK; -1 before.
        received: messages so far.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._answers: asyncio.Queue[tuple[int, bytes]] = asyncio.Queue()
        self._messages: asyncio.Queue[Message | None] = asyncio.Queue()
        self._packet = 0
        self._pump: asyncio.Task[None] | None = None
        self.closed = asyncio.Event()
        self.code = -1
        self.received = 0

    @classmethod
    async def open(cls, host: str, port: int, tls: ssl.SSLContext | None = None) -> Self:
        """A TCP connection that has said nothing yet.

        Raises:
            OSError: nobody there.
            TimeoutError: nobody answers.
        """
        async with asyncio.timeout(SECONDS):
            return cls(*await asyncio.open_connection(host, port, ssl=tls))

    async def connect(
        self,
        username: str = "",
        key: str = "",
        client_id: str | None = None,
        will: Message | None = None,
        level: int = 4,
        *,
        clean: bool = True,
    ) -> int | None:
        """Send CONNECT; return the code of CONNACK, or None if the broker closed without a word.

        Args:
            username: '' for none.
            key: '' for none.
            client_id: the user name without it.
            will: its topic, payload and whether it is to be kept.
            level: of the protocol; 4 is MQTT 3.1.1, 5 is MQTT 5.
            clean: whether the broker forgets a former session of this client id.

        Raises:
            Closed: it answered with another packet.
        """
        flags = (0x02 if clean else 0) | (0x80 if username else 0) | (0x40 if key else 0)
        body = _text(username if client_id is None else client_id)
        if will is not None:
            flags |= 0x04 | (0x20 if will[2] else 0)
            body += (b"\x00" if level == 5 else b"") + _text(will[0]) + len(will[1]).to_bytes(2, "big") + will[1]
        body += (_text(username) if username else b"") + (_text(key) if key else b"")
        properties = b"\x00" if level == 5 else b""
        self.send(0x10, _text("MQTT") + bytes([level, flags, 0, 60]) + properties + body)
        self.listen()
        try:
            kind, answer = await self._answer()
        except Closed:
            return None
        if kind != _CONNACK:
            raise Closed(f"packet {kind:#x} in place of CONNACK")
        self.code = answer[1]
        return self.code

    def listen(self) -> None:
        """Begin to read; `connect` does."""
        self._pump = asyncio.create_task(self._read(), name="raw MQTT client")

    async def subscribe(self, wanted: str, qos: int = 0) -> int:
        """Return the code of SUBACK: 0x80 is a refusal.

        Raises:
            Closed: the broker closed the connection instead.
        """
        self._packet += 1
        self.send(0x82, self._packet.to_bytes(2, "big") + _text(wanted) + bytes([qos]))
        kind, answer = await self._answer()
        if kind != _SUBACK:
            raise Closed(f"packet {kind:#x} in place of SUBACK")
        return answer[2]

    async def publish(self, topic: str, payload: bytes = b"{}", qos: int = 0, retain: bool = False) -> None:
        """Publish; at QoS 1 wait for the PUBACK.

        Raises:
            Closed: the broker closed the connection instead.
        """
        self._packet = self._packet % 0xFFFF + 1
        packet = self._packet.to_bytes(2, "big") if qos else b""
        self.send(0x30 | qos << 1 | retain, _text(topic) + packet + payload)
        if qos:
            kind, _ = await self._answer()
            if kind != _PUBACK:
                raise Closed(f"packet {kind:#x} in place of PUBACK")
        with contextlib.suppress(ConnectionError):
            await self._writer.drain()

    async def message(self, seconds: float = SECONDS) -> Message:
        """The next message.

        Raises:
            Closed: the broker closed the connection.
            TimeoutError: none came.
        """
        async with asyncio.timeout(seconds):
            got = await self._messages.get()
        if got is None:
            raise Closed
        return got

    async def until(self, payload: bytes) -> list[str]:
        """Topics of all messages before the one with this payload.

        Raises:
            Closed: the broker closed the connection.
            TimeoutError: it never came.
        """
        heard = []
        while (got := await self.message())[1] != payload:
            heard.append(got[0])
        return heard

    @property
    def lost(self) -> bool:
        """Whether the connection is gone; also one that does not read sees this when it writes."""
        return self.closed.is_set() or self._writer.transport.is_closing()

    def deafen(self) -> None:
        """Read no more, and keep the connection."""
        if self._pump is not None:
            self._pump.cancel()

    def ping(self) -> None:
        """Say that we are still here; the answer is passed over."""
        self.send(0xC0, b"")

    def cut(self) -> None:
        """Break the connection without a word."""
        self._writer.transport.abort()

    async def close(self) -> None:
        """Close the connection, without DISCONNECT."""
        self._writer.close()
        if self._pump is not None:
            self._pump.cancel()
            await asyncio.gather(self._pump, return_exceptions=True)
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    def send(self, kind: int, body: bytes) -> None:
        """Write one packet with the length that it has."""
        length, size = len(body), b""
        while length >= 0x80:
            size += bytes([length & 0x7F | 0x80])
            length >>= 7
        self.send_bytes(bytes([kind]) + size + bytes([length]) + body)

    def send_bytes(self, raw: bytes) -> None:
        """Write whatever it is."""
        self._writer.write(raw)

    async def _answer(self) -> tuple[int, bytes]:
        async with asyncio.timeout(SECONDS):
            answer = await self._answers.get()
        if answer[0] == 0:
            raise Closed
        return answer

    async def _read(self) -> None:
        try:
            while True:
                kind, body = await self._packet_in()
                if kind & 0xF0 == 0x30:
                    end = 2 + int.from_bytes(body[:2], "big")
                    start = end + (2 if kind & 0x06 else 0)
                    self.received += 1
                    self._messages.put_nowait((body[2:end].decode(), body[start:], bool(kind & 1)))
                elif kind != _PINGRESP:
                    self._answers.put_nowait((kind, body))
        except (asyncio.IncompleteReadError, OSError):
            self.closed.set()
            self._answers.put_nowait((0, b""))
            self._messages.put_nowait(None)

    async def _packet_in(self) -> tuple[int, bytes]:
        kind = (await self._reader.readexactly(1))[0]
        length = shift = 0
        while True:
            digit = (await self._reader.readexactly(1))[0]
            length |= (digit & 0x7F) << shift
            shift += 7
            if digit < 0x80:
                return kind, await self._reader.readexactly(length)


def _text(words: str) -> bytes:
    raw = words.encode()
    return len(raw).to_bytes(2, "big") + raw
