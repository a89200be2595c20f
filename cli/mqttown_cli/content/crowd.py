"""Residents beyond the written ones: made from the seed and the content's name lists."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from itertools import accumulate
from typing import Any, Final, TypeVar

from jinja2 import Template

from mqttown_cli.content.hours import DAY, days, span
from mqttown_cli.content.models import Crowd, CrowdJob, Traits
from mqttown_cli.content.prose import environment
from mqttown_cli.townpack.names import slug

__all__ = ["Draw", "make_crowd"]

T = TypeVar("T")

_WORDS: Final = 16
"""Numbers that one digest gives."""
_WORKING_AGE: Final = range(18, 67)
_SHORT_ID: Final = 40
"""Characters of a name that an id keeps, so that a number fits behind it."""
_NEAR: Final = 200
"""A friend is one of so many made before, so that nobody of a large town is everybody's friend."""
_LIKED: Final = ("cafe", "park", "bar", "restaurant", "museum", "civic", "theatre", "shop", "church")
"""Kinds of places that somebody may like."""


class Draw:
    """Numbers of one made resident: counter based (BLAKE2b of seed and number), so that nobody's depend on another's.

    Args:
        seed: of the town.
        number: of the resident.
    """

    def __init__(self, seed: int, number: int) -> None:
        self._key = f"{seed}/{number}/"
        self._block = 0
        self._left: list[int] = []

    def below(self, bound: int) -> int:
        """Draw a whole number from 0 to `bound` - 1."""
        if not self._left:
            digest = blake2b(f"{self._key}{self._block}".encode(), digest_size=4 * _WORDS).digest()
            self._left = [int.from_bytes(digest[at : at + 4], "big") for at in range(0, 4 * _WORDS, 4)]
            self._block += 1
        return self._left.pop() * bound >> 32

    def one(self, options: Sequence[T]) -> T:
        """Draw one of the options."""
        return options[self.below(len(options))]


class _Weighted:
    """Buildings drawn by their floor area, so that a large house holds more people."""

    def __init__(self, buildings: Iterable[Mapping[str, Any]]) -> None:
        self.buildings = list(buildings)
        self._sums = list(accumulate(_floor_area(building) for building in self.buildings))

    def draw(self, draw: Draw) -> Mapping[str, Any]:
        return self.buildings[bisect_right(self._sums, draw.below(self._sums[-1]))]


def _floor_area(building: Mapping[str, Any]) -> int:
    """Square metres over all levels, at least 1 (shoelace formula over the footprint in centimetres)."""
    points: list[list[int]] = building["footprint"]
    doubled = sum(ax * by - bx * ay for (ax, ay), (bx, by) in zip(points, points[1:] + points[:1], strict=True))
    levels: int = building["levels"]
    return max(1, abs(doubled) // 20_000 * max(1, levels))


def make_crowd(
    crowd: Crowd,
    buildings: Sequence[Mapping[str, Any]],
    districts: Mapping[str, str],
    *,
    count: int,
    seed: int,
    taken: Iterable[str],
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Make residents and their jobs.

    Args:
        crowd: what they are made from.
        buildings: of the map, with at least one home.
        districts: id to name.
        count: how many.
        seed: of the town; the n-th resident depends on it and on n alone, but for relations.
        taken: ids of people and jobs that are already used.

    Returns:
        People and jobs as in the compiled town.
    """
    homes = _Weighted(building for building in buildings if building["kind"] == "home")
    maker = _Maker(crowd, buildings, set(taken))
    stories = [_template(story) for story in crowd.stories]
    people = []
    for number in range(count):
        draw = Draw(seed, number)
        home = homes.draw(draw)
        person = maker.person(draw, home)
        title = maker.jobs[person["job"]]["title"] if person["job"] else "between jobs"
        facts = {"first": person["name"].split(" ")[0], "age": person["age"], "title": title, "home": home["name"]}
        person["story"] = draw.one(stories).render(facts, district=districts[home["district"]])
        people.append(person)
    _relate(people, seed)
    return people, list(maker.jobs.values())


@lru_cache(maxsize=64)
def _template(source: str) -> Template:
    return environment().from_string(source)


class _Maker:
    """Makes one resident after the other, with ids and jobs that nobody has yet."""

    def __init__(self, crowd: Crowd, buildings: Sequence[Mapping[str, Any]], taken: set[str]) -> None:
        self._crowd = crowd
        self._taken = taken
        self.jobs: dict[str, dict[str, Any]] = {}
        self._job_ids: dict[tuple[str, str, int], str] = {}
        self._workplaces = {
            kind: _Weighted(building for building in buildings if building["kind"] == kind)
            for kind in sorted({job.kind for job in crowd.jobs})
        }
        self._trades = [job for job in crowd.jobs if self._workplaces[job.kind].buildings]
        self._sums = list(accumulate(job.weight for job in self._trades))

    def person(self, draw: Draw, home: Mapping[str, Any]) -> dict[str, Any]:
        """Make one resident, but for story and relations."""
        crowd = self._crowd
        name = f"{draw.one(crowd.first_names)} {draw.one(crowd.family_names)}"
        age = 18 + draw.below(40) + draw.below(30)
        job = self._job(draw) if age in _WORKING_AGE and draw.below(1000) < crowd.employed else None
        wakes = 330 + 5 * draw.below(30) + 5 * draw.below(18)
        sleeps = wakes + DAY - 450 - 5 * draw.below(19)
        if job is not None:
            wakes, sleeps = _around(job, wakes, sleeps)
        return {
            "id": self._unused(slug(name)[:_SHORT_ID] or "resident"),
            "name": name,
            "age": age,
            "home": home["id"],
            "job": None if job is None else job["id"],
            "purse": 3000 + 100 * draw.below(300),
            "traits": {trait: 150 + draw.below(350) + draw.below(350) for trait in Traits.model_fields},
            "goals": [draw.one(crowd.goals)],
            "likes": sorted({draw.one(_LIKED[:4]), draw.one(_LIKED)}),
            "tagline": draw.one(crowd.taglines),
            "story": "",
            "relations": [],
            "wakes": wakes % DAY,
            "sleeps": sleeps % DAY,
        }

    def _job(self, draw: Draw) -> dict[str, Any] | None:
        """Draw a job; residents of the same place, title and shift share one."""
        if not self._trades:
            return None
        trade = self._trades[bisect_right(self._sums, draw.below(self._sums[-1]))]
        building = self._workplaces[trade.kind].draw(draw)
        number = draw.below(len(trade.shifts))
        key = (building["id"], trade.title, number)
        if key not in self._job_ids:
            self._job_ids[key] = self._unused(f"{slug(trade.title)[:16]}-{building['id']}"[:_SHORT_ID].strip("-"))
            self.jobs[self._job_ids[key]] = _job_json(self._job_ids[key], trade, number, building["id"])
        return self.jobs[self._job_ids[key]]

    def _unused(self, wish: str) -> str:
        name, number = wish, 1
        while name in self._taken:
            number += 1
            name = f"{wish}-{number}"
        self._taken.add(name)
        return name


def _job_json(name: str, trade: CrowdJob, number: int, building: str) -> dict[str, Any]:
    shift = trade.shifts[number]
    begins, ends = span(shift.start, shift.to)
    return {
        "id": name,
        "title": trade.title,
        "building": building,
        "from": begins,
        "to": ends % DAY,
        "days": days(shift.days),
        "wage": trade.wage,
    }


def _around(job: Mapping[str, Any], wakes: int, sleeps: int) -> tuple[int, int]:
    """Move waking and sleeping so that the shift, and the way there and back, lie in between."""
    begins = job["from"]
    ends = job["to"] if job["to"] > begins else job["to"] + DAY
    up = min(wakes, begins - 60)
    if ends + 60 > sleeps or sleeps - up > DAY - 360:
        up = max(up, begins - 240)
        sleeps = max(ends + 60, up + DAY - 480)
    return up, sleeps


def _relate(people: Sequence[dict[str, Any]], seed: int) -> None:
    """Let people know each other: neighbours of a house, colleagues of a place, and a friend from anywhere."""
    at_home: dict[str, int] = {}
    at_work: dict[str, int] = {}
    for number, person in enumerate(people):
        draw = Draw(seed, -number - 1)
        others = [("neighbour", at_home.get(person["home"])), ("colleague", at_work.get(person["job"] or ""))]
        if number:
            others.append(("friend", number - 1 - draw.below(min(number, _NEAR))))
        for kind, other in others:
            if other is not None and all(known["with"] != people[other]["id"] for known in person["relations"]):
                warmth = 350 + draw.below(500) if kind != "friend" else 600 + draw.below(350)
                person["relations"].append({"with": people[other]["id"], "kind": kind, "warmth": warmth})
                people[other]["relations"].append({"with": person["id"], "kind": kind, "warmth": warmth})
        at_home[person["home"]] = number
        if person["job"]:
            at_work[person["job"]] = number
