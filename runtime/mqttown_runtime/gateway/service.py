"""The gateway on the wire: requests of hosted agents in, thoughts out, and words about budgets to the town."""

import asyncio
import itertools
import secrets
from typing import Final

import orjson
import structlog
from pydantic import ValidationError

from mqttown.link import Incoming, Link
from mqttown_contract import topics
from mqttown_contract.errors import TopicError
from mqttown_contract.messages import ThinkRequest, Thought
from mqttown_runtime.gateway.gateway import Gateway, Told
from mqttown_runtime.gateway.request import Ask

__all__ = ["NAME", "GatewayService", "filters"]

log = structlog.get_logger(__name__)

NAME: Final = "gateway"
PORTAL: Final = "dashboard"
"""Asks for agents whose owners talk with them, at those agents' cost."""
_OPEN: Final = 4
"""Requests of one agent that may be unanswered; one more is dropped."""


def filters(town: str) -> tuple[str, ...]:
    """What the service listens to."""
    return (
        topics.world(town, "clock"),
        topics.agent(town, "+", "+", "card"),
        topics.agent_out(town, "+", "+", "think"),
        topics.service_in(town, NAME, "answer"),
        topics.service_out(town, PORTAL, "think"),
    )


class GatewayService:
    """Answers what hosted agents ask.

    Args:
        town: id of the town.
        link: a connection as service `gateway`, subscribed to `filters`.
    """

    def __init__(self, town: str, link: Link) -> None:
        self._town = town
        self._link = link
        self._hosted: dict[str, str] = {}
        self._tick: int | None = None
        self._open: dict[str, dict[str, None]] = {}
        self._numbers = itertools.count(1)
        self._life = secrets.token_hex(4)

    async def run(self, gateway: Gateway) -> None:
        """Serve until cancelled."""
        async with asyncio.TaskGroup() as group:
            async for message in self._link:
                self._take(message, gateway, group)

    async def tell(self, told: Told) -> None:
        """Have the town tell an agent of its budget, and show by its presence whether it sleeps."""
        command = {
            "id": f"{NAME}-{self._life}-{next(self._numbers)}",
            "command": "budget",
            "parameters": {"agent": told.agent, "text": told.text, "asleep": told.asleep},
        }
        await self._link.publish(topics.service_out(self._town, NAME, "command"), command, qos=1)

    def _take(self, message: Incoming, gateway: Gateway, group: asyncio.TaskGroup) -> None:
        try:
            topic = topics.parse(message.topic)
        except TopicError as error:
            log.warning("a topic that is none of ours", error=str(error))
            return
        if topic.scope == "world":
            self._tick = orjson.loads(message.payload)["tick"] if message.payload else self._tick
        elif topic.scope == "service" and topic.direction == "out":
            self._asked_by_owner(message.payload, gateway, group)
        elif topic.scope == "service":
            answer = orjson.loads(message.payload)
            if answer["status"] != "accepted":
                log.warning("the town would not tell of a budget", detail=answer.get("detail"))
        elif topic.channel == "card" and topic.subject is not None:
            self._meet(topic.subject, topic.district or "", message.payload)
        elif topic.subject is not None and not message.retain:
            self._asked(topic, message.payload, gateway, group)

    def _meet(self, agent: str, district: str, card: bytes) -> None:
        """Only whom the town calls hosted may think here."""
        if card and orjson.loads(card).get("kind") == "hosted":
            self._hosted[agent] = district
        else:
            self._hosted.pop(agent, None)

    def _asked(self, topic: topics.Topic, payload: bytes, gateway: Gateway, group: asyncio.TaskGroup) -> None:
        agent = topic.subject or ""
        if self._hosted.get(agent) != topic.district:
            log.warning("somebody who is not hosted here wants to think", agent=agent)
            return
        self._accept(agent, topics.agent_in(self._town, topic.district or "", agent, "thought"), payload, gateway, group)

    def _asked_by_owner(self, payload: bytes, gateway: Gateway, group: asyncio.TaskGroup) -> None:
        """The portal says for whom; the answer is told to it alone."""
        asked = orjson.loads(payload)
        agent = str(asked.pop("agent", ""))
        if agent not in self._hosted:
            log.warning("an owner talks with somebody who is not hosted here", agent=agent)
            return
        self._accept(agent, topics.service_in(self._town, PORTAL, "thought"), orjson.dumps(asked), gateway, group)

    def _accept(self, agent: str, answer: str, payload: bytes, gateway: Gateway, group: asyncio.TaskGroup) -> None:
        try:
            request = ThinkRequest.model_validate(orjson.loads(payload))
        except (ValueError, ValidationError) as error:
            log.warning("that is no request for a thought", agent=agent, error=str(error)[:400])
            return
        waiting = self._open.setdefault(agent, {})
        if request.id in waiting:
            return  # MQTT may deliver twice
        if len(waiting) >= _OPEN:
            log.warning("too many requests at once", agent=agent)
            return
        waiting[request.id] = None
        ask = Ask.of(agent, request, self._tick)
        group.create_task(self._answer(ask, answer, gateway), name=f"gateway.think[{agent}]")

    async def _answer(self, ask: Ask, topic: str, gateway: Gateway) -> None:
        try:
            thought: Thought = await gateway.think(ask)
            payload = orjson.dumps(thought.model_dump(mode="json", exclude_none=True))
            await self._link.publish(topic, payload)
        finally:
            waiting = self._open[ask.agent]
            del waiting[ask.id]
            if not waiting:
                del self._open[ask.agent]
