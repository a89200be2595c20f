"""A stranger at a town: one connection without our SDK's agent on top, that keeps and counts all it hears."""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from mqttown.credentials import Credentials
from mqttown.link import Link
from mqttown_contract import topics

__all__ = ["Heard", "Stranger"]

_LOOK_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True)
class Heard:
    """One message: when (monotonic seconds), where, what; `message` is None where it is no JSON."""

    at: float
    topic: str
    payload: bytes
    message: Any
    retain: bool

    @property
    def channel(self) -> str:
        """The last level of the topic."""
        return self.topic.rpartition("/")[2]


class Stranger:
    """What a stranger says and hears.

    Args:
        link: open, as an agent.
        credentials: of that agent.
        patience: seconds that an answer may take.

    Attributes:
        heard: everything, in order.
    """

    def __init__(self, link: Link, credentials: Credentials, patience: float) -> None:
        self.link = link
        self.known = credentials
        self.patience = patience
        self.heard: list[Heard] = []

    async def listen(self) -> None:
        """Keep what comes, until cancelled."""
        async for incoming in self.link:
            try:
                message = json.loads(incoming.payload)
            except ValueError:
                message = None
            self.heard.append(Heard(time.monotonic(), incoming.topic, incoming.payload, message, incoming.retain))

    def own_in(self, channel: str) -> str:
        """One of its own `in/` topics."""
        return topics.agent_in(self.known.town, self.known.district, self.known.agent, channel)

    async def send(self, channel: str, message: Any) -> None:
        """Publish on `out/{channel}`; bytes go as they are."""
        payload = message if isinstance(message, bytes) else json.dumps(message, ensure_ascii=False).encode()
        topic = topics.agent_out(self.known.town, self.known.district, self.known.agent, channel)
        await self.link.publish(topic, payload, qos=1)

    async def hello(self, **fields: Any) -> Heard | None:
        """Say hello when it will be answered at once, and wait for the answer."""
        await asyncio.sleep(1.1)
        began = len(self.heard)
        await self.send("hello", fields)
        return await self.find("observation", lambda told: told.get("seq") == 1, began)

    async def act(self, identity: str, action: str, parameters: dict[str, Any] | None = None, **fields: Any) -> Heard | None:
        """Send an action, and wait for a verdict that comes after it."""
        began = len(self.heard)
        await self.send("action", {"id": identity, "action": action, "parameters": parameters or {}, **fields})
        return await self.verdict(identity, began)

    async def verdict(self, identity: str | None, began: int = 0) -> Heard | None:
        """The first verdict on an action among what was heard from `began` on."""
        return await self.find("verdict", lambda told: told.get("action_id") == identity, began)

    def verdicts(self, identity: str | None) -> list[dict[str, Any]]:
        """All verdicts on an action."""
        told = [one.message for one in self.heard if one.topic == self.own_in("verdict") and isinstance(one.message, dict)]
        return [one for one in told if one.get("action_id") == identity]

    async def find(self, channel: str, fits: Callable[[dict[str, Any]], bool], began: int = 0) -> Heard | None:
        """The first fitting message on an own channel from `began` on; None if it does not come in time."""
        topic, deadline = self.own_in(channel), time.monotonic() + self.patience
        while True:
            for one in self.heard[began:]:
                if one.topic == topic and isinstance(one.message, dict) and fits(one.message):
                    return one
            if time.monotonic() > deadline:
                return None
            await asyncio.sleep(_LOOK_SECONDS)
