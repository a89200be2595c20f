"""What goes over one agent's topics, for its owner to watch: every message, and whether it is as the contract has it."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal

import orjson
from pydantic import BaseModel, Field, ValidationError

from mqttown_contract import topics
from mqttown_contract.catalogue import CHANNELS
from mqttown_contract.verbs import VERBS

__all__ = ["WireView", "Wires", "channels"]

QUEUE_LENGTH: Final = 200
"""Messages that may wait for one watcher; older ones are left out, and it is told how many."""
BEAT_SECONDS: Final = 10.0
LONGEST_SECONDS: Final = 300.0
"""After so long a stream ends and its reader comes back, so that none outlives the session that it was opened with for long."""
_TEXT: Final = 2000
_MODELS: Final[dict[str, type[BaseModel]]] = {channel.name: channel.message for channel in CHANNELS}


class WireView(BaseModel):
    """One message on a topic of an agent's."""

    number: int = Field(description="counts the messages of this stream")
    at: datetime = Field(description="when the dashboard heard it")
    topic: str
    direction: Literal["in", "out"] | None = Field(description="`in` to the agent, `out` from it; null for what everybody may see")
    channel: str
    size: int = Field(description="bytes")
    message: Any = Field(description="the payload; null where it is no JSON")
    text: str | None = Field(description="how the payload begins, where it is no JSON")
    valid: bool = Field(description="whether it is as the contract has it")
    fault: str | None = Field(description="what is not")
    lost: int = Field(description="messages left out before it, as this reader was too slow")


def channels(town: str, district: str, agent: str) -> tuple[str, ...]:
    """The private topics of an agent, one by one: a broker may tell what two filters cover twice."""
    return (
        *(topics.agent_in(town, district, agent, channel) for channel in topics.IN_CHANNELS),
        *(topics.agent_out(town, district, agent, channel) for channel in topics.OUT_CHANNELS),
    )


@dataclass(slots=True)
class _Watcher:
    queue: deque[WireView] = field(default_factory=deque)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    number: int = 0
    lost: int = 0


class Wires:
    """Passes what is heard of an agent on to whoever watches it, and waits for nobody."""

    def __init__(self) -> None:
        self._watchers: dict[str, list[_Watcher]] = {}
        self._closed = False

    def hear(self, name: str, topic: topics.Topic, payload: bytes) -> None:
        """Take note of a message.

        Args:
            name: of the topic, whole.
            topic: the same, taken apart.
            payload: as it came.
        """
        for watcher in self._watchers.get(topic.subject or "", ()):
            if len(watcher.queue) >= QUEUE_LENGTH:
                watcher.queue.popleft()
                watcher.lost += 1
            watcher.number += 1
            watcher.queue.append(_view(watcher.number, name, topic, payload))
            watcher.wake.set()

    async def watch(self, agent: str) -> AsyncIterator[WireView | None]:
        """Messages of an agent as they come, for five minutes; None at the beginning, and after 10 s of silence."""
        watcher = _Watcher()
        self._watchers.setdefault(agent, []).append(watcher)
        until = asyncio.get_running_loop().time() + LONGEST_SECONDS
        try:
            yield None
            while not self._closed and asyncio.get_running_loop().time() < until:
                while watcher.queue:
                    view = watcher.queue.popleft()
                    yield view.model_copy(update={"lost": watcher.lost})
                    watcher.lost = 0
                watcher.wake.clear()
                try:
                    await asyncio.wait_for(watcher.wake.wait(), BEAT_SECONDS)
                except TimeoutError:
                    yield None
        finally:
            watching = self._watchers[agent]
            watching.remove(watcher)
            if not watching:
                del self._watchers[agent]

    def close(self) -> None:
        """End every stream, so that the server can stop."""
        self._closed = True
        for watching in self._watchers.values():
            for watcher in watching:
                watcher.wake.set()


def _view(number: int, name: str, topic: topics.Topic, payload: bytes) -> WireView:
    message, text, fault = None, None, None
    try:
        message = orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        text, fault = payload[:_TEXT].decode(errors="replace"), f"not JSON in UTF-8: {error}"
    if fault is None:
        fault = _fault(topic, message)
    direction: Literal["in", "out"] | None = topic.direction
    return WireView(
        number=number, at=datetime.now(UTC), topic=name, direction=direction, channel=topic.channel, size=len(payload),
        message=message, text=text, valid=fault is None, fault=fault, lost=0,
    )  # fmt: skip


def _fault(topic: topics.Topic, message: Any) -> str | None:
    """Where a message is not as the contract has it; None if it is. Of an action the parameters, too."""
    middle = f"_{topic.direction}" if topic.direction else ""
    model = _MODELS.get(f"{topic.scope}{middle}_{topic.channel}")
    if model is None:
        return None
    try:
        model.model_validate(message)
    except ValidationError as error:
        return _first(error, "")
    if (topic.direction, topic.channel) != ("out", "action"):
        return None
    verb = VERBS.get(message["action"])
    if verb is None:
        return f"action: there is no action {message['action']!r}; allowed: {', '.join(VERBS)}"
    try:
        verb.parameters.model_validate(message["parameters"])
    except ValidationError as error:
        return _first(error, "parameters")
    return None


def _first(error: ValidationError, prefix: str) -> str:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    path = ".".join(str(step) for step in (*([prefix] if prefix else []), *first["loc"]))
    return f"{path}: {first['msg']}" if path else str(first["msg"])
