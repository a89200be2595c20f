"""The compiled town: its map ready to be sent, and what each building is."""

import gzip
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, Self

import orjson

from mqttown_dashboard.models import Building, JobView, Stock
from mqttown_dashboard.needs import Meal

__all__ = ["Town"]

CENTIMETRES: Final = 100
"""In a metre; the file counts in centimetres, the API in metres."""
DAY_MINUTES: Final = 1440


@dataclass(slots=True)
class Town:
    """What the dashboard keeps of the compiled town.

    Attributes:
        map_gzip: the answer of `/api/v1/town`, gzip.
        etag: changes with the map.
        buildings: by id, as the map knows them, without their state.
        jobs: what one can work as, in the order of their ids.
        people: the written people's age, home, job title and first goal, by id.
        purses: what they began with, cents, by id.
        beds: who slept when the town began.
        owners: who owned a home when the town began, by its id.
        shelves: what places sold when the town began, by building.
        meals: what can be eaten, by item id.
        start: town time of tick 0.
        weather: at tick 0.
    """

    id: str
    name: str
    map_gzip: bytes
    etag: str
    buildings: dict[str, Building]
    jobs: list[JobView]
    districts: dict[str, str]
    people: dict[str, dict[str, Any]]
    purses: dict[str, int]
    beds: frozenset[str]
    owners: dict[str, str]
    shelves: dict[str, list[Stock]]
    meals: dict[str, Meal]
    start: datetime
    weather: str

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a compiled town.

        Raises:
            OSError: the file can't be read.
            ValueError: it is no compiled town of format 1.
        """
        compiled = orjson.loads(path.read_bytes())
        if not isinstance(compiled, dict) or compiled.get("format") != 1:
            raise ValueError(f"{path} is no compiled town of format 1; `mqttown up` makes one")
        return cls.of(compiled)

    @classmethod
    def of(cls, compiled: dict[str, Any]) -> Self:
        """Out of a compiled town of format 1."""
        drawing = orjson.dumps(_drawing(compiled))
        jobs = {job["id"]: job["title"] for job in compiled["jobs"]}
        land = {name: place["claim_price"] for name, place in compiled["places"].items()}
        start = datetime.fromisoformat(compiled["town"]["start"])
        return cls(
            id=compiled["town"]["id"],
            name=compiled["town"]["name"],
            map_gzip=gzip.compress(drawing, 9, mtime=0),
            etag=f'"{hashlib.sha256(drawing).hexdigest()[:32]}"',
            buildings={
                entry["id"]: _building(entry, land.get(entry["id"]))
                for entry in sorted(compiled["buildings"], key=lambda entry: str(entry["id"]))
            },
            jobs=[_job(entry) for entry in sorted(compiled["jobs"], key=lambda entry: str(entry["id"]))],
            districts={entry["id"]: entry["name"] for entry in compiled["districts"]},
            people={
                entry["id"]: {
                    "age": entry["age"],
                    "home": entry["home"],
                    "job": jobs.get(entry["job"]),
                    "goal": next(iter(entry.get("goals", ())), None),
                }
                for entry in compiled["people"]
            },
            purses={entry["id"]: entry.get("purse", 0) for entry in compiled["people"]},
            beds=frozenset(entry["id"] for entry in compiled["people"] if _sleeps(entry, start.hour * 60 + start.minute)),
            # The first of a home owns it.
            owners={entry["home"]: entry["id"] for entry in reversed(compiled["people"]) if entry["home"] is not None},
            shelves=_shelves(compiled),
            meals={item["id"]: Meal(item["restores"], item["eat_minutes"]) for item in compiled["items"]},
            start=start,
            weather=compiled["weather"]["start"],
        )

    @property
    def drawing(self) -> dict[str, Any]:
        """The map for drawing, as `/api/v1/town` answers it."""
        drawing: dict[str, Any] = orjson.loads(gzip.decompress(self.map_gzip))
        return drawing

    def time_at(self, tick: int) -> str:
        """Local time in the town at `tick`, ISO 8601."""
        return (self.start + timedelta(minutes=tick)).isoformat()


def _sleeps(person: dict[str, Any], minute: int) -> bool:
    """Whether somebody sleeps at a minute of the day, if nothing keeps them awake."""
    asleep = (minute - person["sleeps"]) % DAY_MINUTES < (person["wakes"] - person["sleeps"]) % DAY_MINUTES
    return asleep and person["home"] is not None


def _shelves(compiled: dict[str, Any]) -> dict[str, list[Stock]]:
    names = {item["id"]: item["name"] for item in compiled["items"]}
    shelves = {}
    for building, place in sorted(compiled["places"].items()):
        if place["sells"]:
            shelves[building] = [
                Stock(item=sale["item"], name=names[sale["item"]], stock=sale["stock"], price=sale["price"])
                for sale in place["sells"]
            ]
    return shelves


def _building(entry: dict[str, Any], land_price: int | None) -> Building:
    return Building(
        id=entry["id"],
        name=entry["name"],
        kind=entry["kind"],
        district=entry["district"],
        address=entry.get("address"),
        levels=entry["levels"],
        height=entry["height"] / CENTIMETRES,
        door=(entry["door"][0] / CENTIMETRES, entry["door"][1] / CENTIMETRES),
        land_price=land_price,
    )


def _job(entry: dict[str, Any]) -> JobView:
    begins, ends = (f"{entry[edge] // 60:02}:{entry[edge] % 60:02}" for edge in ("from", "to"))
    told = {name: entry[name] for name in ("id", "title", "building", "days", "wage")}
    return JobView(**told, begins=begins, ends=ends)


def _metres(points: Sequence[Sequence[float]]) -> list[tuple[float, float]]:
    """Decimetres are finer than a screen shows, and make the map a third smaller."""
    return [(round(x / CENTIMETRES, 1), round(y / CENTIMETRES, 1)) for x, y in points]


def _drawing(compiled: dict[str, Any]) -> dict[str, Any]:
    town = compiled["town"]
    number = {entry["id"]: index for index, entry in enumerate(compiled["districts"])}
    return {
        "id": town["id"],
        "name": town["name"],
        "attribution": town["attribution"],
        "timezone": town["timezone"],
        "bounds": [round(edge / CENTIMETRES, 1) for edge in town["bounds"]],
        "districts": [
            {
                "id": entry["id"],
                "name": entry["name"],
                "centre": _metres([entry["centre"]])[0],
                "polygon": _metres(entry["polygon"]),
            }
            for entry in compiled["districts"]
        ],
        "buildings": [
            {
                "id": entry["id"],
                "name": entry["name"],
                "kind": entry["kind"],
                "district": number[entry["district"]],
                "height": round(entry["height"] / CENTIMETRES, 1),
                "door": _metres([entry["door"]])[0],
                "footprint": _metres(entry["footprint"]),
            }
            for entry in compiled["buildings"]
        ],
        "ways": [
            {"kind": way["kind"], "name": way.get("name"), "points": _metres(way["points"])} for way in compiled["drawing"]["ways"]
        ],
        "water": [_metres(polygon) for polygon in compiled["drawing"]["water"]],
        "green": [_metres(polygon) for polygon in compiled["drawing"]["green"]],
    }
