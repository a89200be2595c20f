"""Work and prices: who is employed, and what the same goods cost."""

from collections.abc import Iterable, Mapping
from typing import Final

import orjson
import polars as pl

from mqttown_cli.laboratory.measure import Measure, Number, Tables

__all__ = ["ECONOMY", "HOUR", "employment", "price_index", "unit_values"]

HOUR: Final = 60
"""Town minutes of paid work that make somebody employed."""


def employment(worked: Mapping[str, float], residents: Iterable[str], least: float = HOUR) -> float:
    """Employment-to-population ratio (ILO, 19th International Conference of Labour Statisticians, 2013).

    Args:
        worked: paid minutes of each one in the period.
        residents: the population.
        least: minutes that make somebody employed; one hour in the period as ILO has it.

    Returns:
        Share of residents who worked so long, 0 to 1.

    Raises:
        ValueError: there are no residents.
    """
    people = list(residents)
    if not people:
        raise ValueError("employment needs at least one resident")
    return sum(worked.get(agent, 0.0) >= least for agent in people) / len(people)


def unit_values(sales: Iterable[tuple[str, int, int]]) -> dict[str, float]:
    """Mean price paid for a piece of each item, in cents: what was paid by what was bought.

    Args:
        sales: item, pieces, and cents in all, for each sale.
    """
    pieces: dict[str, int] = {}
    cents: dict[str, int] = {}
    for item, quantity, price in sales:
        pieces[item] = pieces.get(item, 0) + quantity
        cents[item] = cents.get(item, 0) + price
    return {item: cents[item] / quantity for item, quantity in pieces.items() if quantity}


def price_index(prices: Mapping[str, float], base: Mapping[str, float], quantities: Mapping[str, float]) -> float:
    """Laspeyres' price index: what the basket of the base period costs now, by what it cost then (ILO CPI manual, 2004).

    P = sum_i p_i q_i / sum_i b_i q_i over items with a price in both periods.

    Args:
        prices: of each item now, cents.
        base: of each item in the base period, cents.
        quantities: the basket: pieces bought in the base period.

    Returns:
        1 where nothing has changed.

    Raises:
        ValueError: no item of the basket has a price in both periods.
    """
    basket = [item for item in quantities if item in prices and item in base]
    then = sum(base[item] * quantities[item] for item in basket)
    if not then:
        raise ValueError("no item of the basket has a price in both periods")
    return sum(prices[item] * quantities[item] for item in basket) / then


def _data(tables: Tables, kind: str, first: int = 0, last: int | None = None) -> list[tuple[str, dict[str, object]]]:
    """Agent and data of the events of one kind, in ticks above `first` and up to `last`."""
    rows = tables["events"].filter(pl.col("kind") == kind, pl.col("tick") > first)
    if last is not None:
        rows = rows.filter(pl.col("tick") <= last)
    return [(agent, orjson.loads(data)) for agent, data in rows.select("agent", "data").iter_rows()]


def _employment(tables: Tables, *, window: int, least: int) -> Number:
    worked: dict[str, float] = {}
    for agent, data in _data(tables, "finished_work", tables.tick - window):
        worked[agent] = worked.get(agent, 0.0) + float(str(data["minutes"]))
    people = tables["residents"]["agent"].to_list()
    return employment(worked, people, least) if people else None


def _at_work(tables: Tables) -> Number:
    doing = tables["residents"]["doing"]
    return int((doing == "working").sum()) / len(doing) if len(doing) else None


def _sales(tables: Tables, first: int, last: int | None = None) -> list[tuple[str, int, int]]:
    return [
        (str(data["item"]), int(str(data["quantity"])), int(str(data["price"]))) for _, data in _data(tables, "bought", first, last)
    ]


def _mean_price(tables: Tables, *, window: int, item: str | None) -> Number:
    sales = [sale for sale in _sales(tables, tables.tick - window) if item in (None, sale[0])]
    pieces = sum(quantity for _, quantity, _ in sales)
    return sum(price for _, _, price in sales) / pieces if pieces else None


def _bought(tables: Tables, building: str | None, window: int) -> pl.DataFrame:
    """Sales of the last ticks, in one building or in all."""
    sales = tables["events"].filter(pl.col("kind") == "bought", pl.col("tick") > tables.tick - window)
    return sales if building is None else sales.filter(pl.col("building") == building)


def _customers(tables: Tables, *, window: int, building: str | None) -> Number:
    return _bought(tables, building, window)["agent"].n_unique()


def _takings(tables: Tables, *, window: int, building: str | None) -> Number:
    return sum(int(orjson.loads(data)["price"]) for data in _bought(tables, building, window)["data"])


def _price_index(tables: Tables, *, window: int, base: int) -> Number:
    then, now = _sales(tables, base - 1, base - 1 + window), _sales(tables, tables.tick - window)
    basket: dict[str, float] = {}
    for item, quantity, _ in then:
        basket[item] = basket.get(item, 0.0) + quantity
    before, after = unit_values(then), unit_values(now)
    return price_index(after, before, basket) if set(before) & set(after) else None


ECONOMY: Final = (
    Measure(
        "employment", "1",
        "Share of residents who did at least `least` minutes of paid work in the last `window` ticks (counted when the work ends).",
        "Employment-to-population ratio; ILO, 19th International Conference of Labour Statisticians (2013), resolution I",
        _employment, ("events", "residents"), {"window": 10_080, "least": HOUR},
    ),
    Measure(
        "at_work", "1", "Share of residents who are working at this moment.", "a headcount; ours", _at_work, ("residents",),
    ),
    Measure(
        "mean_price", "cents",
        "Unit value: cents paid by pieces bought in the last `window` ticks, of one `item` or of all.",
        "ILO et al. (2004), Consumer Price Index Manual, 9.70",
        _mean_price, ("events",), {"window": 1440, "item": None},
    ),
    Measure(
        "customers", "residents", "Different residents who bought something in the last `window` ticks, in one `building` or in any.",
        "a headcount; ours", _customers, ("events",), {"window": 1440, "building": None},
    ),
    Measure(
        "takings", "cents", "What was paid for goods in the last `window` ticks, in one `building` or in all.",
        "retail turnover; Eurostat, Methodology of short-term business statistics (2006)",
        _takings, ("events",), {"window": 1440, "building": None},
    ),
    Measure(
        "price_index", "1",
        "What the basket bought in the `window` ticks from tick `base` on costs at the unit values of the last `window` ticks, by what "
        "it cost then: sum p_i q_i / sum b_i q_i over items bought in both.",
        "Laspeyres (1871); ILO et al. (2004), Consumer Price Index Manual, chapter 1",
        _price_index, ("events",), {"window": 1440, "base": 1},
    ),
)  # fmt: skip
