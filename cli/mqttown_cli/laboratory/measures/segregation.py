"""How far groups live apart: dissimilarity, isolation, information, like neighbours."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mqttown_cli.laboratory.measure import Measure, Number, Tables

__all__ = ["SEGREGATION", "counts", "dissimilarity", "information", "isolation", "like_neighbours"]

Counts = NDArray[np.float64]


def counts(units: Iterable[str], groups: Iterable[str]) -> tuple[Counts, list[str]]:
    """People by unit (rows) and group (columns, sorted); and the groups.

    Args:
        units: where each person is: a district, a building.
        groups: what each person is.
    """
    pairs = list(zip(units, groups, strict=True))
    rows, columns = sorted({unit for unit, _ in pairs}), sorted({group for _, group in pairs})
    row, column = {unit: i for i, unit in enumerate(rows)}, {group: i for i, group in enumerate(columns)}
    made = np.zeros((len(rows), len(columns)))
    for unit, group in pairs:
        made[row[unit], column[group]] += 1
    return made, columns


def dissimilarity(group: Sequence[float], others: Sequence[float]) -> float:
    """Share of a group that would have to move for the same mix in every unit (Duncan & Duncan, 1955).

    D = 1/2 sum_i |a_i / A - b_i / B|.

    Args:
        group: its people in each unit.
        others: everybody else in each unit.

    Raises:
        ValueError: one of the two is empty.
    """
    a, b = np.asarray(group, float), np.asarray(others, float)
    if not a.sum() or not b.sum():
        raise ValueError("dissimilarity needs two groups with somebody in each")
    return float(0.5 * np.abs(a / a.sum() - b / b.sum()).sum())


def isolation(group: Sequence[float], totals: Sequence[float]) -> float:
    """Share of its own group in the unit of a group's mean member (Bell, 1954): sum_i (a_i / A)(a_i / t_i).

    Raises:
        ValueError: nobody is in the group.
    """
    a, t = np.asarray(group, float), np.asarray(totals, float)
    if not a.sum():
        raise ValueError("isolation needs somebody in the group")
    there = t > 0
    return float((a[there] / a.sum() * a[there] / t[there]).sum())


def information(table: Counts) -> float:
    """Theil's H: how much less mixed the units are than the town, by entropy (Theil & Finizza, 1971).

    H = sum_i t_i (E - E_i) / (T E): 0 where every unit is as the town, 1 where no unit is mixed.

    Args:
        table: people by unit (rows) and group (columns).

    Raises:
        ValueError: there is one group only.
    """
    from scipy.stats import entropy  # noqa: PLC0415  scipy takes seconds to load, and every worker loads it

    whole = float(entropy(table.sum(axis=0)))
    if whole == 0:
        raise ValueError("information needs two groups with somebody in each")
    inhabited = table[table.sum(axis=1) > 0]
    weights = inhabited.sum(axis=1) / inhabited.sum()
    return float((weights * (whole - entropy(inhabited, axis=1))).sum() / whole)


def like_neighbours(places: Sequence[tuple[float, float]], groups: Sequence[str], radius: float) -> float | None:
    """Mean share of one's neighbours who are of one's own group (Schelling, 1971). Who has no neighbour doesn't count.

    Args:
        places: x and y of each person, metres.
        groups: of each person.
        radius: who is no further than this is a neighbour, metres.

    Returns:
        None if nobody has a neighbour.
    """
    from scipy.spatial import KDTree  # noqa: PLC0415  as above

    if not places:
        return None
    shares = []
    for person, near in enumerate(KDTree(np.asarray(places, float)).query_ball_point(places, radius)):
        others = [other for other in near if other != person]
        if others:
            shares.append(sum(groups[other] == groups[person] for other in others) / len(others))
    return sum(shares) / len(shares) if shares else None


def _table(tables: Tables, of: str, unit: str) -> tuple[Counts, list[str]]:
    rows = tables["residents"].select(unit, of).drop_nulls()
    return counts(rows[unit].cast(str).to_list(), rows[of].cast(str).to_list())


def _group(groups: Sequence[str], group: str | None) -> int:
    if group is None:
        return 0
    if group not in groups:
        raise ValueError(f"there is no group {group!r}; there are {', '.join(groups)}")
    return groups.index(group)


def _dissimilarity(tables: Tables, *, of: str, unit: str, group: str | None) -> Number:
    table, groups = _table(tables, of, unit)
    if len(groups) < 2:
        return None
    one = table[:, _group(groups, group)]
    return dissimilarity(one.tolist(), (table.sum(axis=1) - one).tolist())


def _isolation(tables: Tables, *, of: str, unit: str, group: str | None) -> Number:
    table, groups = _table(tables, of, unit)
    return isolation(table[:, _group(groups, group)].tolist(), table.sum(axis=1).tolist()) if groups else None


def _information(tables: Tables, *, of: str, unit: str) -> Number:
    table, groups = _table(tables, of, unit)
    return information(table) if len(groups) > 1 else None


def _like_neighbours(tables: Tables, *, of: str, radius: float) -> Number:
    rows = tables["residents"].select("x", "y", of).drop_nulls()
    return like_neighbours(rows.select("x", "y").rows(), rows[of].cast(str).to_list(), radius)


_GROUPS: Final = "Groups are the values of column `of` of `residents`"
_UNITS: Mapping[str, str | None] = {"of": "home_district", "unit": "district", "group": None}
SEGREGATION: Final = (
    Measure(
        "dissimilarity", "1",
        f"Share of a `group` that would have to move for the same mix in every `unit`: 1/2 sum_i |a_i/A - b_i/B|. {_GROUPS}; the first "
        "by name if none is said, against all others.",
        "Duncan & Duncan (1955), American Sociological Review 20(2)", _dissimilarity, ("residents",), _UNITS,
    ),
    Measure(
        "isolation", "1",
        f"Share of its own `group` in the `unit` of the group's mean member: sum_i (a_i/A)(a_i/t_i). {_GROUPS}.",
        "Bell (1954), Social Forces 32(4); Massey & Denton (1988), Social Forces 67(2)", _isolation, ("residents",), _UNITS,
    ),
    Measure(
        "information", "1",
        f"Theil's H, how much less mixed the units are than the town: sum_i t_i (E - E_i) / (T E) with entropies E. {_GROUPS}.",
        "Theil & Finizza (1971), J. Mathematical Sociology 1(2); Reardon & Firebaugh (2002), Sociological Methodology 32",
        _information, ("residents",), {"of": "home_district", "unit": "district"},
    ),
    Measure(
        "like_neighbours", "1",
        f"Mean share of those within `radius` metres who are of one's own group; who has no neighbour doesn't count. {_GROUPS}.",
        "Schelling (1971), J. Mathematical Sociology 1(2)", _like_neighbours, ("residents",), {"of": "home_district", "radius": 50.0},
    ),
)  # fmt: skip
