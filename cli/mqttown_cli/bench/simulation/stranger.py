"""An agent that does as the wire asks: hello on a gap or a new generation, and the same id again while there is no verdict."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import orjson

from mqttown_cli.bench.history import Operation
from mqttown_cli.bench.simulation.bus import Bus, Connection
from mqttown_contract import topics

__all__ = ["Stranger"]

_PATIENCE: Final = 5.0
"""Seconds without a verdict, after which an action is sent again."""
_IN_FLIGHT: Final = 6
_GAP_SECONDS: Final = 1.0
"""Order across topics is no promise, so a gap is one only after this time."""
_DOUBTS: Final = 0.1


@dataclass(slots=True)
class _Sent:
    payload: bytes
    at: float


class Stranger:
    """One agent.

    Args:
        town, name, district: who it is.
        to: who gets its coins.
        bus: where it connects.
        luck: what it does.
        tell: called with each line of the history.
    """

    def __init__(
        self, town: str, name: str, district: str, to: str, bus: Bus, luck: random.Random, tell: Callable[[Operation], None]
    ) -> None:
        self.name = name
        self.to = to
        self.acting = True
        self.pending: dict[str, _Sent] = {}
        self.generation = 0
        self.connection: Connection | None = None
        self._town = town
        self._district = district
        self._bus = bus
        self._luck = luck
        self._tell = tell
        self._count = 0
        self._session = 0
        self._seen: set[int] = set()
        self._decided: list[bytes] = []

    def connect(self) -> None:
        """Connect, and say hello."""
        self._session += 1
        will = (self._out("status"), orjson.dumps({"status": "offline", "session": f"s{self._session}"}), False)
        self.connection = self._bus.connect(self.name, self._hear, will)
        status, clock = (topics.world(self._town, channel) for channel in ("status", "clock"))
        self._bus.subscribe(self.connection, topics.agent_in(self._town, self._district, self.name, "+"), status, clock)
        self._hello()

    def cut(self) -> None:
        """Lose the connection."""
        if self.connection is not None:
            self._bus.cut(self.connection)
            self.connection = None

    def turn(self) -> None:
        """Send again what is overdue; now and then do something, or doubt something."""
        loop = asyncio.get_running_loop()
        loop.call_later(self._luck.uniform(0.2, 0.8), self.turn)
        if self.connection is None:
            return
        now = loop.time()
        for identity, sent in self.pending.items():
            if now - sent.at > _PATIENCE:
                sent.at = now
                self._note("info", "resend", identity)
                self._publish("action", sent.payload)
        if self._decided and self._luck.random() < _DOUBTS:
            self._publish("action", self._luck.choice(self._decided[-20:]))
        if self.acting and len(self.pending) < _IN_FLIGHT:
            for _ in range(self._luck.randint(0, 2)):
                self._act(now)

    def _act(self, now: float) -> None:
        self._count += 1
        identity, dice = f"a-{self._count}", self._luck.random()
        if dice < 0.7:
            action, parameters = "give", {"to": self.to, "amount": self._luck.randint(1, 3)}
        elif dice < 0.8:
            action, parameters = "say", {"text": f"word {self._count}"}
        elif dice < 0.9:
            action, parameters = "give", {"to": "nobody", "amount": 1}
        else:
            action, parameters = "dance", {}
        payload = orjson.dumps({"id": identity, "action": action, "parameters": parameters})
        self.pending[identity] = _Sent(payload, now)
        self._note("invoke", action if "nobody" not in parameters.values() else "in vain", identity, parameters)
        self._publish("action", payload)

    def _hear(self, topic: str, payload: bytes, _retained: bool) -> None:
        message = orjson.loads(payload)
        channel = topic.rpartition("/")[2]
        if (generation := message.get("generation", 0)) < self.generation:
            return  # void
        if generation > self.generation:
            self.generation = generation
            self._reborn()
        if "seq" in message:
            self._number(message["seq"])
        if channel == "verdict":
            self._verdict(message)

    def _verdict(self, message: dict[str, Any]) -> None:
        identity = message["action_id"]
        said = {name: message[name] for name in ("tick", "code", "events", "generation")}
        self._note("ok" if message["status"] == "accepted" else "fail", "", identity, said)
        sent = self.pending.get(identity)
        if sent is None:
            return
        if message["code"] == "rate_limited":  # not remembered: the same id is judged anew
            sent.at = asyncio.get_running_loop().time() - _PATIENCE + message["retry_after"]
            return
        del self.pending[identity]
        self._decided.append(sent.payload)

    def _reborn(self) -> None:
        """A new generation has forgotten who is here, and what was undecided."""
        self._hello()
        now = asyncio.get_running_loop().time()
        for identity, sent in self.pending.items():
            sent.at = now
            self._note("info", "resend", identity)
            self._publish("action", sent.payload)

    def _number(self, seq: int) -> None:
        if seq == 1:
            self._seen = {1}
            return
        self._seen.add(seq)
        if seq - 1 not in self._seen:
            asyncio.get_running_loop().call_later(_GAP_SECONDS, self._gap, self._seen, seq - 1)

    def _gap(self, seen: set[int], missing: int) -> None:
        if self._seen is seen and missing not in seen:
            self._seen = set(range(missing + 1)) | seen
            self._hello()

    def _hello(self) -> None:
        self._publish("hello", orjson.dumps({"session": f"s{self._session}", "detail": "brief", "since_tick": 0}))

    def _publish(self, channel: str, payload: bytes) -> None:
        if self.connection is not None:
            self._bus.publish(self._out(channel), payload)

    def _out(self, channel: str) -> str:
        return topics.agent_out(self._town, self._district, self.name, channel)

    def _note(self, kind: Any, what: str, identity: str, value: dict[str, Any] | None = None) -> None:
        self._tell(Operation(asyncio.get_running_loop().time(), self.name, kind, what, identity, value or {}))
