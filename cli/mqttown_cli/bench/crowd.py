"""A lean crowd: many real MQTT 3.1.1 connections in one process, each an agent that acts on what it observes.

Packets are made by hand, because any client library would take more of the two cores than the town that is to be measured.
"""

import asyncio
import hashlib
import json
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

import orjson

from mqttown_cli.bench import packets
from mqttown_contract import topics

__all__ = ["Agent", "Crowd", "Measured"]

CONNECTS_AT_ONCE: Final = 50
KEEP_ALIVE_SECONDS: Final = 600
REMARKS: Final = ("Nice weather.", "Have you seen the tram?", "I like it here.", "Good coffee!", "See you tomorrow.")


@dataclass
class Measured:
    """What the crowd saw.

    Attributes:
        answers: (seconds from sending an action to its verdict, tick, wall time of the verdict) of each.
        codes: verdicts by code; accepted ones under `accepted`.
        observations: how many, and their bytes in all.
    """

    answers: list[tuple[float, int, float]] = field(default_factory=list)
    codes: dict[str, int] = field(default_factory=dict)
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
    """

    def __init__(self, host: str, port: int, town: str, agents: Sequence[Agent], *, detail: str, lockstep: bool) -> None:
        self.measured = Measured()
        self.acting = True
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
        self._sent: dict[str, float] = {}
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass of it
        raw = transport.get_extra_info("socket")
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._transport.write(packets.connect(self._agent.id, self._agent.key, KEEP_ALIVE_SECONDS))

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.subscribed.done():
            self.subscribed.set_exception(exc or ConnectionError(f"{self._agent.id} was refused"))

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer
        buffer += data
        while (frame := packets.take(buffer)) is not None:
            self._packet(*frame)

    def greet(self) -> None:
        self._publish(self._hello_topic, json.dumps(self._hello).encode())

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
        if topic.endswith(b"/observation"):
            measured.observations += 1
            measured.observation_bytes += len(payload)
            if self._crowd.acting:
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
        """40 % `say`, 40 % `move_to`, 20 % others."""
        self._count += 1
        turn = (self._luck + self._count * 2_654_435_761) % 1000
        seen = observation["observation"]
        action, parameters = _choice(turn, seen, self._bound_for)
        if action == "move_to":
            self._bound_for = parameters["to"]
        identity = f"{observation['generation']}-{self._count}"
        self._sent[identity] = time.time()
        message = {"id": identity, "action": action, "parameters": parameters, "observation_id": observation["id"]}
        self._publish(self._action_topic, orjson.dumps(message))

    def _publish(self, topic: str, payload: bytes) -> None:
        assert self._transport is not None
        self._transport.write(packets.publish(topic, payload))


def _choice(turn: int, seen: dict[str, Any], bound_for: str | None) -> tuple[str, dict[str, Any]]:
    """Something that the observation says is possible: not to a closed door, not where one is or is going already.

    Whom one sees may be gone when the action is judged; so gifts, which need somebody beside one, are few.
    """
    share, luck = turn % 10, turn // 10
    location, purse = seen["location"], seen["self"]["purse"]
    if share < 4:
        return "say", {"text": REMARKS[luck % len(REMARKS)]}
    if share < 8:
        not_to = {location["building"], bound_for}
        places = [place["id"] for place in location["nearby"] if place["open"] is not False and place["id"] not in not_to]
        if places:
            return "move_to", {"to": places[luck % len(places)]}
    here = location["here"]
    goods = (
        [sale["item"] for sale in here["sells"] if sale["price"] <= purse and sale["stock"] > 8] if here and here["open"] else []
    )
    if share == 8 and goods:
        return "buy", {"item": goods[luck % len(goods)]}
    others = [other["id"] for other in seen["visible_agents"] if other.get("metres") is None]
    if share == 8 and others and purse > 0 and luck % 4 == 0:
        return "give", {"to": others[luck % len(others)], "amount": 1}
    if seen["self"]["doing"] == "idle":
        return "wait", {"ticks": 1}
    # On the way a `wait` would change nothing and bring no observation, and this one would sit out the next ticks.
    return "say", {"text": REMARKS[luck % len(REMARKS)]}
