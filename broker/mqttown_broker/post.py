"""The gate's post at one NATS server: where it is asked, where it hears who has gone, and how it ends a connection."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from typing import Any, Final

import nats
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import NoRespondersError

from mqttown_broker.limits import Limits
from mqttown_broker.nats import TOWN_ACCOUNT, NatsServer
from mqttown_broker.watch import FloodWatch, Spoken

__all__ = ["Post"]

log = structlog.get_logger(__name__)

CALLOUT: Final = "$SYS.REQ.USER.AUTH"
GATE: Final = "gate"
"""Queue group of all posts: each question and each farewell of a cluster is heard by one, the one at that server if it is there."""
START_SECONDS: Final = 5.0
KICK_SECONDS: Final = 1.0
HEALTH_SECONDS: Final = 10.0
Heard = Callable[[Msg], Awaitable[None]]


class Post:
    """Connections of the gate to one server.

    Args:
        server: a started server.
        asked: awaited with each question who may come in.
        gone: awaited with each word of who has gone.
        spoken: awaited with the server's id, and what its connections have published since the look before.
        limits: of floods.

    Attributes:
        server_id: of the server, as it is now; a new start gives it another.
        deaf: set once a connection to the server is gone, and nobody can connect any more.
    """

    def __init__(
        self,
        server: NatsServer,
        asked: Heard,
        gone: Heard,
        spoken: Callable[[str, list[Spoken]], Awaitable[None]],
        limits: Limits,
    ) -> None:
        self.server_id = server.server_id
        self.deaf = asyncio.Event()
        self._server = server
        self._asked = asked
        self._gone = gone
        self._spoken = spoken
        self._limits = limits
        self._callout = Client()
        self._system = Client()
        self._watch: FloodWatch | None = None
        self._watching: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Connect and listen."""
        url = f"nats://127.0.0.1:{self._server.client_port}"
        keys = self._server.keys
        options: dict[str, Any] = {"allow_reconnect": False, "error_cb": _complain, "closed_cb": self._closed}
        self._system = await nats.connect(url, nkeys_seed_str=keys.system, name="gate-system", **options)
        await self._system.subscribe(f"$SYS.ACCOUNT.{TOWN_ACCOUNT}.DISCONNECT", queue=GATE, cb=self._gone)
        await _heard(self._system)
        self._callout = await nats.connect(url, nkeys_seed_str=keys.gate, name="gate", **options)
        await self._callout.subscribe(CALLOUT, queue=GATE, cb=self._asked)
        await _heard(self._callout)

        async def told(spoken: list[Spoken]) -> None:
            await self._spoken(self.server_id, spoken)

        self._watch = watch = FloodWatch(self._system, self.server_id, self._limits, told)
        self._watching = asyncio.create_task(watch.run(), name=f"flood watch of {self._server.name}")

    async def stop(self) -> None:
        """Listen no more."""
        if self._watch is not None:
            self._watch.ended = True
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        for client in (self._callout, self._system):
            if not client.is_closed:
                await client.close()

    async def kick(self, connection: int) -> str | None:
        """End a connection; return what the server has against it, such as that there is none.

        Raises:
            NatsError: the server does not answer.
        """
        subject = f"$SYS.REQ.SERVER.{self.server_id}.KICK"
        reply = await self._system.request(subject, json.dumps({"cid": connection}).encode(), timeout=KICK_SECONDS)
        error = json.loads(reply.data).get("error")
        return str(error.get("description")) if error else None

    async def healthy(self) -> bool:
        """Whether the server has its store, and in a cluster a leader: who is let in before that waits for seconds.

        Raises:
            NatsError: the server does not answer.
        """
        reply = await self._system.request(f"$SYS.REQ.SERVER.{self.server_id}.HEALTHZ", timeout=HEALTH_SECONDS)
        return bool((json.loads(reply.data).get("data") or {}).get("status") == "ok")

    async def _closed(self) -> None:
        self.deaf.set()


async def _heard(client: Client) -> None:
    """Wait until the server has taken all subscriptions. A request goes behind them; a `flush` of nats-py may overtake them."""
    with contextlib.suppress(NoRespondersError):
        await client.request("mqttown.gate.heard", timeout=START_SECONDS)


async def _complain(error: Exception) -> None:
    log.warning("gate", error=repr(error))
