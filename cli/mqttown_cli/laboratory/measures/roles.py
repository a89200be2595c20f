"""Who does what: how evenly roles are spread over residents, and how varied one resident's doings are."""

from collections.abc import Sequence
from typing import Final

import polars as pl

from mqttown_cli.laboratory.measure import Measure, Number, Tables

__all__ = ["ROLES", "role_entropy"]


def role_entropy(numbers: Sequence[int]) -> float:
    """Shannon's entropy of a distribution, in bits: -sum_k p_k log2 p_k (Shannon, 1948).

    Args:
        numbers: how many of each.

    Raises:
        ValueError: there are none.
    """
    from scipy.stats import entropy  # noqa: PLC0415  scipy takes seconds to load, and every worker loads it

    if not sum(numbers):
        raise ValueError("entropy needs something to count")
    return float(entropy(numbers, base=2))


def _role_entropy(tables: Tables, *, of: str) -> Number:
    counted = tables["residents"][of].drop_nulls().value_counts()["count"].to_list()
    return role_entropy(counted) if counted else None


def _behaviour_entropy(tables: Tables, *, window: int) -> Number:
    done = tables["actions"].filter(pl.col("status") == "accepted", pl.col("tick") > tables.tick - window)
    counted = done.group_by("agent", "action", maintain_order=True).len().group_by("agent", maintain_order=True).agg("len")
    bits = [role_entropy(row) for row in counted["len"].to_list()]
    return sum(bits) / len(bits) if bits else None


ROLES: Final = (
    Measure(
        "role_entropy", "bits",
        "Entropy of the distribution of residents over roles, the values of column `of` of `residents`: -sum_k p_k log2 p_k. 0: all have "
        "one role; log2 of the number of roles: all are as frequent.",
        "Shannon (1948), Bell System Technical Journal 27; as a measure of roles AL et al. (2024), Project Sid, arXiv:2411.00114",
        _role_entropy, ("residents",), {"of": "job"},
    ),
    Measure(
        "behaviour_entropy", "bits",
        "Mean over residents of the entropy of their accepted actions by verb in the last `window` ticks. Falls as they specialise.",
        "Shannon (1948); Gorelick et al. (2004), J. Insect Behavior 17(1), on division of labour",
        _behaviour_entropy, ("actions",), {"window": 1440},
    ),
)  # fmt: skip
