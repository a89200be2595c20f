"""The town as it was built: what doesn't change while it lives, and so is not in the state."""

from bisect import bisect_right
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from mqttown_orchestrator.world.clock import DAY, WEEK, Clock
from mqttown_orchestrator.world.streets import Point, Streets, straight

__all__ = ["Building", "Item", "Job", "Person", "Place", "Plan", "Sale"]

PRIVATE_KINDS: Final = frozenset({"home"})


@dataclass(frozen=True, slots=True)
class Building:
    """A building, or a park. `leg` is the distance from its door to its street node, cm."""

    id: str
    name: str
    kind: str
    district: str
    door: Point
    node: int
    leg: int
    address: str | None

    @property
    def private(self) -> bool:
        """Whether only those who live there may come in as they please."""
        return self.kind in PRIVATE_KINDS


@dataclass(frozen=True, slots=True)
class Item:
    """Something to carry. `restores` maps a need to permille."""

    id: str
    name: str
    price: int
    restores: dict[str, int]
    eat_minutes: int

    @property
    def edible(self) -> bool:
        """Whether it can be eaten or drunk."""
        return self.eat_minutes > 0


@dataclass(frozen=True, slots=True)
class Sale:
    """An item on sale in one place: price in cents, pieces at the start and after a restock."""

    item: str
    price: int
    stock: int
    daily_stock: int


@dataclass(frozen=True, slots=True)
class Place:
    """Hours, goods and price of a building. `opens` and `closes` are minutes of the day; till and price cents."""

    opens: int
    closes: int
    days: frozenset[int]
    sells: dict[str, Sale]
    claim_price: int | None
    till: int

    def open_at(self, minute_of_week: int) -> bool:
        """Whether it is open; a place that closes at or before it opens is open past midnight."""
        weekday, minute = divmod(minute_of_week, DAY)
        if self.opens < self.closes:
            return self.opens <= minute < self.closes and weekday in self.days
        if minute >= self.opens:
            return weekday in self.days
        return minute < self.closes and (weekday - 1) % 7 in self.days


@dataclass(frozen=True, slots=True)
class Job:
    """A job in a building. `start` and `end` are minutes of the day, the wage cents an hour."""

    id: str
    title: str
    building: str
    start: int
    end: int
    days: frozenset[int]
    wage: int


@dataclass(frozen=True, slots=True)
class Person:
    """A resident as written: purse in cents, `wakes` and `sleeps` in minutes of the day."""

    id: str
    name: str
    home: str | None
    job: str | None
    purse: int
    wakes: int
    sleeps: int


@dataclass(frozen=True)
class Plan:
    """The immutable town.

    Attributes:
        districts: names by id, in the order of the compiled town.
        buildings, places, items, jobs, people: by id.
        weather: for each weather the weight, permille, of what follows it.
        tables: what readers of the plan have worked out from it; never changes a result.
    """

    id: str
    content_hash: str
    clock: Clock
    bounds: tuple[int, int, int, int]
    districts: dict[str, str]
    centres: dict[str, Point]
    buildings: dict[str, Building]
    streets: Streets
    items: dict[str, Item]
    places: dict[str, Place]
    jobs: dict[str, Job]
    people: dict[str, Person]
    first_weather: str
    weather: dict[str, dict[str, int]]
    tables: dict[Hashable, Any] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def from_json(cls, town: Mapping[str, Any]) -> "Plan":
        """Read a compiled town (docs/parts.md). The compiler has checked it; a hole here is a KeyError."""
        head, streets = town["town"], town["streets"]
        nodes = [(x, y) for x, y in streets["nodes"]]
        return cls(
            id=head["id"],
            content_hash=town["content_hash"],
            clock=Clock(datetime.fromisoformat(head["start"])),
            bounds=tuple(head["bounds"]),
            districts={district["id"]: district["name"] for district in town["districts"]},
            centres={district["id"]: tuple(district["centre"]) for district in town["districts"]},
            buildings={row["id"]: _building(row, nodes) for row in town["buildings"]},
            streets=Streets(nodes, list(streets["node_district"]), [(a, b, length) for a, b, length in streets["edges"]]),
            items={
                row["id"]: Item(row["id"], row["name"], row["price"], dict(row["restores"]), row["eat_minutes"])
                for row in town["items"]
            },
            places={id_: _place(row) for id_, row in town["places"].items()},
            jobs={
                row["id"]: Job(
                    row["id"], row["title"], row["building"], row["from"], row["to"], frozenset(row["days"]), row["wage"]
                )
                for row in town["jobs"]
            },
            people={
                row["id"]: Person(row["id"], row["name"], row["home"], row["job"], row["purse"], row["wakes"], row["sleeps"])
                for row in town["people"]
            },
            first_weather=town["weather"]["start"],
            weather={name: dict(weights) for name, weights in town["weather"]["change"].items()},
        )

    @cached_property
    def district_ids(self) -> list[str]:
        """Ids of the districts, as `node_district` counts them."""
        return list(self.districts)

    @cached_property
    def _doors(self) -> dict[Point, list[str]]:
        doors: dict[Point, list[str]] = {}
        for building in self.buildings.values():
            doors.setdefault(building.door, []).append(building.id)
        return doors

    def doors_at(self, point: Point) -> list[str]:
        """Buildings that have their door at a point."""
        return self._doors.get(point, [])

    def district_of(self, node: int) -> str:
        """District of a street node."""
        return self.district_ids[self.streets.node_district[node]]

    def is_open(self, building: str, tick: int) -> bool | None:
        """Whether a place is open at a tick; None where there are no hours."""
        place = self.hours.get(building)
        return None if place is None else place.open_at(self.clock.minute_of_week(tick))

    @cached_property
    def hours(self) -> dict[str, Place]:
        """Places with opening hours; a home has none."""
        return {building: place for building, place in self.places.items() if not self.buildings[building].private}

    @cached_property
    def turns(self) -> dict[int, list[tuple[str, bool]]]:
        """Who opens (True) or closes (False) at a minute of the week, in the order of time."""
        found: dict[int, list[tuple[str, bool]]] = {}
        for building, place in self.hours.items():
            for minute in sorted({day * DAY + edge for day in range(7) for edge in (place.opens % DAY, place.closes % DAY)}):
                now = place.open_at(minute)
                if now != place.open_at((minute - 1) % WEEK):
                    found.setdefault(minute, []).append((building, now))
        return dict(sorted(found.items()))

    @cached_property
    def _turn_minutes(self) -> list[int]:
        return list(self.turns)

    def opening(self, tick: int) -> int:
        """A number that stays the same while no place opens or closes."""
        return bisect_right(self._turn_minutes, self.clock.minute_of_week(tick))


def _building(row: Mapping[str, Any], nodes: list[Point]) -> Building:
    door = (row["door"][0], row["door"][1])
    return Building(
        row["id"],
        row["name"],
        row["kind"],
        row["district"],
        door,
        row["node"],
        straight(door, nodes[row["node"]]),
        row.get("address"),
    )


def _place(row: Mapping[str, Any]) -> Place:
    sells = {sale["item"]: Sale(sale["item"], sale["price"], sale["stock"], sale["daily_stock"]) for sale in row["sells"]}
    return Place(row["opens"], row["closes"], frozenset(row["days"]), sells, row["claim_price"], row["till"])
