"""The memory service: agents and our own processes ask over MQTT, and what is witnessed is stored as it happens."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import orjson
import structlog

from mqttown.link import Incoming, Link
from mqttown_contract import topics
from mqttown_contract.errors import Code, TopicError
from mqttown_contract.messages import MemoryRequest
from mqttown_memory.archive import Archive, Question
from mqttown_memory.chroma import TownSearch
from mqttown_memory.following import Follower
from mqttown_memory.requests import RequestError, ServiceMemoryRequest, answer, parse, refusal
from mqttown_memory.stream import Memory, Recollection

__all__ = ["NAME", "MemoryService", "filters"]

log = structlog.get_logger(__name__)

NAME: Final = "memory"
_WAITING: Final = 32
"""Requests of one asker that may be unanswered; one more is `rate_limited`."""
_ONLOOKERS: Final = ("cli", "dashboard")
"""Services that only look: what they recall does not count as accessed, so watching a town does not change it."""
_FORGETS: Final = "dashboard"
"""The service that may have an agent's memories taken away: its owner has deleted it."""


@dataclass(frozen=True, slots=True)
class _Asker:
    """Who asked, and where the answer goes. One asker's requests are answered in the order in which they came."""

    key: str
    answer_topic: str
    request: MemoryRequest
    agent: str | None
    access: bool
    forgets: bool = False


def filters(town: str) -> tuple[str, ...]:
    """What the service listens to."""
    return (topics.world(town, "clock"), topics.agent_out(town, "+", "+", "memory"), topics.service_out(town, "+", "recall"))


class MemoryService:
    """Answers requests and keeps following the journal.

    Args:
        town: id of the town.
        link: an open connection as service `memory`, subscribed to `filters`.
        archive: all memories.
        follower: stores what is witnessed.
        town_search: search across the town.
        patience: seconds that a request waits for its tick.
    """

    def __init__(
        self, town: str, link: Link, archive: Archive, follower: Follower, town_search: TownSearch, *, patience: float
    ) -> None:
        self._town = town
        self._link = link
        self._archive = archive
        self._follower = follower
        self._town_search = town_search
        self._patience = patience
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._waiting: Counter[str] = Counter()

    async def run(self) -> None:
        """Serve until cancelled, then make the last accesses durable."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._follower.run(), name="memory.follow")
                self._follower.ring()
                async for message in self._link:
                    await self._take(message, group)
        finally:
            await self._archive.flush()

    async def _take(self, message: Incoming, group: asyncio.TaskGroup) -> None:
        try:
            topic = topics.parse(message.topic)
        except TopicError as error:
            log.warning("a topic that is none of ours", error=str(error))
            return
        if topic.scope == "world":
            if message.payload:  # empty when the town takes its retained clock back
                self._follower.ring(orjson.loads(message.payload)["tick"])
            return
        if message.retain or topic.subject is None:
            return
        if topic.scope == "agent":
            home = topic.district or ""
            back = topics.agent_in(self._town, home, topic.subject, "memory")
        else:
            back = topics.service_in(self._town, topic.subject, "memory")
        try:
            asker = self._asker(topic, message.payload, back)
        except RequestError as error:
            await self._link.publish(back, refusal(error))
            return
        group.create_task(self._serve(asker), name=f"memory[{asker.key}].{asker.request.op}")

    def _asker(self, topic: topics.Topic, payload: bytes, back: str) -> _Asker:
        subject = topic.subject or ""
        if topic.scope == "agent":
            return self._queued(_Asker(subject, back, parse(payload, MemoryRequest), subject, access=True))
        request = parse(payload, ServiceMemoryRequest)
        if request.op == "forget" and (subject != _FORGETS or request.agent is None):
            raise RequestError(Code.BAD_PARAMETERS, f"`forget` is for the {_FORGETS}, and names an agent", "op", request.id)
        if request.agent is None and (request.op != "recall" or request.query is None):
            raise RequestError(Code.BAD_PARAMETERS, "without an agent there is only `recall` with a query", "agent", request.id)
        key = request.agent or f"service {subject}"
        watching, forgets = subject in _ONLOOKERS, request.op == "forget"
        return self._queued(_Asker(key, back, request, request.agent, access=not watching, forgets=forgets))

    def _queued(self, asker: _Asker) -> _Asker:
        if self._waiting[asker.key] >= _WAITING:
            raise RequestError(
                Code.RATE_LIMITED, f"{_WAITING} requests are waiting already; ask again later", None, asker.request.id
            )
        self._waiting[asker.key] += 1
        return asker

    async def _serve(self, asker: _Asker) -> None:
        try:
            async with self._turns[asker.key]:
                payload = await self._answer(asker)
            await self._link.publish(asker.answer_topic, payload)
        finally:
            self._waiting[asker.key] -= 1

    async def _answer(self, asker: _Asker) -> bytes:
        request = asker.request
        try:
            if asker.forgets:
                await self._forget(asker.agent or "")
                return answer(request.id, [])
            now = await self._tick_of(request)
            if request.op == "remember":
                await self._remember(asker, now)
                return answer(request.id, [])
            return answer(request.id, await self._recall(asker, now), across_town=asker.agent is None)
        except RequestError as error:
            return refusal(error)

    async def _tick_of(self, request: MemoryRequest) -> int:
        """The tick that a request speaks of, once all that was witnessed up to it is stored; the present one without it."""
        if request.tick is None:
            return self._follower.now
        if not await self._follower.wait_for(request.tick, self._patience):
            detail = f"tick {request.tick} has not come: the town is at {self._follower.now}"
            raise RequestError(Code.NOT_POSSIBLE, detail, "tick", request.id)
        return request.tick

    async def _remember(self, asker: _Asker, now: int) -> None:
        request = asker.request
        assert asker.agent is not None
        assert request.text is not None
        importance = round(request.importance * 1000)
        evidence = tuple(request.evidence)
        await self._archive.store(
            [Memory(asker.agent, f"n-{request.id}", request.kind, request.text, importance, now, now, evidence)]
        )

    async def _forget(self, agent: str) -> None:
        gone = await self._archive.forget(agent)
        await self._town_search.forget(agent)
        log.info("forgotten", agent=agent, memories=gone)

    async def _recall(self, asker: _Asker, now: int) -> Sequence[Recollection]:
        request = asker.request
        if asker.agent is None:
            return await self._across_the_town(request)
        kinds = None if request.kinds is None else tuple(request.kinds)
        return await self._archive.recall(asker.agent, Question(request.query, request.k, kinds, asker.access), now)

    async def _across_the_town(self, request: MemoryRequest) -> Sequence[Recollection]:
        assert request.query is not None
        try:
            return await self._town_search.search(request.query, request.k, request.kinds)
        except ModuleNotFoundError as error:
            raise RequestError(Code.NOT_POSSIBLE, str(error), "agent", request.id) from error
