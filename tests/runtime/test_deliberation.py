"""Leading a thinker: what it wants is asked, what comes too late is dropped by its id, and it always comes to an action."""

import asyncio
from collections.abc import Mapping
from typing import Any

from mqttown_agents.mind import Completion, Deliberation, Note, Question
from mqttown_runtime.deliberation import Deliberations
from mqttown_runtime.recollection import Recollection
from mqttown_runtime.scheduler import Pool
from mqttown_runtime.seat import Seat

OBSERVATION = {"id": "o-1", "tick": 7, "traceparent": "00-a-b-01"}


class Wire:
    """Keeps what is published, and answers as it is told to."""

    def __init__(self) -> None:
        self.said: list[tuple[str, Mapping[str, Any]]] = []
        self.answer: Any = lambda channel, message: None

    async def publish(self, topic: str, message: Mapping[str, Any], **_: Any) -> None:
        channel = topic.rpartition("/")[2]
        self.said.append((channel, message))
        asyncio.get_running_loop().call_soon(self.answer, channel, message)


class Mira:
    """Wants one of everything, and tells what came of it."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def overhear(self, observation: Mapping[str, Any]) -> None:
        self.told.append(observation)

    def judged(self, verdict: Mapping[str, Any]) -> None:
        self.told.append(verdict)

    def deliberate(self, observation: Mapping[str, Any]) -> Deliberation:
        self.told.append((yield Question("Who is here?", 3, ("message",), 7)))
        self.told.append((yield Completion([{"role": "user", "content": "?"}], max_tokens=9, tier="tiny")))
        self.told.append((yield Note("n-1", "It rains.", "note", 0.3, ("e-1",))))
        return {"id": "a-1", "action": "wait", "parameters": {}}


def stage(patience: float = 5.0) -> tuple[Wire, Recollection, Deliberations, Seat, Mira]:
    wire, mira = Wire(), Mira()
    recollection = Recollection(wire, 5.0)  # type: ignore[arg-type]
    deliberations = Deliberations(wire, recollection, Pool(2), patience)  # type: ignore[arg-type]
    return wire, recollection, deliberations, Seat("tiny", "ranta", "mira", mira, "s1"), mira


async def test_each_wish_is_fulfilled_in_turn() -> None:
    wire, recollection, deliberations, seat, mira = stage()

    def answer(channel: str, message: Mapping[str, Any]) -> None:
        if channel == "think":
            deliberations.answered("otto", {"id": message["id"], "message": {"content": "somebody else's"}})
            deliberations.answered("mira", {"id": message["id"], "message": {"content": "!"}})
        else:
            recollection.answered("mira", {"id": message["id"], "memories": [{"text": "Otto"}]})

    wire.answer = answer
    assert (await deliberations.decide(seat, mira, OBSERVATION))["id"] == "a-1"
    assert mira.told[0] == [{"text": "Otto"}]
    assert mira.told[1]["message"]["content"] == "!"
    assert mira.told[2] is None
    assert [channel for channel, _ in wire.said] == ["memory", "think", "memory"]
    think, note = wire.said[1][1], wire.said[2][1]
    assert {name: think[name] for name in ("max_tokens", "tier", "tick", "traceparent")} == {
        "max_tokens": 9, "tier": "tiny", "tick": 7, "traceparent": "00-a-b-01",
    }  # fmt: skip
    assert (note["op"], note["evidence"]) == ("remember", ["e-1"])
    assert (deliberations.asked, deliberations.unanswered, deliberations.late) == (1, 0, 1)


async def test_a_thought_that_comes_too_late_is_dropped_by_its_id() -> None:
    wire, recollection, deliberations, seat, mira = stage(patience=0.05)
    wire.answer = lambda channel, message: (
        recollection.answered("mira", {"id": message["id"]}) if channel == "memory" else None  # the gateway says nothing
    )
    assert (await deliberations.decide(seat, mira, OBSERVATION))["action"] == "wait"
    assert mira.told[1]["code"] == "timeout"
    asked = wire.said[1][1]["id"]
    deliberations.answered("mira", {"id": asked, "message": {"content": "too late"}})
    assert (deliberations.unanswered, deliberations.late) == (1, 1)
