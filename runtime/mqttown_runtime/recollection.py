"""Asking the memory service on behalf of hosted agents, and matching its answers to the questions."""

import asyncio
from collections.abc import Mapping
from typing import Any

import structlog

from mqttown.link import Link
from mqttown_agents.mind import Note, Question
from mqttown_runtime.seat import Seat

__all__ = ["Recollection"]

log = structlog.get_logger(__name__)


class Recollection:
    """Open questions to the memory service.

    Args:
        link: where to ask.
        patience: seconds after which a mind decides without memories.

    Attributes:
        asked: questions sent.
        unanswered: those that nobody answered in time, or that were refused.
    """

    def __init__(self, link: Link, patience: float) -> None:
        self.asked = 0
        self.unanswered = 0
        self._link = link
        self._patience = patience
        self._open: dict[tuple[str, str], asyncio.Future[Mapping[str, Any]]] = {}

    async def recall(self, seat: Seat, question: Question) -> list[Mapping[str, Any]]:
        """Ask and wait for the answer; empty if there is none in time."""
        request = {"op": "recall", "query": question.query, "k": question.k, "kinds": list(question.kinds), "tick": question.tick}
        return list((await self._ask(seat, request)).get("memories", ()))

    async def remember(self, seat: Seat, note: Note) -> None:
        """Have a note kept; returns when it is durable, or when nobody says so in time."""
        request = {"op": "remember", "text": note.text, "importance": note.importance, "kind": note.kind}
        await self._ask(seat, {**request, "evidence": list(note.evidence)}, f"{seat.agent}-{note.id}")

    async def _ask(self, seat: Seat, request: Mapping[str, Any], number: str | None = None) -> Mapping[str, Any]:
        self.asked += 1
        number = number or f"{seat.agent}-{seat.session}-{self.asked}"
        answer: asyncio.Future[Mapping[str, Any]] = asyncio.get_running_loop().create_future()
        self._open[seat.agent, number] = answer
        try:
            async with asyncio.timeout(self._patience):
                await self._link.publish(seat.out("memory"), {"id": number, **request}, qos=1)
                found = await answer
        except TimeoutError:
            self.unanswered += 1
            log.warning("no answer of memory in time", agent=seat.agent, op=request["op"], seconds=self._patience)
            return {}
        finally:
            del self._open[seat.agent, number]
        if found.get("code") is not None:
            self.unanswered += 1
            log.warning("memory refused", agent=seat.agent, code=found["code"], detail=found.get("detail"))
        return found

    def answered(self, agent: str, message: Mapping[str, Any]) -> None:
        """Hand an answer to whoever asked; one that comes too late is dropped."""
        waiting = self._open.get((agent, str(message.get("id"))))
        if waiting is not None and not waiting.done():
            waiting.set_result(message)
