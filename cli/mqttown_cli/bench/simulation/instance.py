"""One start of the town's real orchestrator, between a bus and a journal in memory, and its sudden end."""

import asyncio
import random
from collections.abc import Callable
from typing import Any, Final

import orjson

from mqttown_cli.bench.simulation.bus import Bus, Connection
from mqttown_cli.bench.simulation.journal import Disk, MemoryJournal
from mqttown_contract import topics
from mqttown_orchestrator.assembly import Assembly
from mqttown_orchestrator.journal import JournalAway, SecondWriter
from mqttown_orchestrator.noticed import Remembered
from mqttown_orchestrator.rulebook import Rulebook
from mqttown_orchestrator.settings import Settings
from mqttown_orchestrator.town import Town

__all__ = ["Instance"]

_RECONNECT: Final = 0.5
_FLEETING: Final = ("malformed", "rate_limited", "quarantined")


class Instance:
    """A running orchestrator; it speaks to the bus in place of `mqttown_orchestrator.wire.Wire`.

    Args:
        town: founded or resumed.
        journal: its connection to the disk.
        settings: as from the environment.
        bus, disk: the outside.
        luck: how long it takes to reconnect.
        broker_away: whether the broker is away now.
        wrong: called with what must never be.
        arrived: called with generation, agent and action id when an action comes in.

    Attributes:
        lost: messages that were not sent for want of a connection.
        dead: whether it has ended, or was killed.
        superseded: whether it has ended because another has written.
    """

    def __init__(
        self,
        town: Town,
        journal: MemoryJournal,
        settings: Settings,
        bus: Bus,
        disk: Disk,
        luck: random.Random,
        broker_away: Callable[[], bool],
        wrong: Callable[[str], None],
        arrived: Callable[[int, str, str], None],
    ) -> None:
        self.town = town
        nothing = Remembered(audit=None, payments=[], held=[], last_held=0, last_flag=0)
        self.assembly = Assembly(town, journal, settings, Rulebook(), nothing)  # type: ignore[arg-type]  # another journal
        self.lost = 0
        self.dead = False
        self.superseded = False
        self._journal = journal
        self._bus = bus
        self._disk = disk
        self._luck = luck
        self._broker_away = broker_away
        self._wrong = wrong
        self._arrived = arrived
        self._connection: Connection | None = None
        self._reconnect()
        self.task = asyncio.create_task(self._live(), name=f"generation {town.generation}")

    async def _live(self) -> None:
        """As the process does: tick until told to stop, then say goodbye."""
        try:
            await self.assembly.service.run()
            await self.assembly.service.close()
            if self._connection is not None and not self.dead:
                self._bus.leave(self._connection)
            self.dead = True
        except SecondWriter:
            self.superseded = True
            self.kill()
        except JournalAway:
            self.kill()

    def kill(self) -> None:
        """End at once: nothing more is said, and nothing more is written."""
        if self.dead:
            return
        self.dead = self._journal.dead = True
        if self._connection is not None:
            self._bus.cut(self._connection)
        self.task.cancel()

    def cut(self) -> None:
        """Lose the connection to the broker."""
        if self._connection is not None:
            self._bus.cut(self._connection)

    @property
    def up(self) -> bool:
        """Whether there is a connection now."""
        return self._connection is not None and self._connection.up

    def subscribe(self, *filters: str) -> None:
        """Subscribe on this connection."""
        if self._connection is not None and not self.dead:
            self._bus.subscribe(self._connection, *filters)

    def unsubscribe(self, *filters: str) -> None:
        """End subscriptions."""
        if self._connection is not None and self.up:
            self._bus.unsubscribe(self._connection, *filters)

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Send, if there is a connection."""
        if self.dead or not self.up:
            self.lost += 1
            return
        self._see_that_it_is_durable(topic, payload)
        self._bus.publish(topic, payload, retain=retain)

    def flush(self) -> None:
        """Everything goes out at once here."""

    def _see_that_it_is_durable(self, topic: str, payload: bytes) -> None:
        to = topics.parse(topic)
        if (to.direction, to.channel) == ("in", "verdict"):
            told = orjson.loads(payload)
            if told["code"] in _FLEETING:
                return
            row = self._disk.decided.get((told["agent_id"], told["action_id"]))
            if row is None or (row["tick"], row["status"], row["events"]) != (told["tick"], told["status"], told["events"]):
                self._wrong(f"a verdict was told before it was durable: {told['agent_id']} {told['action_id']}")
        elif (to.direction, to.channel) == ("in", "observation") and (tick := orjson.loads(payload)["tick"]) > self._disk.tick:
            self._wrong(f"tick {tick} was observed when tick {self._disk.tick} was the newest durable one")

    def _receive(self, topic: str, payload: bytes, retained: bool) -> None:
        if self.dead:
            return
        sender = topics.parse(topic)
        if (sender.direction, sender.channel) == ("out", "action"):
            self._arrived(self.town.generation, sender.subject or "", orjson.loads(payload)["id"])
        self.assembly.receive(topic, payload, retained)

    def _reconnect(self) -> None:
        if self.dead:
            return
        if self._broker_away():
            asyncio.get_running_loop().call_later(_RECONNECT, self._reconnect)
            return
        self._connection = self._bus.connect("orchestrator", self._receive, (*self.assembly.will(), True))
        self._connection.when_cut = self._cut_off
        wire: Any = self
        self.assembly.on_connection(wire)

    def _cut_off(self) -> None:
        if not self.dead:
            self.assembly.on_cut_off()
            asyncio.get_running_loop().call_later(self._luck.uniform(_RECONNECT, 2 * _RECONNECT), self._reconnect)
