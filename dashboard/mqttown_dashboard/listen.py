"""The dashboard's connection to the broker: feeds the mirror, asks the memory service, and sends commands to the town."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import orjson
import structlog
from pydantic import ValidationError

from mqttown.link import Incoming, Link
from mqttown_contract import messages, topics
from mqttown_contract.errors import TopicError
from mqttown_dashboard.budget_letters import BudgetLetters
from mqttown_dashboard.hub import Hub
from mqttown_dashboard.mirror import Mirror
from mqttown_dashboard.problems import ProblemError, status_of
from mqttown_dashboard.thoughts import Thoughts, channels
from mqttown_dashboard.wire import Wires
from mqttown_dashboard.wire import channels as all_channels

__all__ = ["SERVICE", "Ear"]

SERVICE: Final = "dashboard"
FRAME_SECONDS: Final = 0.2
"""What comes within it goes to the watchers together."""
RECALL_SECONDS: Final = 5.0
"""Patience with the memory service."""
COMMAND_SECONDS: Final = 20.0
"""A command is answered with the next tick, which a slow town takes its time for."""

THINK_SECONDS: Final = 45.0
_FORMS: Final[dict[str, type[messages.Answer | messages.MemoryAnswer | messages.Thought]]] = {
    "answer": messages.Answer,
    "memory": messages.MemoryAnswer,
    "thought": messages.Thought,
}

log = structlog.get_logger(__name__)


class Ear:
    """Listens to the public topics and tells the hub what changed.

    Args:
        link: connected as service `dashboard`.
        mirror: taught by what is heard.
        hub: told what changed.
        thoughts: told what residents of the portal have in mind.
        wires: told what goes over the topics of agents that somebody watches.
        budget_letters: told what the town tells residents of the portal.
    """

    def __init__(
        self, link: Link, mirror: Mirror, hub: Hub, thoughts: Thoughts, wires: Wires, budget_letters: BudgetLetters
    ) -> None:
        self._link = link
        self._mirror = mirror
        self._hub = hub
        self._thoughts = thoughts
        self._wires = wires
        self._budget_letters = budget_letters
        self._attended: set[str] = set()
        self._town = mirror.town.id
        self._asked: dict[str, asyncio.Future[Any]] = {}

    @property
    def connected(self) -> bool:
        """Whether the broker hears us now."""
        return self._link.connected

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Subscribe, and listen for the length of an `async with`. An error while listening ends the body."""
        await self._link.subscribe(
            topics.world(self._town, "+"),
            topics.district(self._town, "+", "+"),
            topics.building(self._town, "+", "+", "+"),
            topics.agent(self._town, "+", "+", "card"),
            topics.agent(self._town, "+", "+", "presence"),
            topics.service_out(self._town, "orchestrator", "metrics"),
            topics.service_in(self._town, SERVICE, "memory"),
            topics.service_in(self._town, SERVICE, "answer"),
            topics.service_in(self._town, SERVICE, "thought"),
        )
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._hear(), name="mqttown[dashboard].hear"),
                group.create_task(self._tell(), name="mqttown[dashboard].tell"),
            ]
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()

    async def attend(self, agent: str, district: str) -> None:
        """Listen to what a resident has in mind, and what it is told, too.

        Args:
            agent: whose thoughts.
            district: its home district.
        """
        self._attended.add(agent)
        await self._link.subscribe(*channels(self._town, district, agent), topics.agent_in(self._town, district, agent, "notice"))

    async def overhear(self, agent: str, district: str) -> None:
        """Listen to all private topics of an agent, from now on: what nobody watches is dropped unread.

        Args:
            agent: whose.
            district: its home district.
        """
        await self._link.subscribe(*all_channels(self._town, district, agent))

    async def recall(self, agent: str, query: str, k: int) -> messages.MemoryAnswer:
        """Ask the memory service what comes to an agent's mind.

        Args:
            agent: whose memories.
            query: in any words.
            k: at most so many.

        Raises:
            ProblemError: the broker or the memory service is away, or it refuses.
        """
        request = messages.MemoryRequest(id=secrets.token_hex(12), op="recall", query=query, k=k)
        payload = {"agent": agent, **request.model_dump(exclude_none=True)}
        answer: messages.MemoryAnswer = await self._ask("recall", request.id, payload, "memory service", RECALL_SECONDS)
        if answer.code is not None:
            raise ProblemError(503, answer.code, answer.detail or "The memory service refused.", path=answer.path)
        return answer

    async def forget(self, agent: str) -> None:
        """Have the memory service take an agent's own memories away for good.

        Raises:
            ProblemError: the broker or the memory service is away, or it refuses.
        """
        identity = secrets.token_hex(12)
        message = {"id": identity, "op": "forget", "agent": agent}
        answer: messages.MemoryAnswer = await self._ask("recall", identity, message, "memory service", RECALL_SECONDS)
        if answer.code is not None:
            raise ProblemError(503, answer.code, answer.detail or "The memory service refused.", path=answer.path)

    async def think(self, agent: str, request: dict[str, Any]) -> messages.Thought:
        """Ask the gateway for a resident, at its cost.

        Args:
            agent: whose budget it is.
            request: messages, tools, max_tokens and tier.

        Raises:
            ProblemError: the broker or the gateway is away.
        """
        identity = secrets.token_hex(12)
        payload = {**request, "id": identity, "agent": agent}
        thought: messages.Thought = await self._ask("think", identity, payload, "model gateway", THINK_SECONDS)
        return thought

    async def command(self, command: str, parameters: dict[str, Any], by: str | None = None) -> dict[str, Any]:
        """Have the orchestrator carry out a command.

        Args:
            command: its name.
            parameters: those that are None are left out.
            by: the operator who wants it, for the audit log.

        Returns:
            The `result` of the accepting answer.

        Raises:
            ProblemError: the town refuses, with its own words; or the broker or the town is away.
        """
        identity = secrets.token_hex(12)
        given = {name: value for name, value in parameters.items() if value is not None}
        message = {"id": identity, "command": command, "parameters": given, **({} if by is None else {"by": by})}
        answer: messages.Answer = await self._ask("command", identity, message, "town", COMMAND_SECONDS)
        if answer.status == "rejected":
            code = answer.code or "not_possible"
            path = f"body.{answer.path.removeprefix('parameters.')}" if answer.path else None
            raise ProblemError(
                status_of(code), code, _sentence(answer.detail or "the town refused"), path=path, allowed=answer.allowed
            )
        return answer.result

    async def _ask(self, channel: str, identity: str, message: dict[str, Any], whom: str, seconds: float) -> Any:
        if not self.connected:
            raise ProblemError(503, "unavailable", "The broker is away; try again in a moment.")
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._asked[identity] = future
        try:
            async with asyncio.timeout(seconds):
                await self._link.publish(topics.service_out(self._town, SERVICE, channel), message, qos=1)
                return await future
        except TimeoutError as error:
            raise ProblemError(504, "timeout", f"The {whom} did not answer within {seconds:g} s; is the town paused?") from error
        finally:
            del self._asked[identity]

    async def _hear(self) -> None:
        async for message in self._link:
            try:
                self._take(message)
            except (TopicError, ValidationError, ValueError, KeyError, TypeError) as error:
                # One bad message must not blind the page to all others.
                log.warning("message not understood", topic=message.topic, error=str(error))

    def _take(self, message: Incoming) -> None:
        topic = topics.parse(message.topic)
        if topic.scope == "agent" and not message.retain:
            self._wires.hear(message.topic, topic, message.payload)
        if topic.scope == "agent" and topic.direction is not None and topic.subject not in self._attended:
            return
        payload: dict[str, Any] | None = orjson.loads(message.payload) if message.payload else None
        if topic.scope == "service" and topic.direction == "in":
            answer = _FORMS[topic.channel].model_validate(payload)
            future = self._asked.get(answer.id or "")
            if future is not None and not future.done():
                future.set_result(answer)
            return
        if topic.scope == "agent" and topic.direction is not None:
            if isinstance(payload, dict) and not message.retain:
                self._thoughts.take(topic, payload)
                self._budget_letters.take(topic, payload)
            return
        self._mirror.apply(topic, payload)

    async def _tell(self) -> None:
        while True:
            await asyncio.sleep(FRAME_SECONDS)
            frame = self._mirror.take()
            if frame is not None:
                self._hub.send(frame.model_dump_json(exclude_defaults=False))


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"
