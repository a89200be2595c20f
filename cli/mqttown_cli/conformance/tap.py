"""A proxy between an agent and the broker: passes bytes on, reads the MQTT in them, and can cut, hold and refuse connections."""

import asyncio
import contextlib
import functools
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal, Self

from mqttown_cli.conformance.packets import Packet, PacketError, PacketReader

__all__ = ["Line", "Passed", "Tap"]

_CHUNK: Final = 64 * 1024
Direction = Literal["agent", "town"]


@dataclass(frozen=True, slots=True)
class Passed:
    """A packet that has passed: when (seconds since the tap opened), from whom, on which connection."""

    at: float
    sender: Direction
    line: "Line"
    packet: Packet


@dataclass(eq=False, slots=True)
class Line:
    """One connection of the agent.

    Attributes:
        number: 1 for the first.
        client_id: once it has said CONNECT.
        said_goodbye: whether it has sent DISCONNECT.
    """

    number: int
    writers: list[asyncio.StreamWriter] = field(default_factory=list)
    client_id: str | None = None
    said_goodbye: bool = False

    def cut(self) -> None:
        """End it without a word, in both directions."""
        for writer in self.writers:
            writer.transport.abort()


class Tap:
    """Listens on free ports of this machine, one for plain MQTT and one for MQTT over WebSocket.

    Args:
        host: of the broker.
        mqtt_port, ws_port: of the broker; no WebSocket without a `ws_port`.
        hear: called with every packet.

    Attributes:
        mqtt_port, ws_port: ours, once entered.
        refused: connections that came while `closed` was set.
        closed: while set, nobody is let in.
    """

    def __init__(self, host: str, mqtt_port: int, ws_port: int | None, hear: Callable[[Passed], None]) -> None:
        self._host = host
        self._targets = {"mqtt": mqtt_port} | ({} if ws_port is None else {"ws": ws_port})
        self._hear = hear
        self._servers: list[asyncio.Server] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._numbers = itertools.count(1)
        self._began = time.monotonic()
        self.mqtt_port = 0
        self.ws_port = 0
        self.closed = False
        self.refused: list[float] = []
        self.lines: list[Line] = []
        self.nonsense: list[str] = []

    async def __aenter__(self) -> Self:
        """Listen."""
        for name, target in self._targets.items():
            server = await asyncio.start_server(functools.partial(self._accept, target), "127.0.0.1", 0)
            self._servers.append(server)
            port = int(server.sockets[0].getsockname()[1])
            if name == "mqtt":
                self.mqtt_port = port
            else:
                self.ws_port = port
        return self

    async def __aexit__(self, *_: object) -> None:
        """Cut all, and listen no more."""
        self.cut()
        for server in self._servers:
            server.close()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    @property
    def now(self) -> float:
        """Seconds since the tap opened."""
        return time.monotonic() - self._began

    def cut(self) -> None:
        """Cut all connections that there are."""
        lines, self.lines = self.lines, []
        for line in lines:
            line.cut()

    def _accept(self, target: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.closed:
            self.refused.append(self.now)
            writer.transport.abort()
            return
        task = asyncio.create_task(self._serve(reader, writer, target), name="tap.connection")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target: int) -> None:
        line = Line(next(self._numbers), [writer])
        self.lines.append(line)
        try:
            there, back = await asyncio.open_connection(self._host, target)
            line.writers.append(back)
            ways = (self._pass(reader, back, "agent", line), self._pass(there, writer, "town", line))
            await asyncio.gather(*ways)
        except OSError:
            self.nonsense.append(f"connection {line.number} broke, or the broker could not be reached")
        finally:
            line.cut()
            with contextlib.suppress(ValueError):
                self.lines.remove(line)

    async def _pass(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, sender: Direction, line: Line) -> None:
        reader: PacketReader | None = PacketReader()
        with contextlib.suppress(ConnectionError):
            while data := await source.read(_CHUNK):
                if reader is not None:
                    reader = self._read(reader, data, sender, line)
                sink.write(data)
                await sink.drain()
        sink.close()

    def _read(self, reader: PacketReader, data: bytes, sender: Direction, line: Line) -> PacketReader | None:
        """Tell of the packets in some bytes; None once they are no MQTT any more."""
        try:
            packets = reader.feed(data)
        except PacketError as error:
            self.nonsense.append(f"connection {line.number}, from the {sender}: {error}")
            return None
        for packet in packets:
            if packet.name == "CONNECT":
                line.client_id = packet.fields.get("client_id")
            line.said_goodbye |= packet.name == "DISCONNECT"
            self._hear(Passed(self.now, sender, line, packet))
        return reader
