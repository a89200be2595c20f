"""The NATS servers of one broker: one, or several on this machine for more connections than one process may hold."""

import asyncio
import contextlib
import secrets
import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import structlog
from nats.errors import Error as NatsError

from mqttown.tls import trusting
from mqttown_broker.gate import Gate
from mqttown_broker.limits import Limits
from mqttown_broker.nats import BrokerError, Member, NatsKeys, NatsServer
from mqttown_broker.packets import Closed, RawClient
from mqttown_broker.ports import free_ports
from mqttown_broker.post import Post
from mqttown_broker.tls import Tls

__all__ = ["Cluster"]

log = structlog.get_logger(__name__)

OPEN_SECONDS: Final = 30.0
"""The servers first choose who leads; after a start of all, with a store from before, that takes them some seconds."""
TRY_SECONDS: Final = 6.0
AGAIN_SECONDS: Final = 0.1
LAST_WORDS_SECONDS: Final = 1.0


class Cluster:
    """Servers that are started, kept and stopped together. One alone is no cluster, and is configured as none.

    Args:
        data: folder for their configurations and stores.
        host: address for MQTT and for MQTT over WebSocket.
        mqtt_ports: one a server; 0 takes a free one.
        ws_ports: likewise.
        tls: certificate of all doors; None leaves them open to read on the way.
        limits: how many connections all hold together, and how much is kept for one that does not read.

    Attributes:
        servers: in the order of their ports.
    """

    def __init__(
        self,
        data: Path,
        host: str,
        mqtt_ports: Sequence[int],
        ws_ports: Sequence[int],
        *,
        tls: Tls | None = None,
        limits: Limits | None = None,
    ) -> None:
        self._trust = trusting(tls.certificate) if tls else None
        members = _members(len(mqtt_ports)) if len(mqtt_ports) > 1 else [None]
        self.servers = [
            NatsServer(data, host, mqtt_port, ws_port, tls=tls, limits=limits, member=member)
            for mqtt_port, ws_port, member in zip(mqtt_ports, ws_ports, members, strict=True)
        ]

    async def start(self) -> None:
        """Start all, and wait until each listens.

        Raises:
            BrokerError: one does not.
        """
        outcomes = await asyncio.gather(*(server.start() for server in self.servers), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                await self.stop()
                raise outcome

    async def stop(self) -> None:
        """Stop all."""
        await asyncio.gather(*(server.stop() for server in self.servers))

    async def until_open(self, gate: Gate) -> None:
        """Wait until each lets somebody in, now that the gate answers; one after the other, since the first makes what all share.

        Raises:
            BrokerError: one does not.
        """
        if len(self.servers) > 1:
            for server, post in zip(self.servers, gate.posts, strict=True):
                await _until_open(server, post, self._trust)

    async def keep(self, gate: Gate) -> str:
        """Start each server of a cluster again when it ends; return why that is of no use, or that the only one has ended."""
        keeping = [
            asyncio.create_task(self._keep(gate, number), name=f"keep {one.name}") for number, one in enumerate(self.servers)
        ]
        try:
            done, _ = await asyncio.wait(keeping, return_when=asyncio.FIRST_COMPLETED)
            return next(iter(done)).result()
        finally:
            for task in keeping:
                task.cancel()
            await asyncio.gather(*keeping, return_exceptions=True)

    async def _keep(self, gate: Gate, number: int) -> str:
        server = self.servers[number]
        while True:
            why = await _end_of(server, gate.posts[number].deaf)
            if len(self.servers) == 1:
                return why
            log.warning("starting a server of the cluster again", server=server.name, why=why)
            await gate.leave(number)
            await server.stop()
            try:
                await server.start()
                await gate.attend(number, server)
                await _until_open(server, gate.posts[number], self._trust)
            except (BrokerError, NatsError, OSError) as error:
                return f"{server.name} can't be started again: {error}"


async def _end_of(server: NatsServer, deaf: asyncio.Event) -> str:
    """Wait until a server has ended, can't write its store, or does not hear the gate any more; return which."""
    ended = asyncio.create_task(server.wait(), name="nats-server")
    unheard = asyncio.create_task(deaf.wait(), name="deaf gate")
    broken = asyncio.create_task(server.broken.wait(), name="broken store")
    try:
        await asyncio.wait({ended, unheard, broken}, return_when=asyncio.FIRST_COMPLETED)
        if broken.done():
            return "nats-server can't write its store; is the disk full?"
        with contextlib.suppress(TimeoutError):  # a server that ends closes the connections first
            async with asyncio.timeout(LAST_WORDS_SECONDS):
                return f"nats-server ended with code {await ended}"
        return "the connection of the gate to nats-server is gone"
    finally:
        for task in (ended, unheard, broken):
            task.cancel()


async def _until_open(server: NatsServer, post: Post, trust: ssl.SSLContext | None) -> None:
    """Come as a spectator again and again until let in: what a server of a cluster says of itself comes too early."""
    host = "127.0.0.1" if server.host == "0.0.0.0" else server.host  # noqa: S104  compared, not bound
    problem: Exception | None = None
    try:
        async with asyncio.timeout(OPEN_SECONDS):
            while True:
                try:
                    if await post.healthy() and await _comes_in(host, server.mqtt_port, trust):
                        return
                except (OSError, Closed, NatsError) as error:
                    problem = error
                await asyncio.sleep(AGAIN_SECONDS)
    except TimeoutError as error:
        raise BrokerError(f"{server.name} lets nobody in within {OPEN_SECONDS:.0f} s: {problem!r}") from error


async def _comes_in(host: str, port: int, trust: ssl.SSLContext | None) -> bool:
    client = await RawClient.open(host, port, trust)
    try:
        async with asyncio.timeout(TRY_SECONDS):
            return await client.connect("", "") == 0
    except TimeoutError:
        return False
    finally:
        await client.close()


def _members(count: int) -> list[Member | None]:
    ports, key, keys = free_ports("127.0.0.1", count), secrets.token_urlsafe(32), NatsKeys()
    return [Member(f"mqttown-{number}", port, ports, key, keys) for number, port in enumerate(ports, 1)]
