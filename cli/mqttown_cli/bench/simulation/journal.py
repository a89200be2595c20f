"""A journal in memory with the promises of the real one: a commit is whole, is kept, and only its writer's; the rest is lost."""

import asyncio
import random
import re
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from mqttown_cli.bench.simulation.faults import Faults
from mqttown_orchestrator import failpoint
from mqttown_orchestrator.journal import ACTIONS, AGENTS, EVENTS, JournalAway, Run, SecondWriter, Snapshot, TickRecord
from mqttown_orchestrator.statements import Statement

__all__ = ["Disk", "MemoryJournal"]


@dataclass(slots=True)
class Disk:
    """What is durable, whoever has written it."""

    run: Run | None = None
    generation: int = 0
    tick: int = 0
    ticks: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    actions: list[dict[str, Any]] = field(default_factory=list)
    snapshots: dict[int, Snapshot] = field(default_factory=dict)
    agents: dict[str, dict[str, Any]] = field(default_factory=dict)
    answers: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    decided: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    def change(self, sql: str, arguments: tuple[Any, ...]) -> None:
        """Do what one of the town's statements does. Credentials are the broker's matter, which lets everybody in here.

        Raises:
            ValueError: a second row for one agent, as the database's primary key would say.
        """
        if sql.startswith("INSERT INTO town.agents"):
            names = re.findall(r"\w+", sql.partition("(")[2].partition(")")[0])
            row: dict[str, Any] = dict.fromkeys(AGENTS) | dict(zip(names, arguments, strict=True))
            if row["id"] in self.agents:
                raise ValueError(f"a second row for agent {row['id']}")
            self.agents[row["id"]] = row
        elif sql.startswith("UPDATE town.agents"):
            (name,) = re.findall(r"SET (\w+) = \$2", sql)
            self.agents[arguments[0]][name] = arguments[1]
        elif sql.startswith("INSERT INTO town.commands"):
            self.answers.setdefault((arguments[1], arguments[0]), arguments[-1])


class MemoryJournal:
    """One connection to a disk.

    Args:
        disk: where it is written.
        faults: what goes wrong.
        luck: when it does.
        away: whether the database is away now.
    """

    def __init__(self, disk: Disk, faults: Faults, luck: random.Random, away: Callable[[], bool]) -> None:
        self.generation = 0
        self.tick = 0
        self.dead = False
        self._disk = disk
        self._faults = faults
        self._luck = luck
        self._away = away
        self._lost = False

    async def run(self) -> Run | None:
        """What the town was made from."""
        await self._travel()
        return self._disk.run

    async def begin(
        self, town: dict[str, Any], seed: int, versions: dict[str, str], first: Snapshot, agents: Sequence[tuple[Any, ...]]
    ) -> None:
        """Write the genesis."""
        del versions
        await self._travel()
        self._disk.run = Run("simulated", town["town"]["id"], seed, town["content_hash"], town)
        self._disk.snapshots[0] = first
        self._disk.agents = {row[0]: dict(zip(AGENTS, row, strict=True)) for row in agents}

    async def take_over(self) -> int:
        """Become the writer."""
        await self._travel()
        self._disk.generation += 1
        self.generation, self.tick = self._disk.generation, self._disk.tick
        return self.generation

    async def append(self, record: TickRecord) -> None:
        """Commit one tick."""
        await self._travel()
        self._hold(record.tick - 1)
        failpoint.reach("before_commit")
        await self._commit(lambda: self._keep(record), record.tick - 1)
        self.tick = record.tick

    async def holds(self, record: TickRecord) -> bool:
        """Whether a tick of ours is on the disk."""
        await self._travel()
        held = [row for row in self._disk.ticks[-1:] if row["tick"] == record.tick]
        if not held or (held[0]["generation"], held[0]["events_hash"]) != (self.generation, record.events_hash):
            return False
        self.tick = record.tick
        return True

    async def reconnect(self) -> None:
        """Connect again.

        Raises:
            JournalAway: the database is still away.
        """
        if self._away():
            raise JournalAway("the database is still away")
        self._lost = False

    async def write(self, statements: Sequence[Statement], snapshot: Snapshot | None = None) -> None:
        """Commit changes that belong to no tick."""
        await self._travel()
        self._hold(self.tick)
        await self._commit(lambda: self._change(statements, snapshot), self.tick)

    async def answer(self, service: str, command_id: str) -> dict[str, Any] | None:
        """The answer that a command got already."""
        await self._travel()
        return self._disk.answers.get((service, command_id))

    async def snapshot(self, at_or_before: int) -> Snapshot | None:
        """The newest snapshot that is not after a tick."""
        await self._travel()
        ticks = [tick for tick in self._disk.snapshots if tick <= at_or_before]
        return self._disk.snapshots[max(ticks)] if ticks else None

    async def ticks(self, after: int) -> AsyncIterator[dict[str, Any]]:
        """Rows after a tick."""
        for row in self._disk.ticks:
            if row["tick"] > after:
                yield row

    async def agents(self) -> list[dict[str, Any]]:
        """All agents ever registered, oldest first."""
        return sorted(self._disk.agents.values(), key=lambda row: (row["registered_tick"], row["id"]))

    async def recent_events(self, after: int, limit: int) -> list[dict[str, Any]]:
        """Newest events after a tick, oldest first."""
        return [event for event in self._disk.events[-limit:] if event["tick"] > after]

    async def _travel(self) -> None:
        """Half of the way to the database or back."""
        if self.dead:
            await asyncio.get_running_loop().create_future()
        await asyncio.sleep(self._luck.uniform(0, self._faults.latency))
        if self._lost or self._away():
            self._lost = True
            raise JournalAway("the simulated database is away")

    async def _commit(self, change: Callable[[], None], tick: int) -> None:
        """Commit. Who dies meanwhile does not know whether it came through, and neither do we."""
        try:
            await self._travel()
        except asyncio.CancelledError:
            if self._luck.random() < 0.5 and (self._disk.generation, self._disk.tick) == (self.generation, tick):
                change()
            raise
        if self.dead:
            await asyncio.get_running_loop().create_future()
        self._hold(tick)
        change()
        if self._luck.random() < self._faults.forgotten_answers:
            self._lost = True
            raise JournalAway("the connection was lost before the commit was confirmed")
        await self._travel()

    def _hold(self, tick: int) -> None:
        if (self._disk.generation, self._disk.tick) != (self.generation, tick):
            raise SecondWriter(f"generation {self.generation} is over at tick {tick}")

    def _keep(self, record: TickRecord) -> None:
        disk, tick = self._disk, record.tick
        disk.tick = tick
        hashes = {"inputs_hash": record.inputs_hash, "events_hash": record.events_hash}
        disk.ticks.append({"tick": tick, "generation": self.generation, "inputs": record.inputs, **hashes})
        disk.events += [_event(tick, row) for row in record.events]
        actions = [dict(zip(ACTIONS, (tick, n, *row), strict=True)) for n, row in enumerate(record.actions)]
        disk.actions += actions
        disk.decided |= {(row["agent"], row["action_id"]): row for row in actions}
        self._change(record.statements, record.snapshot)

    def _change(self, statements: Sequence[Statement], snapshot: Snapshot | None) -> None:
        for sql, arguments in statements:
            self._disk.change(sql, arguments)
        if snapshot is not None:
            self._disk.snapshots.setdefault(snapshot.tick, snapshot)


def _event(tick: int, row: tuple[Any, ...]) -> dict[str, Any]:
    """A row as the real journal gives it back."""
    told = dict(zip(EVENTS, (tick, *row), strict=True))
    del told["n"]
    return {**told, "data": orjson.loads(told["data"]), "about": list(told["about"]), "witnesses": list(told["witnesses"])}
