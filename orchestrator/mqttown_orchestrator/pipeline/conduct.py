"""How unusual an agent's conduct is: signs from its newest actions, added up to a score. Nobody but operators hears of it.

Formulas and where they come from are in docs/moderation.md.
"""

import math
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from mqttown_orchestrator.rulebook import Conduct

__all__ = ["Circle", "Profile", "Signs", "circling", "sameness", "score"]

_NOW: Final = 30.0
"""Seconds over which the present pace is meant."""
_GAPS: Final = 32
_ENOUGH: Final = 0.5
"""Of what is looked at must be there before it says anything."""


@dataclass(frozen=True, slots=True)
class Signs:
    """Each from 0 (nothing) to 1 (as strong as can be)."""

    pace: float = 0.0
    sameness: float = 0.0
    rhythm: float = 0.0
    circling: float = 0.0
    reuse: float = 0.0

    @property
    def named(self) -> dict[str, float]:
        """By name."""
        return {name: getattr(self, name) for name in ("pace", "sameness", "rhythm", "circling", "reuse")}


def score(signs: Signs, rules: Conduct) -> int:
    """Points from 0 to 100: each sign times its weight, added up."""
    return min(100, round(sum(value * rules.weights[name] for name, value in signs.named.items())))


def sameness(sentences: Iterable[str]) -> float:
    """1 minus the Shannon entropy of the sentences over the most that so many could have (Shannon, 1948)."""
    counted = Counter(sentences)
    total = counted.total()
    if total < 2:
        return 0.0
    entropy = -sum(count / total * math.log2(count / total) for count in counted.values())
    return 1.0 - entropy / math.log2(total)


def circling(gifts: Iterable[tuple[str, str, int]]) -> float:
    """Share of the given money that came back to where it had been: 1 minus the sum of net flows over the sum of all flows.

    Args:
        gifts: giver, taker, cents.
    """
    net: Counter[str] = Counter()
    gross = 0
    for giver, taker, cents in gifts:
        net[giver] -= cents
        net[taker] += cents
        gross += cents
    return 1.0 - sum(abs(flow) for flow in net.values()) / (2 * gross) if gross else 0.0


@dataclass(slots=True)
class Profile:
    """What is known of one agent's conduct; a few hundred bytes until it speaks."""

    rules: Conduct
    began: float | None = None
    last: float = 0.0
    pace_now: float = 0.0
    pace_usual: float = 0.0
    gaps: deque[float] = field(default_factory=lambda: deque(maxlen=_GAPS))
    sentences: deque[str] | None = None
    reused: float = 0.0

    def acted(self, at: float, sentence: str | None) -> None:
        """An action has been taken up.

        Args:
            at: seconds, of any steady clock.
            sentence: its words, if it said something.
        """
        if self.began is None:
            self.began = at
        else:
            gap = max(at - self.last, 1e-6)
            self.gaps.append(gap)
            self.pace_now = self.pace_now * math.exp(-gap / _NOW) + 1 / _NOW
            self.pace_usual = self.pace_usual * math.exp(-gap / self.rules.pace_memory) + 1 / self.rules.pace_memory
        self.last = at
        self.reused *= 0.98
        if sentence is not None:
            if self.sentences is None:
                self.sentences = deque(maxlen=self.rules.words_looked_at)
            self.sentences.append(sentence)

    def reuse(self) -> None:
        """It has used an id again with other content, or the same content under another id at once."""
        self.reused = min(1.0, self.reused + 0.1)

    def signs(self, circle: float = 0.0) -> Signs:
        """The signs now; `circle` is that of its owner's agents."""
        said = self.sentences
        same = sameness(said) if said is not None and len(said) >= _ENOUGH * self.rules.words_looked_at else 0.0
        return Signs(self._pace(), same, self._rhythm(), circle, self.reused)

    def _pace(self) -> float:
        """How far the pace is above the agent's own, in standard deviations of a Poisson process; 6 or more count as 1."""
        if self.began is None or self.last - self.began < 10 * _NOW:
            return 0.0
        share = 1 - math.exp(-(self.last - self.began) / self.rules.pace_memory)
        usual, now = self.pace_usual / share * _NOW, self.pace_now * _NOW
        return min(1.0, max(0.0, (now - usual) / math.sqrt(usual + 1) / 6.0 - 0.5) * 2)

    def _rhythm(self) -> float:
        """How even the gaps are: 1 for a coefficient of variation of 0, and 0 from 0.2 on."""
        if len(self.gaps) < _GAPS:
            return 0.0
        mean = sum(self.gaps) / _GAPS
        spread = math.sqrt(sum((gap - mean) ** 2 for gap in self.gaps) / _GAPS) / mean
        return max(0.0, 1.0 - spread / 0.2)


@dataclass(slots=True)
class Circle:
    """Gifts of money among the agents of one owner."""

    rules: Conduct
    gifts: deque[tuple[str, str, int]] = field(init=False)

    def __post_init__(self) -> None:
        """Keep the newest."""
        self.gifts = deque(maxlen=self.rules.gifts_looked_at)

    def gave(self, giver: str, taker: str, cents: int) -> None:
        """Money has gone from one of them to another."""
        self.gifts.append((giver, taker, cents))

    @property
    def sign(self) -> float:
        """How much of it goes round; 0 while there is too little to tell."""
        return circling(self.gifts) if len(self.gifts) >= _ENOUGH * self.rules.gifts_looked_at else 0.0
