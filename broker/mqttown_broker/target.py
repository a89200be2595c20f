"""A broker under trial: where it is, who may be used to try it, and the connections of one case."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from mqttown_broker import grants
from mqttown_broker.packets import Message, RawClient
from mqttown_contract import topics

__all__ = ["NotHeld", "Stranger", "Target", "Visit"]


@dataclass(frozen=True, slots=True)
class Stranger:
    """An agent that the broker knows."""

    name: str
    key: str = field(repr=False)
    district: str

    def grants(self, town: str) -> grants.Grants:
        """What it may do."""
        return grants.of_agent(town, self.district, self.name)


@dataclass(frozen=True, slots=True)
class Target:
    """A broker, and who may be used to try it.

    Attributes:
        host: of the broker.
        port: TCP port of MQTT.
        town: whose grants are tried.
        town_key: of user `orchestrator`.
        mean: the agent that means harm.
        other: the agent that is harmed.
        spectator: user name and key of spectators where the broker lets nobody in without; None where it does.
        tls: how its certificate is checked; None without TLS.
    """

    host: str
    port: int
    town: str
    town_key: str = field(repr=False)
    mean: Stranger
    other: Stranger
    spectator: tuple[str, str] | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = None

    @asynccontextmanager
    async def visit(self) -> AsyncIterator["Visit"]:
        """Connections that are closed at the end."""
        visit = Visit(self)
        try:
            yield visit
        finally:
            await asyncio.gather(*(client.close() for client in visit.clients), return_exceptions=True)


class NotHeld(Exception):
    """The broker did not hold a case; says what happened."""


@dataclass(slots=True)
class Visit:
    """Connections of one case."""

    target: Target
    clients: list[RawClient] = field(default_factory=list)

    async def open(self) -> RawClient:
        """A connection that has said nothing yet."""
        client = await RawClient.open(self.target.host, self.target.port, self.target.tls)
        self.clients.append(client)
        return client

    async def login(self, name: str, key: str, will: Message | None = None) -> RawClient:
        """A connection that has to succeed.

        Raises:
            NotHeld: the broker refuses it.
        """
        client = await self.open()
        code = await client.connect(name, key, will=will)
        if code != 0:
            raise NotHeld(f"{name or 'a spectator'} is refused with code {code}; see that the rules and keys are entered")
        return client

    async def mean(self, will: Message | None = None) -> RawClient:
        """The agent that means harm."""
        return await self.login(self.target.mean.name, self.target.mean.key, will)

    async def other(self, will: Message | None = None) -> RawClient:
        """The agent that is harmed."""
        return await self.login(self.target.other.name, self.target.other.key, will)

    async def spectator(self) -> RawClient:
        """Somebody who only watches."""
        return await self.login(*(self.target.spectator or ("", "")))

    async def town(self, *filters: str) -> RawClient:
        """The town, listening to all of it."""
        town = await self.login("orchestrator", self.target.town_key)
        for wanted in filters or (topics.everything(self.target.town),):
            await town.subscribe(wanted)
        return town
