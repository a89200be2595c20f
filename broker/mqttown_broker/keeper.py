"""The gate in front of Mosquitto: keeps its users in step with the credentials, and cuts off who floods."""

import asyncio
import contextlib
import re
import ssl
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, Protocol

import structlog

from mqttown_broker.bans import Allowance, Bans
from mqttown_broker.credentials import Credential, make_key
from mqttown_broker.limits import Limits
from mqttown_broker.mosquitto import MosquittoServer
from mqttown_broker.packets import Closed, RawClient
from mqttown_broker.roster import GATE, SPECTATOR, Roster
from mqttown_contract import topics
from mqttown_contract.errors import TopicError
from mqttown_contract.types import is_service_name

__all__ = ["Keeper", "Register"]

log = structlog.get_logger(__name__)

TICK_SECONDS: Final = 0.5
"""How often it is looked whether a key or a ban has ended."""
REST: Final = 3.0
"""Between two reloads it rests so many times as long as one takes: Mosquitto serves nobody meanwhile."""
LEAST_REST_SECONDS: Final = 0.02
PING_SECONDS: Final = 20.0
AGAIN_SECONDS: Final = 0.5
CONNECTS_AT_ONCE: Final = 20.0
_CAME: Final = re.compile(r"New client connected from \S+ as (\S+) \(")


class Register(Protocol):
    """Where credentials come from."""

    def names(self) -> list[str]:
        """All names."""

    def known(self, name: str) -> Mapping[str, Credential] | None:
        """The credentials of a name by tag."""


class Keeper:
    """Serves one Mosquitto.

    Mosquitto asks nobody: it reads a list of users. So a change is a new list and a reload, which takes 25 ms at 10,000 users,
    and a live connection whose key is no longer on the list ends with it.

    Args:
        server: not started yet; give it `said` of this keeper first.
        town: id of the town that the grants are for.
        source: where credentials come from. Call `review` when one of a name's may have changed.
        spectator_key: what spectators come in by.
        limits: how much one agent may take of the broker.
        trust: how the server's certificate is checked where it has one.

    Attributes:
        used: when a name and tag last came in; for whoever keeps it, who may empty it.
        counts: names banned, and lists given, so far.
    """

    def __init__(
        self,
        server: MosquittoServer,
        town: str,
        source: Register,
        spectator_key: str,
        limits: Limits | None = None,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self._server = server
        self._town = town
        self._source = source
        self._limits = limits or Limits()
        self._trust = trust
        self._key = make_key()
        self._roster = Roster(town, spectator_key, self._key)
        self._bans = Bans()
        self._connects = Allowance(self._limits.agent_connects, CONNECTS_AT_ONCE)
        self._messages = Allowance(self._limits.messages, self._limits.message_burst)
        self._bytes = Allowance(self._limits.bytes, self._limits.byte_burst)
        self._changed = asyncio.Event()
        self._given = asyncio.Condition()
        self._ends: dict[str, datetime] = {}
        self._shut: set[str] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self.used: dict[tuple[str, str], float] = {}
        self.counts = {"banned": 0, "reloads": 0}
        server.on_word = self._heard

    async def start(self) -> None:
        """Start the server with all who are registered now. From the return on, agents can connect."""
        without = 0
        for name in self._source.names():
            self._enter(name)
            without += any(one.mosquitto_hash is None for one in (self._source.known(name) or {}).values())
        if without:
            log.warning("keys without a hash for Mosquitto open nothing here; `mqttown agent rotate` makes new ones", names=without)
        await self._server.start(self._roster.passwords(), self._roster.access())
        self._tasks = [
            asyncio.create_task(self._keep_giving(), name="Mosquitto's users"),
            asyncio.create_task(self._keep_time(), name="ends of keys and bans"),
            asyncio.create_task(self._keep_listening(), name="flood watch"),
        ]

    async def stop(self) -> None:
        """Stop the server and the watch over it."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.stop()

    async def review(self, name: str | None) -> None:
        """Take in the credentials of a name, or of all names, as they are now, and wait until Mosquitto has them."""
        names = [name] if name is not None else self._source.names()
        entered = [self._enter(one) for one in names]
        if any(entered):
            async with self._given:
                self._changed.set()
                await self._given.wait()

    def _enter(self, name: str) -> bool:
        credentials = self._source.known(name)
        now = datetime.now(UTC)
        ends = [one.expires for one in (credentials or {}).values() if one.expires is not None and one.expires > now]
        if ends:
            self._ends[name] = min(ends)
        else:
            self._ends.pop(name, None)
        return self._roster.put(name, credentials, shut=name in self._shut)

    async def _keep_giving(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._changed.wait()
            self._changed.clear()
            began = loop.time()
            await self._server.reload(self._roster.passwords(), self._roster.access())
            self.counts["reloads"] += 1
            async with self._given:
                if not self._changed.is_set():
                    self._given.notify_all()
            await asyncio.sleep(max(LEAST_REST_SECONDS, REST * (loop.time() - began)))

    async def _keep_time(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            now = datetime.now(UTC)
            ended = [name for name, end in self._ends.items() if end <= now]
            free = [name for name in sorted(self._shut) if not self._bans.left(name)]
            self._shut.difference_update(free)
            entered = [self._enter(name) for name in (*ended, *free)]
            if any(entered):
                self._changed.set()
            self._bans.forget()
            for allowance in (self._connects, self._messages, self._bytes):
                allowance.forget()

    async def _keep_listening(self) -> None:
        """Listen to what agents say, only to count it: Mosquitto does not tell who says how much."""
        while True:
            with contextlib.suppress(OSError, TimeoutError, Closed):
                client = await RawClient.open(_here(self._server.host), self._server.mqtt_port, self._trust)
                try:
                    await self._listen(client)
                finally:
                    await client.close()
            await asyncio.sleep(AGAIN_SECONDS)

    async def _listen(self, client: RawClient) -> None:
        if await client.connect(GATE, self._key) != 0:
            return
        await client.subscribe(topics.agent_out(self._town, "+", "+", "+"))
        while True:
            try:
                topic, payload, _ = await client.message(PING_SECONDS)
            except TimeoutError:
                client.ping()
                continue
            with contextlib.suppress(TopicError):
                self._count(topics.parse(topic).subject or "", len(payload))

    def _count(self, name: str, size: int) -> None:
        if not self._messages.take(name):
            self._cut_off(name, f"more than {self._limits.messages:g} messages a second")
        elif not self._bytes.take(name, size):
            self._cut_off(name, f"more than {self._limits.bytes:g} bytes a second")

    def _heard(self, line: str) -> None:
        """A line of Mosquitto's log."""
        if found := _CAME.match(line):
            name, _, tag = found[1].partition("~")
            if name in {SPECTATOR, GATE}:
                return
            self.used[name, tag] = time.time()
            if not is_service_name(name) and not self._connects.take(name):
                self._cut_off(name, f"connects again more than {self._limits.agent_connects:g} times a second")
        elif line.startswith(("Error", "Warning")) and "does not contain '%c' or '%u'" not in line:  # ours do not all need to
            log.warning("mosquitto", said=line)

    def _cut_off(self, name: str, why: str) -> None:
        """Take a name off the list for a while. Our services are never: who acts for hosted agents speaks for many."""
        if name in self._shut or is_service_name(name):
            return
        seconds = self._bans.ban(name)
        self.counts["banned"] += 1
        self._shut.add(name)
        log.warning("cut off", who=name, why=why, seconds=seconds)
        if self._enter(name):
            self._changed.set()


def _here(host: str) -> str:
    """The address by which this machine reaches what listens on `host`."""
    return "127.0.0.1" if host == "0.0.0.0" else host  # noqa: S104  compared, not bound
