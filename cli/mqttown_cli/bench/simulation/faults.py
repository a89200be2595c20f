"""What goes wrong in a simulated run, and when: drawn from its seed, all of it over at a known time."""

import random
from dataclasses import dataclass, field
from typing import Final

from mqttown_orchestrator.failpoint import POINTS

__all__ = ["FAULTS_END", "Faults", "Span", "away"]

FAULTS_END: Final = 15.0
"""Seconds from the start of a run; from then on nothing fails."""


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when something is away, seconds from the start of the run; `who` if it is not the whole town."""

    begin: float
    end: float
    who: str = ""


@dataclass(slots=True)
class Faults:
    """All that goes wrong in one run.

    Attributes:
        loss, duplicates: shares of messages.
        delay: longest of a message, seconds; messages overtake each other.
        latency: longest of a commit, seconds.
        forgotten_answers: share of commits that come through though the connection is lost before they are confirmed.
        crashes: when the town is killed.
        failpoints: at which points it is killed, and how often they are passed before.
        usurped: when a second writer is started beside the first.
        database, cut_off, partitions: when the database, the broker (for the town), or an agent's connection is away.
        jumps: when the wall clock jumps, and how far, seconds.
    """

    loss: float = 0.0
    duplicates: float = 0.0
    delay: float = 0.02
    latency: float = 0.02
    forgotten_answers: float = 0.0
    crashes: list[float] = field(default_factory=list)
    failpoints: list[tuple[str, int]] = field(default_factory=list)
    usurped: list[float] = field(default_factory=list)
    database: list[Span] = field(default_factory=list)
    cut_off: list[Span] = field(default_factory=list)
    partitions: list[Span] = field(default_factory=list)
    jumps: list[tuple[float, float]] = field(default_factory=list)

    @classmethod
    def drawn(cls, luck: random.Random, agents: list[str]) -> "Faults":
        """Some runs are calm, others are not."""

        def at() -> float:
            return luck.uniform(0.5, FAULTS_END - 1)

        def span(longest: float, who: str = "") -> Span:
            begin = at()
            return Span(begin, min(begin + luck.uniform(0.2, longest), FAULTS_END), who)

        return cls(
            loss=luck.choice((0.0, 0.02, 0.1, 0.3)),
            duplicates=luck.choice((0.0, 0.0, 0.05, 0.2)),
            delay=luck.choice((0.02, 0.02, 0.3, 1.5)),
            latency=luck.choice((0.005, 0.02, 0.4)),
            forgotten_answers=luck.choice((0.0, 0.0, 0.05)),
            crashes=sorted(at() for _ in range(luck.choice((0, 0, 1, 2)))),
            failpoints=[(luck.choice(POINTS), luck.randint(1, 12)) for _ in range(luck.choice((0, 1, 2, 3)))],
            usurped=[at() for _ in range(luck.choice((0, 0, 0, 1)))],
            database=[span(6.0) for _ in range(luck.choice((0, 0, 1, 2)))],
            cut_off=[span(6.0) for _ in range(luck.choice((0, 0, 1, 2)))],
            partitions=[span(8.0, luck.choice(agents)) for _ in range(luck.choice((0, 1, 3)))],
            jumps=sorted((at(), luck.choice((-86_400.0, -61.0, 0.5, 3600.0))) for _ in range(luck.choice((0, 0, 2)))),
        )

    def over(self) -> None:
        """Nothing fails any more."""
        self.loss = self.duplicates = self.forgotten_answers = 0.0
        self.delay = self.latency = 0.02
        self.failpoints.clear()
        self.jumps.clear()  # the clock stays as it is; see `Run.wall`


def away(spans: list[Span], now: float, who: str = "") -> bool:
    """Whether something is away now."""
    return any(span.begin <= now < span.end and span.who == who for span in spans)
