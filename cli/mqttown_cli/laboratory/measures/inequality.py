"""How unequally something is held: Lorenz curve, Gini coefficient, share of the richest."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mqttown_cli.laboratory.measure import Measure, Number, Tables

__all__ = ["INEQUALITY", "gini", "lorenz", "top_share"]


def lorenz(values: Sequence[float]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The Lorenz curve: shares of the population, poorest first, and what share of the whole they hold.

    Args:
        values: what each one holds, not negative.

    Returns:
        Two rows of n + 1 shares from 0 to 1, both beginning with 0.

    Raises:
        ValueError: nobody, something negative, or nothing at all is held.
    """
    held = _held(values)
    shares = np.concatenate(([0.0], np.cumsum(held) / held.sum()))
    return np.linspace(0.0, 1.0, len(held) + 1), shares


def gini(values: Sequence[float]) -> float:
    """Gini's coefficient: twice the area between the Lorenz curve and equality (Sen, 1973, form for sorted values).

    G = sum_i (2 i - n - 1) x_i / (n sum_i x_i), with x sorted upwards and i from 1 to n.

    Args:
        values: what each one holds, not negative.

    Returns:
        0 where all hold the same, to 1 - 1/n where one holds everything; 0 too where nobody holds anything.

    Raises:
        ValueError: nobody, or something negative.
    """
    if not any(values) and len(values):
        return 0.0
    held = _held(values)
    n = len(held)
    return float(np.dot(2 * np.arange(1, n + 1) - n - 1, held) / (n * held.sum()))


def top_share(values: Sequence[float], top: float = 0.1) -> float:
    """What the richest part holds of the whole, read off the Lorenz curve.

    Args:
        values: what each one holds, not negative.
        top: the part of the population, 0 to 1.

    Raises:
        ValueError: as for `lorenz`, or a `top` that is no share.
    """
    if not 0 < top <= 1:
        raise ValueError(f"top must be above 0 and at most 1, not {top}")
    people, shares = lorenz(values)
    return float(1 - np.interp(1 - top, people, shares))


def _held(values: Sequence[float]) -> NDArray[np.float64]:
    held = np.sort(np.asarray(values, dtype=np.float64))
    if len(held) == 0:
        raise ValueError("inequality needs at least one holder")
    if held[0] < 0:
        raise ValueError(f"inequality is not defined with negative holdings such as {held[0]}")
    if held[-1] == 0:
        raise ValueError("nobody holds anything, so there are no shares")
    return held


def _column(tables: Tables, column: str) -> list[float]:
    return tables["residents"][column].drop_nulls().to_list()


def _gini(tables: Tables, *, of: str) -> Number:
    values = _column(tables, of)
    return gini(values) if values else None


def _top_share(tables: Tables, *, of: str, top: float) -> Number:
    values = _column(tables, of)
    return top_share(values, top) if any(values) else None


INEQUALITY: Final = (
    Measure(
        "gini", "1",
        "Gini coefficient of what residents hold (`of`, a column of `residents`): sum_i (2i - n - 1) x_i / (n sum_i x_i) over values "
        "sorted upwards. 0: all hold the same; 1 - 1/n: one holds everything.",
        "Gini (1912), Variabilità e mutabilità; form of Sen (1973), On Economic Inequality",
        _gini, ("residents",), {"of": "purse"},
    ),
    Measure(
        "top_share", "1",
        "What the richest part (`top`) of the residents holds of the whole, read off the Lorenz curve.",
        "Lorenz (1905), Methods of measuring the concentration of wealth, JASA 9(70)",
        _top_share, ("residents",), {"of": "purse", "top": 0.1},
    ),
)  # fmt: skip
