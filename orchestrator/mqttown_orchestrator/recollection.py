"""Memories that an agent wants in its observations: asked of the memory service, never waited for longer than 50 ms."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final

import orjson

from mqttown_contract import topics
from mqttown_orchestrator.citizens import Citizen

__all__ = ["Recollection"]

_BUDGET: Final = 0.05
"""Seconds from the question to the observation, with an answer or without."""
_HEARD: Final = 3
"""So many of the newest messages say what it is about."""

Send = Callable[[Citizen, dict[str, Any]], None]


class Recollection:
    """Holds an observation back until its memories are there, or the time is up."""

    def __init__(self, town_id: str, publish: Callable[[str, bytes], None], send: Send) -> None:
        self._topic = topics.service_out(town_id, "orchestrator", "recall")
        self._publish = publish
        self._send = send
        self._asked = 0
        self._held: dict[str, tuple[Citizen, dict[str, Any], asyncio.TimerHandle]] = {}
        self._question_of: dict[str, str] = {}

    def __len__(self) -> int:
        """Observations held back."""
        return len(self._held)

    def hold(self, citizen: Citizen, observation: dict[str, Any], heard: Sequence[orjson.Fragment]) -> None:
        """Ask for memories that fit an observation and the messages in it, and send it with them, or without."""
        if (earlier := self._question_of.get(citizen.id)) is not None:
            self._release(earlier, None)
        self._asked += 1
        question = f"r-{self._asked}"
        request = {
            "id": question,
            "agent": citizen.id,
            "op": "recall",
            "query": _query(observation, heard),
            "k": citizen.memory,
        }
        timer = asyncio.get_running_loop().call_later(_BUDGET, self._release, question, None)
        self._held[question] = (citizen, observation, timer)
        self._question_of[citizen.id] = question
        self._publish(self._topic, orjson.dumps(request))

    def answered(self, payload: bytes) -> None:
        """The memory service has answered; too late an answer is of no use."""
        try:
            answer = orjson.loads(payload)
        except orjson.JSONDecodeError:
            return
        if isinstance(answer, dict) and isinstance(answer.get("id"), str):
            memories = answer.get("memories")
            self._release(answer["id"], memories if isinstance(memories, list) else None)

    def _release(self, question: str, memories: list[Any] | None) -> None:
        held = self._held.pop(question, None)
        if held is None:
            return
        citizen, observation, timer = held
        timer.cancel()
        del self._question_of[citizen.id]
        if memories:
            observation["memory_context"] = {"memories": memories}
        self._send(citizen, observation)


def _query(observation: dict[str, Any], heard: Sequence[orjson.Fragment]) -> str:
    perceived = observation["observation"]
    words = [message["text"] for message in _read(heard[-_HEARD:])]
    names = [other["name"] for other in _read(perceived["visible_agents"][:_HEARD])]
    here = _read(perceived["location"]["here"]) or {}
    return " ".join([*words, *names, here.get("name", ""), perceived["self"]["doing"]])[:1000].strip() or "now"


def _read(written: Any) -> Any:
    """A part of an observation that may be written already."""
    return orjson.loads(orjson.dumps(written))
