"""A lean crowd: many real MQTT 3.1.1 connections in one process, each an agent that acts on what it observes.

Packets are made by hand, because any client library would take more of the two cores than the town that is to be measured.
"""

import asyncio
import hashlib
import json
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

import orjson

from mqttown_cli.bench import packets
from mqttown_contract import topics

__all__ = ["Agent", "Crowd", "Measured"]

CONNECTS_AT_ONCE: Final = 50
KEEP_ALIVE_SECONDS: Final = 600
MIX: Final = {"say": 40, "move_to": 40, "others": 20}
"""Percent of all actions."""
REMARKS: Final = ("Nice weather.", "Have you seen the tram?", "I like it here.", "Good coffee!", "See you tomorrow.")


@dataclass
class Measured:
    """What the crowd saw.

    Attributes:
        answers: (seconds from sending an action to its verdict, tick, wall time of the verdict) of each.
        codes: verdicts by code; accepted ones under `accepted`.
        actions: sent, by kind of `MIX`.
        observations: how many, and their bytes in all.
    """

    answers: list[tuple[float, int, float]] = field(default_factory=list)
    codes: dict[str, int] = field(default_factory=dict)
    actions: dict[str, int] = field(default_factory=lambda: dict.fromkeys(MIX, 0))
    observations: int = 0
    observation_bytes: int = 0


@dataclass(frozen=True)
class Agent:
    """One member of the crowd: its id, key and home district."""

    id: str
    key: str
    district: str


class Crowd:
    """Connects agents, lets them live, and measures.

    Args:
        host, port: of the broker.
        town: its id.
        agents: who connects.
        detail: of observations, `full` or `brief`.
        lockstep: whether the town waits for them.

    Attributes:
        measured: so far.
        acting: whether they act on what they observe.
        echoing: whether they only send their last action again for every observation, and measure nothing.
        keeping: whether they keep their newest observation, to act on it when `prompt` says so.
        lost: connections that ended by themselves.
    """

    def __init__(self, host: str, port: int, town: str, agents: Sequence[Agent], *, detail: str, lockstep: bool) -> None:
        self.measured = Measured()
        self.acting = True
        self.echoing = False
        self.keeping = False
        self.lost = 0
        self._turn = 0
        self._host = host
        self._port = port
        self._town = town
        self._hello = {"session": "crowd", "detail": detail, "lockstep": lockstep}
        self._members = [_Member(agent, town, self._hello, self) for agent in agents]

    async def connect(self, tell: Callable[[int], None]) -> None:
        """Connect and subscribe everybody; `tell` is called with how many are in."""
        gate = asyncio.Semaphore(CONNECTS_AT_ONCE)
        done = 0

        async def one(member: "_Member") -> None:
            nonlocal done
            async with gate:
                await asyncio.get_running_loop().create_connection(lambda: member, self._host, self._port)
                await member.subscribed
            done += 1
            tell(done)

        async with asyncio.TaskGroup() as group:
            for member in self._members:
                group.create_task(one(member))

    def greet(self) -> None:
        """Everybody says hello."""
        for member in self._members:
            member.greet()

    def greet_in_turn(self) -> Iterator[int]:
        """Say hello one by one; yields how many have."""
        for number, member in enumerate(self._members, 1):
            member.greet()
            yield number

    def prompt(self, members: int) -> None:
        """The next so many act on what they have observed last; whoever has observed nothing yet is passed over."""
        for _ in range(members):
            self._members[self._turn].act()
            self._turn = (self._turn + 1) % len(self._members)

    def leave(self) -> None:
        """Everybody disconnects."""
        for member in self._members:
            member.leave()


class _Member(asyncio.Protocol):
    """One connection: parses frames, answers each observation with one action."""

    def __init__(self, agent: Agent, town: str, hello: dict[str, Any], crowd: Crowd) -> None:
        self.subscribed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._agent = agent
        self._crowd = crowd
        self._hello = hello
        self._filter = topics.agent_in(town, agent.district, agent.id, "+")
        self._hello_topic = topics.agent_out(town, agent.district, agent.id, "hello")
        self._action_topic = topics.agent_out(town, agent.district, agent.id, "action")
        self._luck = int.from_bytes(hashlib.blake2b(agent.id.encode(), digest_size=8).digest())
        self._count = 0
        self._bound_for: str | None = None
        self._last = b""
        self._seen = b""
        self._sent: dict[str, float] = {}
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass of it
        raw = transport.get_extra_info("socket")
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._transport.write(packets.connect(self._agent.id, self._agent.key, KEEP_ALIVE_SECONDS))

    def connection_lost(self, exc: Exception | None) -> None:
        self._crowd.lost += 1
        if not self.subscribed.done():
            self.subscribed.set_exception(exc or ConnectionError(f"{self._agent.id} was refused"))

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer
        buffer += data
        while (frame := packets.take(buffer)) is not None:
            self._packet(*frame)

    def greet(self) -> None:
        assert self._transport is not None, "connected"
        self._transport.write(packets.publish(self._hello_topic, json.dumps(self._hello).encode()))

    def act(self) -> None:
        if self._seen:
            self._act(orjson.loads(self._seen))

    def leave(self) -> None:
        if self._transport is not None:
            self._transport.write(packets.DISCONNECT)
            self._transport.close()

    def _packet(self, kind: int, body: bytes) -> None:
        assert self._transport is not None
        match kind & 0xF0:
            case packets.CONNACK:
                if body[1] != 0:
                    self.subscribed.set_exception(ConnectionError(f"{self._agent.id} was refused with code {body[1]}"))
                    return
                self._transport.write(packets.subscribe(self._filter))
            case packets.SUBACK:
                if body[2] == 0:
                    self.subscribed.set_result(None)
                else:
                    self.subscribed.set_exception(ConnectionError(f"{self._agent.id} may not subscribe"))
            case packets.PUBLISH:
                self._message(*packets.delivered(body))

    def _message(self, topic: bytes, payload: bytes) -> None:
        measured = self._crowd.measured
        if self._crowd.echoing:
            if topic.endswith(b"/observation") and self._transport is not None:
                self._transport.write(self._last)
        elif topic.endswith(b"/observation"):
            measured.observations += 1
            measured.observation_bytes += len(payload)
            if self._crowd.keeping:
                self._seen = payload
            elif self._crowd.acting:
                self._act(orjson.loads(payload))
        elif topic.endswith(b"/verdict"):
            verdict = orjson.loads(payload)
            code = verdict["code"] or "accepted"
            measured.codes[code] = measured.codes.get(code, 0) + 1
            sent = self._sent.pop(verdict["action_id"], None)
            if sent is not None:
                now = time.time()
                measured.answers.append((now - sent, verdict["tick"], now))

    def _act(self, observation: dict[str, Any]) -> None:
        """Do what the crowd has done too little of, if it is possible here."""
        self._count += 1
        luck = (self._luck + self._count * 2_654_435_761) % 1000
        done = self._crowd.measured.actions
        kind, action, parameters = _choice(luck, observation, self._bound_for, done)
        done[kind] += 1
        if action == "move_to":
            self._bound_for = parameters["to"]
        identity = f"{observation['generation']}-{self._count}"
        self._sent[identity] = time.time()
        message = {"id": identity, "action": action, "parameters": parameters, "observation_id": observation["id"]}
        self._last = packets.publish(self._action_topic, orjson.dumps(message))
        assert self._transport is not None
        self._transport.write(self._last)


_LEFT: Final = 8
"""So few pieces may be gone when the action is judged, since others buy too."""
_Chosen = tuple[str, dict[str, Any]]
"""A verb and its parameters."""


def _choice(luck: int, observation: dict[str, Any], bound_for: str | None, done: dict[str, int]) -> tuple[str, str, dict[str, Any]]:
    """Something that the observation says is possible, of the kind that lags behind the mix most: (kind, verb, parameters)."""
    seen, offered = observation["observation"], {entry["action"] for entry in observation["available_actions"]}
    for kind in sorted(MIX, key=lambda kind: done[kind] / MIX[kind]):
        if kind == "say":
            chosen = _say(luck, seen)
        elif kind == "move_to":
            chosen = _move(luck, seen, bound_for)
        else:
            chosen = _other(luck, seen, offered)
        if chosen is not None:
            return kind, *chosen
    return "others", "wait", {"ticks": 1}


def _say(luck: int, seen: dict[str, Any]) -> _Chosen | None:
    return None if seen["self"]["doing"] == "sleeping" else ("say", {"text": REMARKS[luck % len(REMARKS)]})


def _move(luck: int, seen: dict[str, Any], bound_for: str | None) -> _Chosen | None:
    """Not to a closed door, not where one is or is going already."""
    not_to = {seen["location"]["building"], bound_for}
    places = [place["id"] for place in seen["location"]["nearby"] if place["open"] is not False and place["id"] not in not_to]
    return ("move_to", {"to": places[luck % len(places)]}) if places else None


def _other(luck: int, seen: dict[str, Any], offered: set[str]) -> _Chosen | None:
    """Eat, buy, or lie down: what the world shows the end of. One who waits or gives might see nothing, or nobody, then."""
    here = seen["location"]["here"]
    if here is None:
        return None
    if "eat" in offered:
        return "eat", {}
    if "buy" in offered:
        purse = seen["self"]["purse"]
        goods = [sale["item"] for sale in here["sells"] if sale["price"] <= purse and sale["stock"] > _LEFT]
        if goods:
            return "buy", {"item": goods[luck % len(goods)]}
    return ("sleep", {"until": "05:00"}) if "sleep" in offered else None
