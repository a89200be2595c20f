"""The played town: hears an agent through the tap, answers hellos, and judges actions as a scene wants it."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from mqttown.link import Link
from mqttown_cli.conformance.tap import Line, Passed, Tap
from mqttown_cli.conformance.views import View, observation
from mqttown_contract import topics
from mqttown_contract.errors import TopicError
from mqttown_contract.types import PROTOCOL_VERSION

__all__ = ["PlayedTown", "Said", "accept"]

TICK_SECONDS: Final = 0.2
"""Verdicts are given at ticks, as in a real town."""


@dataclass(eq=False, slots=True)
class Said:
    """Something that the agent has sent.

    Attributes:
        at: seconds since the tap opened.
        payload: the bytes.
        message: the JSON object in them, or None.
        line: the connection it came on.
        scene: what was played.
    """

    at: float
    payload: bytes
    message: dict[str, Any] | None
    line: Line
    scene: str

    @property
    def id(self) -> str:
        """The action's id, as far as it has one."""
        found = (self.message or {}).get("id")
        return found if isinstance(found, str) else ""


Judgement = dict[str, Any] | None
"""Fields of a verdict; None leaves the action undecided."""


def accept(_said: Said) -> Judgement:
    """Every action is accepted."""
    return {"status": "accepted"}


@dataclass(eq=False)
class PlayedTown:
    """One town with one citizen.

    Attributes:
        judge: what to say of an action.
        view: what the agent sees.
        generation, seq, tick: as a town has them.
        hellos, actions, farewells: what the agent has said, in order.
        undecided: actions that wait for a verdict, by id.
        decided: verdicts given, by action id, and when.
    """

    link: Link
    tap: Tap
    town: str
    district: str
    agent: str
    patience: float
    judge: Callable[[Said], Judgement] = accept
    view: View = "street"
    scene: str = ""
    generation: int = 1
    seq: int = 0
    tick: int = 240
    words: int = 0
    hellos: list[Said] = field(default_factory=list)
    actions: list[Said] = field(default_factory=list)
    farewells: list[Said] = field(default_factory=list)
    undecided: dict[str, Said] = field(default_factory=dict)
    decided: dict[str, tuple[float, dict[str, Any]]] = field(default_factory=dict)
    greeting: bool = False

    def hear(self, passed: Passed) -> None:
        """Take note of what the agent publishes on its own topics."""
        packet = passed.packet
        if passed.sender != "agent" or packet.name != "PUBLISH":
            return
        try:
            topic = topics.parse(packet.fields["topic"])
        except TopicError:
            return
        if (topic.subject, topic.direction) != (self.agent, "out"):
            return
        said = Said(passed.at, packet.fields["payload"], _object(packet.fields["payload"]), passed.line, self.scene)
        if topic.channel == "hello":
            self.hellos.append(said)
            self.greeting = True
        elif topic.channel == "action":
            self.actions.append(said)
            self.undecided[said.id] = said
        elif topic.channel == "status":
            self.farewells.append(said)

    async def run(self) -> None:
        """Tick until cancelled."""
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self.tick += 1
            if self.greeting:
                self.greeting = False
                await self.welcome()
            for said in list(self.undecided.values()):
                await self._decide(said)

    async def open(self) -> None:
        """Say that the town is online, as of its generation."""
        clock = {"generation": self.generation, "tick": self.tick, "town_time": "2026-03-02T10:00:00", "speed": 60.0}
        status = {"status": "online", "generation": self.generation}
        await self.link.publish(topics.world(self.town, "status"), status, qos=1, retain=True)
        await self.link.publish(topics.world(self.town, "clock"), {**clock, "state": "running"}, qos=1, retain=True)

    async def close(self) -> None:
        """Take back all that is retained."""
        for channel in ("status", "clock"):
            await self.link.publish(topics.world(self.town, channel), b"", qos=1, retain=True)

    async def welcome(self) -> None:
        """Answer a hello: an observation with seq 1."""
        self.seq = 0
        await self.observe()

    async def observe(self, words: str | None = None, **unknown: Any) -> dict[str, Any]:
        """Send an observation; `unknown` fields are added to it. Returns it."""
        self.seq += 1
        numbers = {"generation": self.generation, "seq": self.seq, "tick": self.tick}
        seen = observation(self.agent, self.district, self.view, numbers, words) | unknown
        await self.tell("observation", seen)
        return seen

    async def tell(self, channel: str, message: dict[str, Any] | bytes) -> None:
        """Send something on the agent's `in/`."""
        payload = message if isinstance(message, bytes) else json.dumps(message, separators=(",", ":")).encode()
        await self.link.publish(topics.agent_in(self.town, self.district, self.agent, channel), payload)

    async def invite(self) -> Said | None:
        """Speak to the agent in the street, and wait for an action of its; None if it does nothing."""
        self.words += 1
        before = {said.id for said in self.actions}
        await self.observe(f"Good day! Shall we have a coffee? I have asked {self.words} times.")
        fresh = await self.until(lambda: next((said for said in self.actions if said.id not in before), None), self.patience)
        return fresh if isinstance(fresh, Said) else None

    async def until(self, fits: Callable[[], object], seconds: float) -> object:
        """Wait until something is so; returns it, or what it is when the time is up."""
        deadline = self.tap.now + seconds
        while not (found := fits()) and self.tap.now < deadline:  # noqa: ASYNC110  it may hold for several reasons
            await asyncio.sleep(TICK_SECONDS / 4)
        return found

    async def settle(self) -> None:
        """Accept what is undecided, and let the agent come to rest."""
        self.judge = accept
        await self.until(lambda: not self.undecided, 5 * TICK_SECONDS)
        await asyncio.sleep(2 * TICK_SECONDS)

    async def _decide(self, said: Said) -> None:
        before = self.decided.get(said.id)
        judgement = before[1] if before is not None else self.judge(said)
        if judgement is None:
            return
        self.undecided.pop(said.id, None)
        if judgement.get("code") not in {"rate_limited", "quarantined", "malformed"}:
            self.decided.setdefault(said.id, (self.tap.now, judgement))
        self.seq += 1
        verdict: dict[str, Any] = {
            "v": PROTOCOL_VERSION, "generation": self.generation, "seq": self.seq, "action_id": said.id, "agent_id": self.agent,
            "tick": self.tick, "code": None, "detail": None, "path": None, "allowed": None, "retry_after": None, "events": [],
            "traceparent": (said.message or {}).get("traceparent"),
        }  # fmt: skip
        await self.tell("verdict", verdict | judgement)


def _object(payload: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(payload)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
