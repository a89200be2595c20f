"""Watches how much each connection of a NATS server publishes, so that a flood is cut off before it reaches Python."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError

from mqttown_broker.limits import Limits

__all__ = ["FloodWatch", "Spoken"]

log = structlog.get_logger(__name__)

EVERY_SECONDS: Final = 1.0
SHARE: Final = 20.0
"""Looking at all connections may take one in so many seconds, so at 10,000 of them it is done more rarely."""
PAGE: Final = 1_024
ANSWER_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Spoken:
    """What one connection has published since it was last looked at, and how many subscriptions it has."""

    connection: int
    address: str
    messages: int
    bytes: int
    subscriptions: int = 0


class FloodWatch:
    """Asks the server once a second what all have published, and who it was if that is more than one may.

    Args:
        system: a client of the system account.
        server_id: name of the server in `$SYS` subjects.
        limits: `messages` and `bytes` a second of one connection.
        told: awaited with what the connections have published since the look before.

    Attributes:
        ended: set it before `run` is cancelled.
    """

    def __init__(self, system: Client, server_id: str, limits: Limits, told: Callable[[list[Spoken]], Awaitable[None]]) -> None:
        self._system = system
        self._server_id = server_id
        self._limits = limits
        self._told = told
        self._total = (0, 0)
        self._seen: dict[int, tuple[int, int]] = {}
        self._fresh = False
        self.ended = False

    async def run(self) -> None:
        """Watch until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            with contextlib.suppress(NatsError, TimeoutError):  # the gate itself sees that the server has gone
                await self.look()
            if self.ended:  # nats-py may turn a cancellation into a timeout
                return
            await asyncio.sleep(max(EVERY_SECONDS, SHARE * (loop.time() - began)))

    async def look(self) -> None:
        """Look once.

        Raises:
            NatsError: the server has gone or is too busy to answer.
        """
        totals = await self._ask("VARZ", {})
        total = (int(totals["in_msgs"]), int(totals["in_bytes"]))
        messages, size = total[0] - self._total[0], total[1] - self._total[1]
        self._total = total
        # Nobody alone can have said more than all together: in a large and quiet town no connection needs to be looked at.
        if int(totals["connections"]) > PAGE and messages < self._limits.messages and size < self._limits.bytes:
            self._fresh = False
            return
        spoken = [one for connection in await self._connections() if (one := self._since(connection)) is not None]
        # What is counted since a look long ago says nothing about a second: then this look is only where to count from.
        if self._fresh:
            await self._told(spoken)
        self._fresh = True

    async def _connections(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            page = await self._ask("CONNZ", {"limit": PAGE, "offset": len(found), "sort": "cid"})
            connections = page.get("connections") or []
            found += connections
            if len(connections) < PAGE:
                gone = self._seen.keys() - {int(one["cid"]) for one in found}
                for connection in gone:
                    del self._seen[connection]
                return found

    def _since(self, one: dict[str, Any]) -> Spoken | None:
        connection = int(one["cid"])
        now = (int(one["in_msgs"]), int(one["in_bytes"]))
        before = self._seen.get(connection, (0, 0))
        subscriptions = int(one.get("subscriptions", 0))
        self._seen[connection] = now
        if now == before and subscriptions <= self._limits.subscriptions:
            return None
        return Spoken(connection, str(one.get("ip", "")), now[0] - before[0], now[1] - before[1], subscriptions)

    async def _ask(self, what: str, options: dict[str, Any]) -> dict[str, Any]:
        subject = f"$SYS.REQ.SERVER.{self._server_id}.{what}"
        reply = await self._system.request(subject, json.dumps(options).encode(), timeout=ANSWER_SECONDS)
        data = json.loads(reply.data).get("data")
        return data if isinstance(data, dict) else {}
