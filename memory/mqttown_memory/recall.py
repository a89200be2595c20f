"""Which memories come to mind: recency, importance and relevance, as in Generative Agents.

Park et al. 2023, "Generative Agents: Interactive Simulacra of Human Behavior", arXiv 2304.03442, section 4.1:

    score = recency + importance + relevance        (all weights 1)
    recency = 0.995 ^ hours of town time since the memory was last accessed
    importance = how poignant the memory is
    relevance = cosine similarity of the memory's vector and the query's

Each part is brought to 0..1 by min-max scaling over the memories looked at. Where all have the same value, the authors' code
gives each of them one half, and so do we. Parts are rounded to six digits before they are added, so that the score a person reads
is the sum of the parts they read, and the ranking is by what they read.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mqttown_memory.embedding import SCALE

__all__ = ["DECAY_PER_HOUR", "TICKS_PER_HOUR", "Candidates", "Ranked", "min_max", "rank", "recency", "relevance"]

DECAY_PER_HOUR: Final = 0.995
TICKS_PER_HOUR: Final = 60
"""A tick is a town minute."""
_DIGITS: Final = 6

Floats = npt.NDArray[np.float64]
Ticks = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Candidates:
    """Memories to choose from, as columns of equal length.

    Attributes:
        born: tick of birth.
        last_access: tick of the last recall, or of birth.
        importance: any unit, it is scaled.
        relevance: cosine similarity to the query; zeros without a query.
        identify: the id of a row; asked only for rows that may be returned.
    """

    born: Ticks
    last_access: Ticks
    importance: npt.NDArray[Any]
    relevance: Floats
    identify: Callable[[int], str]


@dataclass(frozen=True, slots=True)
class Ranked:
    """One row's score, 0 to 3, and its three scaled parts, each 0 to 1."""

    row: int
    score: float
    recency: float
    importance: float
    relevance: float


def recency(last_access: Ticks, now: int) -> Floats:
    """Recency before scaling; something accessed in the future counts as accessed now."""
    hours = np.maximum(now - last_access, 0) / TICKS_PER_HOUR
    decayed: Floats = np.exp(np.log(DECAY_PER_HOUR) * hours)
    return decayed


def relevance(vectors: npt.NDArray[np.float32], query: npt.NDArray[np.float32]) -> Floats:
    """Cosine similarity of fixed-point rows, shape (rows, dimensions), and a fixed-point query; exact."""
    similarity: Floats = (vectors @ query).astype(np.float64) / (SCALE * SCALE)
    return similarity


def min_max(values: npt.NDArray[Any]) -> Floats:
    """Scale to 0..1 and round; all one half where there is no difference."""
    low, high = values.min(), values.max()
    if low == high:
        return np.full(len(values), 0.5)
    scaled: Floats = np.round((values - low) / (high - low), _DIGITS)
    return scaled


def rank(candidates: Candidates, now: int, k: int) -> list[Ranked]:
    """The k best rows, best first; ties go to the newer, then to the smaller id.

    Args:
        candidates: what to choose from.
        now: tick.
        k: how many at most.
    """
    count = len(candidates.born)
    if count == 0 or k <= 0:
        return []
    recent = min_max(recency(candidates.last_access, now))
    important = min_max(candidates.importance)
    relevant = min_max(candidates.relevance)
    scores = np.round(recent + important + relevant, _DIGITS)
    if k < count:
        threshold = np.partition(scores, count - k)[count - k]
        rows = np.flatnonzero(scores >= threshold).tolist()
    else:
        rows = list(range(count))
    best = heapq.nsmallest(k, rows, key=lambda row: (-scores[row], -candidates.born[row], candidates.identify(row)))
    return [Ranked(row, float(scores[row]), float(recent[row]), float(important[row]), float(relevant[row])) for row in best]
