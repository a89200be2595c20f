"""A broker for one play: a private one with the town's own grants, or somebody's by its address."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from mqttown.link import Address
from mqttown_broker.credentials import Credential, hash_key, make_key
from mqttown_broker.gate import Gate
from mqttown_broker.nats import NatsServer

__all__ = ["BrokerDoor", "open_broker"]


@dataclass(frozen=True, slots=True)
class BrokerDoor:
    """How agent and town get into a broker.

    Attributes:
        address: of its MQTT port.
        ws_port: of MQTT over WebSocket; None where it is not known.
        town_user, town_key: by which the played town connects.
        agent_key: of the agent that is judged.
    """

    address: Address
    ws_port: int | None
    town_user: str | None
    town_key: str | None
    agent_key: str


class _Two:
    """Credentials of two: the agent and the town."""

    def __init__(self, agent: str, district: str, agent_key: str, town_key: str) -> None:
        self._known: dict[str, Mapping[str, Credential]] = {
            agent: {"": Credential(agent, "", hash_key(agent_key), "agent", district)},
            "orchestrator": {"": Credential("orchestrator", "", hash_key(town_key), "service")},
        }

    def known(self, name: str) -> Mapping[str, Credential] | None:
        return self._known.get(name)

    async def read(self, name: str) -> Mapping[str, Credential] | None:
        return self.known(name)


@asynccontextmanager
async def open_broker(url: str | None, folder: Path, town: str, agent: str, district: str) -> AsyncIterator[BrokerDoor]:
    """Start a private broker, or use the one at `mqtt://user:password@host:port`.

    Args:
        url: of a broker; None starts one.
        folder: for its files.
        town: whose topics its grants are for.
        agent: id of the agent that may come in.
        district: its home.
    """
    agent_key, town_key = make_key(), make_key()
    if url is not None:
        parts = urlsplit(url)
        user = unquote(parts.username) if parts.username else None
        password = unquote(parts.password) if parts.password else None
        address = Address(parts.hostname or "127.0.0.1", parts.port or 1883)
        yield BrokerDoor(address, None, user, password, secrets.token_urlsafe(24))
        return
    server = NatsServer(folder)
    await server.start()
    gate = Gate([server], town, _Two(agent, district, agent_key, town_key))
    try:
        await gate.start()
        yield BrokerDoor(Address("127.0.0.1", server.mqtt_port), server.ws_port, "orchestrator", town_key, agent_key)
    finally:
        await gate.stop()
        await asyncio.shield(server.stop())
