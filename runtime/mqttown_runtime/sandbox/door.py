"""The one door: a Unix socket in each agent's configuration folder, whose bytes go unread to the broker and nowhere else."""

import asyncio
import contextlib
import os
import socket
from pathlib import Path
from typing import Final

import structlog

from mqttown.link import Address
from mqttown_runtime.sandbox.cell import DOOR

__all__ = ["Door", "Doorkeeper"]

log = structlog.get_logger(__name__)

CONNECTIONS: Final = 4
"""Of one agent at once; a fifth is closed."""
UP_BYTES_PER_SECOND: Final = 256 * 1024
"""From one agent, all of its connections together. The broker and the town have limits of their own behind this."""
_CHUNK: Final = 16 * 1024
_LOOK_SECONDS: Final = 0.5
_CONNECT_SECONDS: Final = 5.0
_AGAIN_SECONDS: Final = 0.2


class Door:
    """One agent's door.

    Args:
        config: the agent's configuration folder.
        broker: where the bytes go; if it has TLS that is spoken here, so that agents need no certificate.
        up: bytes a second that the agent may send.
        patience: seconds to wait for a broker that is not there.
    """

    def __init__(self, config: Path, broker: Address, *, up: int = UP_BYTES_PER_SECOND, patience: float = _CONNECT_SECONDS) -> None:
        self._config = config
        self._broker, self._up, self._patience = broker, up, patience
        self._open: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._free_at = 0.0

    async def open(self) -> None:
        """Listen. A socket that a dead doorkeeper left is replaced, in one step."""
        self._server = await asyncio.start_unix_server(self._enter, sock=_listen(self._config), backlog=CONNECTIONS)

    async def close(self) -> None:
        """End all connections, and listen no more."""
        if self._server is not None:
            self._server.close()
        for task in list(self._open):
            task.cancel()
        if self._open:
            await asyncio.wait(self._open)

    async def _enter(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._open) >= CONNECTIONS:
            writer.close()
            return
        self._open.add(task)
        try:
            await self._relay(reader, writer)
        except asyncio.CancelledError:
            log.debug("door closed", folder=str(self._config))
        except (OSError, TimeoutError) as error:
            log.debug("connection ended", folder=str(self._config), error=str(error))
        finally:
            self._open.discard(task)
            writer.close()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(self._patience):
            from_broker, to_broker = await self._connect()
        try:
            ways = {
                asyncio.ensure_future(self._carry(reader, to_broker, limited=True)),
                asyncio.ensure_future(self._carry(from_broker, writer, limited=False)),
            }
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.wait(ways)
        finally:
            to_broker.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect as soon as the broker is there; who waits for its first answer through a closed door would wait longer."""
        while True:
            try:
                return await asyncio.open_connection(self._broker.host, self._broker.port, ssl=self._broker.tls_context())
            except ConnectionError:
                await asyncio.sleep(_AGAIN_SECONDS)

    async def _carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, limited: bool) -> None:
        with contextlib.suppress(ConnectionError):
            while chunk := await source.read(_CHUNK):
                if limited:
                    await self._wait_turn(len(chunk))
                sink.write(chunk)
                await sink.drain()

    async def _wait_turn(self, count: int) -> None:
        """Let no more through than the agent may send; a second's worth may come at once."""
        now = asyncio.get_running_loop().time()
        self._free_at = max(self._free_at, now - 1.0) + count / self._up
        if self._free_at > now:
            await asyncio.sleep(self._free_at - now)


def _listen(config: Path) -> socket.socket:
    """Bind beside the final place and move there, so that the agent finds either no door or one that works."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    folder = os.open(config, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fresh = Path(f"/proc/self/fd/{folder}/.{DOOR}.new")  # a socket's path has 107 bytes at most, a folder's may be longer
        fresh.unlink(missing_ok=True)
        listening.bind(str(fresh))
        owner = os.fstat(folder)
        os.chown(fresh, owner.st_uid, owner.st_gid)
        fresh.chmod(0o660)
        fresh.replace(config / DOOR)
    except OSError:
        listening.close()
        raise
    finally:
        os.close(folder)
    return listening


class Doorkeeper:
    """Opens a door wherever an agent has a configuration folder, and closes it when that is gone.

    Args:
        root: of the jail.
        broker: of the town.
    """

    def __init__(self, root: Path, broker: Address) -> None:
        self._root, self._broker = root, broker
        self._doors: dict[tuple[str, int], Door] = {}

    async def run(self) -> None:
        """Keep doors until cancelled."""
        try:
            while True:
                await self.look()
                await asyncio.sleep(_LOOK_SECONDS)
        finally:
            await self.close()

    async def close(self) -> None:
        """Close all doors."""
        while self._doors:
            await self._doors.popitem()[1].close()

    async def look(self) -> None:
        """Open and close what is due; a folder that was made anew gets a new door."""
        there = {(str(config), config.stat().st_ino): config for config in sorted(self._root.glob("*/config"))}
        for key in [key for key in self._doors if key not in there]:
            await self._doors.pop(key).close()
        for key, config in there.items():
            if key not in self._doors:
                door = Door(config, self._broker)
                try:
                    await door.open()
                except OSError as error:  # being made or removed just now: the next look finds out
                    log.info("no door yet", folder=str(config), error=str(error))
                    continue
                self._doors[key] = door
