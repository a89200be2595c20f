"""Leading a thinker to its decision: what it wants is asked of its memory and of the model gateway, and told to it."""

import asyncio
from collections.abc import Mapping
from typing import Any

import structlog

from mqttown.link import Link
from mqttown_agents.mind import Completion, Note, Question, Thinker, Wish
from mqttown_runtime.recollection import Recollection
from mqttown_runtime.scheduler import Pool
from mqttown_runtime.seat import Seat

__all__ = ["Deliberations"]

log = structlog.get_logger(__name__)


class Deliberations:
    """Open thoughts of the agents of one host.

    Args:
        link: where to ask the gateway.
        recollection: the way to the memory service.
        pool: bounds how many thoughts are with the gateway at once, and shares its places fairly.
        patience: seconds that one thought may take once it has its place; the thinker then hears `timeout`.

    Attributes:
        asked: thoughts asked for.
        unanswered: those that took too long.
        late: answers to thoughts that nobody waits for any more; they are dropped by their id.
    """

    def __init__(self, link: Link, recollection: Recollection, pool: Pool, patience: float) -> None:
        self.asked = self.unanswered = self.late = 0
        self._link = link
        self._recollection = recollection
        self._pool = pool
        self._patience = patience
        self._open: dict[tuple[str, str], asyncio.Future[Mapping[str, Any]]] = {}

    async def decide(self, seat: Seat, thinker: Thinker, observation: Mapping[str, Any]) -> dict[str, Any]:
        """Lead it from an observation to the action that it decides on."""
        deliberation = thinker.deliberate(observation)
        told: Any = None
        try:
            while True:
                told = await self._fulfil(seat, observation, deliberation.send(told))
        except StopIteration as end:
            action: dict[str, Any] = end.value
            return action
        finally:
            deliberation.close()

    async def _fulfil(self, seat: Seat, observation: Mapping[str, Any], wish: Wish) -> Any:
        match wish:
            case Question():
                return await self._recollection.recall(seat, wish)
            case Note():
                return await self._recollection.remember(seat, wish)
            case Completion():
                return await self._think(seat, observation, wish)

    async def _think(self, seat: Seat, observation: Mapping[str, Any], wish: Completion) -> Mapping[str, Any]:
        self.asked += 1
        number = f"{seat.agent}-{seat.session}-t{self.asked}"
        request: dict[str, Any] = {
            "id": number,
            "messages": list(wish.messages),
            "max_tokens": wish.max_tokens,
            "tier": wish.tier,
            "tick": observation["tick"],
        }
        if wish.tools:
            request["tools"] = list(wish.tools)
        if (trace := observation.get("traceparent")) is not None:
            request["traceparent"] = trace
        try:
            return await self._pool.run(seat.agent, number, lambda: self._ask(seat, request), self._patience)
        except TimeoutError:
            self.unanswered += 1
            log.warning("no thought in time", agent=seat.agent, seconds=self._patience)
            return {"id": number, "code": "timeout", "detail": f"no answer of the gateway within {self._patience:g} s"}

    async def _ask(self, seat: Seat, request: Mapping[str, Any]) -> Mapping[str, Any]:
        answer: asyncio.Future[Mapping[str, Any]] = asyncio.get_running_loop().create_future()
        self._open[seat.agent, request["id"]] = answer
        try:
            await self._link.publish(seat.out("think"), request, qos=1)
            return await answer
        finally:
            del self._open[seat.agent, request["id"]]

    def answered(self, agent: str, message: Mapping[str, Any]) -> None:
        """Hand a thought to whoever waits for it; one that comes too late is dropped."""
        waiting = self._open.get((agent, str(message.get("id"))))
        if waiting is None or waiting.done():
            self.late += 1
        else:
            waiting.set_result(message)
