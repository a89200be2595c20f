"""How people move: radius of gyration, visits, and how varied the places are."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import orjson
import polars as pl

from mqttown_cli.laboratory.measure import Measure, Number, Tables

__all__ = ["MOBILITY", "radius_of_gyration"]


def radius_of_gyration(places: Sequence[tuple[float, float]]) -> float:
    """Root mean square distance of the places one was at from their centre (González et al., 2008).

    r_g = sqrt(1/n sum_i |r_i - r_cm|^2).

    Args:
        places: x and y of each visit, metres.

    Raises:
        ValueError: there are none.
    """
    if not len(places):
        raise ValueError("a radius of gyration needs at least one place")
    points = np.asarray(places, float)
    return float(np.sqrt(((points - points.mean(axis=0)) ** 2).sum(axis=1).mean()))


def _arrivals(tables: Tables, window: int | None) -> pl.DataFrame:
    since = -1 if window is None else tables.tick - window
    return tables["events"].filter(pl.col("kind") == "arrived", pl.col("tick") > since).select("agent", "building", "data")


def _gyration(tables: Tables, *, window: int | None) -> Number:
    where: dict[str, list[tuple[float, float]]] = {}
    for agent, _, data in _arrivals(tables, window).iter_rows():
        told = orjson.loads(data)
        where.setdefault(agent, []).append((told["x"], told["y"]))
    return sum(map(radius_of_gyration, where.values())) / len(where) if where else None


def _visits(tables: Tables, *, window: int) -> Number:
    residents, ticks = len(tables["residents"]), min(window, tables.tick)
    return len(_arrivals(tables, window)) / residents / ticks * 1440 if residents and ticks > 0 else None


def _places(tables: Tables, *, window: int | None) -> Number:
    been = _arrivals(tables, window).drop_nulls("building").group_by("agent").agg(pl.col("building").n_unique())
    residents = len(tables["residents"])
    return sum(been["building"].to_list()) / residents if residents else None


def _place_entropy(tables: Tables, *, window: int | None) -> Number:
    from scipy.stats import entropy  # noqa: PLC0415  scipy takes seconds to load, and every worker loads it

    been = _arrivals(tables, window).drop_nulls("building").group_by("agent", "building", maintain_order=True).len()
    bits = [float(entropy(row, base=2)) for row in been.group_by("agent", maintain_order=True).agg("len")["len"].to_list()]
    return sum(bits) / len(bits) if bits else None


_OF: Final = "arrivals in the last `window` ticks, or ever"
MOBILITY: Final = (
    Measure(
        "gyration", "metres",
        f"Radius of gyration sqrt(1/n sum_i |r_i - r_cm|^2) over where somebody arrived, mean over those who did; {_OF}.",
        "González, Hidalgo & Barabási (2008), Nature 453", _gyration, ("events",), {"window": None},
    ),
    Measure(
        "visits", "arrivals a resident and day", "Ends of walks a resident and day, over the last `window` ticks.",
        "trip rate; Axhausen (2007), in Handbook of Transport Modelling", _visits, ("events", "residents"), {"window": 1440},
    ),
    Measure(
        "places", "buildings", f"Mean number of different buildings that a resident came to; {_OF}.",
        "Song et al. (2010), Nature Physics 6, S(t)", _places, ("events", "residents"), {"window": None},
    ),
    Measure(
        "place_entropy", "bits",
        f"Entropy of the share of a resident's arrivals that each building has, mean over residents who arrived; {_OF}.",
        "Song et al. (2010), Science 327, S_unc", _place_entropy, ("events",), {"window": None},
    ),
)  # fmt: skip
