"""A broker in memory that loses, doubles, delays and overtakes what it is given, and keeps what is retained."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from mqttown_cli.bench.simulation.faults import Faults

__all__ = ["Bus", "Connection"]

Deliver = Callable[[str, bytes, bool], None]
"""Topic, payload, whether it was retained."""


@dataclass(eq=False, slots=True)
class Connection:
    """Somebody at the bus; `up` is False from the moment at which it is cut."""

    name: str
    deliver: Deliver
    will: tuple[str, bytes, bool] | None = None
    filters: dict[str, None] = field(default_factory=dict)
    when_cut: Callable[[], None] = lambda: None
    up: bool = True


class Bus:
    """The broker. What agents send and hear may be lost; the town's own connection loses nothing while it is up.

    Args:
        faults: what goes wrong.
        luck: when it does.
    """

    def __init__(self, faults: Faults, luck: random.Random) -> None:
        self.retained: dict[str, bytes] = {}
        self._faults = faults
        self._luck = luck
        self._connections: dict[str, Connection] = {}
        self._hearers: dict[str, list[Connection]] = {}

    def connect(self, name: str, deliver: Deliver, will: tuple[str, bytes, bool] | None = None) -> Connection:
        """Connect; who was here by that name is cut."""
        if (earlier := self._connections.get(name)) is not None:
            self.cut(earlier)
        connection = self._connections[name] = Connection(name, deliver, will)
        return connection

    def cut(self, connection: Connection) -> None:
        """End a connection without a word; its Will is told sooner or later."""
        if not connection.up:
            return
        connection.up = False
        connection.when_cut()
        self._hearers.clear()
        if self._connections.get(connection.name) is connection:
            del self._connections[connection.name]
        if connection.will is not None:
            topic, payload, retain = connection.will
            late = self._luck.uniform(0.0, 2.0)
            asyncio.get_running_loop().call_later(late, lambda: self.publish(topic, payload, retain=retain))

    def leave(self, connection: Connection) -> None:
        """End a connection properly: its Will is not told."""
        connection.will, connection.when_cut = None, lambda: None
        self.cut(connection)

    def subscribe(self, connection: Connection, *filters: str) -> None:
        """Subscribe, and be told what is kept."""
        connection.filters.update(dict.fromkeys(filters))
        self._hearers.clear()
        for topic, payload in list(self.retained.items()):
            if any(_fits(pattern, topic) for pattern in filters):
                self._send(connection, topic, payload, retained=True)

    def unsubscribe(self, connection: Connection, *filters: str) -> None:
        """End subscriptions."""
        for pattern in filters:
            connection.filters.pop(pattern, None)
        self._hearers.clear()

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Hand it to everybody who listens."""
        if retain and payload:
            self.retained[topic] = payload
        elif retain:
            self.retained.pop(topic, None)
        hearers = self._hearers.get(topic)
        if hearers is None:
            connections = self._connections.values()
            hearers = [one for one in connections if any(_fits(pattern, topic) for pattern in one.filters)]
            self._hearers[topic] = hearers
        for connection in hearers:
            self._send(connection, topic, payload, retained=False)

    def _send(self, connection: Connection, topic: str, payload: bytes, *, retained: bool) -> None:
        faults, luck = self._faults, self._luck
        loss = 0.0 if connection.name == "orchestrator" and "/world/" in topic else faults.loss
        copies = 1 if luck.random() >= faults.duplicates else 2
        for _ in range(copies):
            if luck.random() >= loss:
                later = asyncio.get_running_loop().call_later
                later(luck.uniform(0.001, faults.delay), self._arrive, connection, topic, payload, retained)

    @staticmethod
    def _arrive(connection: Connection, topic: str, payload: bytes, retained: bool) -> None:
        if connection.up:
            connection.deliver(topic, payload, retained)


def _fits(pattern: str, topic: str) -> bool:
    """Whether an MQTT filter covers a topic."""
    if "+" not in pattern and "#" not in pattern:
        return pattern == topic
    wanted, given = pattern.split("/"), topic.split("/")
    if wanted[-1] == "#":
        wanted, given = wanted[:-1], given[: len(wanted) - 1]
    return len(wanted) == len(given) and all(want in {"+", have} for want, have in zip(wanted, given, strict=True))
