"""What repetitions say: means with confidence, what difference they could have found, and whether two sets differ."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final

import numpy as np
from scipy.optimize import brentq
from scipy.stats import ks_2samp, nct, t

__all__ = ["Contrast", "Estimate", "contrast", "detectable", "estimate", "power"]

CONFIDENCE: Final = 0.95
POWER: Final = 0.8


@dataclass(frozen=True, slots=True)
class Estimate:
    """The mean of some runs.

    Attributes:
        n: runs in which it is defined.
        sd: standard deviation over runs; None with fewer than two.
        half: half the width of Student's 95 % confidence interval of the mean; None with fewer than two.
        least, most: smallest and largest of the runs.
    """

    n: int
    mean: float
    sd: float | None
    half: float | None
    least: float
    most: float


@dataclass(frozen=True, slots=True)
class Contrast:
    """How two sets of runs differ, second less first.

    Attributes:
        difference: of the means.
        low, high: 95 % confidence interval of it (Welch, 1947).
        p_mean: of Welch's test that the means are equal.
        p_distribution: of the Kolmogorov-Smirnov test that both come from one distribution.
        detectable: smallest difference that would be found with 80 % power, at 5 %, with as many runs and as much spread.
    """

    difference: float
    low: float
    high: float
    p_mean: float
    p_distribution: float
    detectable: float


def estimate(values: Sequence[float]) -> Estimate | None:
    """The mean with its confidence; None of nothing."""
    n = len(values)
    if n == 0:
        return None
    mean, least, most = float(np.mean(values)), float(min(values)), float(max(values))
    if n == 1:
        return Estimate(n, mean, None, None, least, most)
    sd = float(np.std(values, ddof=1))
    return Estimate(n, mean, sd, float(t.ppf((1 + CONFIDENCE) / 2, n - 1)) * sd / sqrt(n), least, most)


def power(effect: float, n: int, other: int, alpha: float = 1 - CONFIDENCE) -> float:
    """Power of the two-sided two-sample t test (Cohen, 1988), by the noncentral t distribution.

    Args:
        effect: difference of the means by the common standard deviation.
        n: runs of one set.
        other: runs of the other.
        alpha: chance of finding a difference where there is none.
    """
    freedom, shift = n + other - 2, effect / sqrt(1 / n + 1 / other)
    edge = t.ppf(1 - alpha / 2, freedom)
    return float(nct.sf(edge, freedom, shift) + nct.cdf(-edge, freedom, shift))


def detectable(sd: float, n: int, other: int | None = None) -> float:
    """Smallest difference of two means that is found with 80 % power at 5 %.

    Args:
        sd: standard deviation over runs, the same in both sets.
        n: runs of one set, at least two.
        other: runs of the other; as many without it.
    """
    high = 0.5
    while power(high, n, other or n) < POWER:  # no further than needed: the distribution is not known far out
        high *= 2
    effect = brentq(lambda size: power(size, n, other or n) - POWER, 1e-6, high)
    return float(effect) * sd


def contrast(first: Sequence[float], second: Sequence[float]) -> Contrast | None:
    """How the second set differs from the first; None if one of them has fewer than two runs."""
    if min(len(first), len(second)) < 2:
        return None
    n, other = len(first), len(second)
    pooled = sqrt(((n - 1) * float(np.var(first, ddof=1)) + (other - 1) * float(np.var(second, ddof=1))) / (n + other - 2))
    difference = float(np.mean(second) - np.mean(first))
    distribution = float(ks_2samp(first, second).pvalue)
    size = max(map(abs, [*first, *second]))
    if pooled <= size * 1e-12:  # each set is one value, so they are the same or they are not
        return Contrast(difference, difference, difference, float(abs(difference) <= size * 1e-12), distribution, 0.0)
    one, two = float(np.var(first, ddof=1)) / n, float(np.var(second, ddof=1)) / other
    freedom = (one + two) ** 2 / (one**2 / (n - 1) + two**2 / (other - 1))  # Welch & Satterthwaite
    error = sqrt(one + two)
    half = float(t.ppf((1 + CONFIDENCE) / 2, freedom)) * error
    p_mean = float(2 * t.sf(abs(difference) / error, freedom))
    return Contrast(difference, difference - half, difference + half, p_mean, distribution, detectable(pooled, n, other))
