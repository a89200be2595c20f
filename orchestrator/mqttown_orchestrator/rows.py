"""What the journal keeps, as values: the run, a snapshot, a tick."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Any

from mqttown_orchestrator.statements import Statement

__all__ = ["Run", "Snapshot", "TickRecord"]


@dataclass(frozen=True, slots=True)
class Run:
    """What the town was made from. `town` is the compiled town, as it was at the genesis."""

    id: str
    town_id: str
    seed: int
    content_hash: str
    town: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A whole state: `packed` as `world.dump` wrote it, by zlib; `hash` as `world.digest` says."""

    tick: int
    hash: str
    packed: bytes

    @classmethod
    def of(cls, tick: int, dumped: bytes) -> "Snapshot":
        """Pack a dumped state; takes its time, but lets other threads run."""
        return cls(tick, blake2b(dumped, digest_size=32).hexdigest(), zlib.compress(dumped, 1))

    @property
    def dumped(self) -> bytes:
        """As `world.load` reads it."""
        return zlib.decompress(self.packed)


@dataclass(slots=True)
class TickRecord:
    """All that one transaction writes.

    Attributes:
        inputs: JSON, as `step` was given them.
        events, actions: rows in the order of the tables' columns, without tick.
        statements: changes of other tables that this tick brings about.
    """

    tick: int
    inputs: bytes
    inputs_hash: str
    events_hash: str
    wall: datetime
    step_ms: float
    events: Sequence[tuple[Any, ...]]
    actions: Sequence[tuple[Any, ...]]
    snapshot: Snapshot | None = None
    statements: list[Statement] = field(default_factory=list)
