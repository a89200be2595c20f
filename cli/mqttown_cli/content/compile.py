"""The compiled town: one checked, complete value that services read instead of YAML (see docs/parts.md)."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from mqttown_cli.content.check import checked
from mqttown_cli.content.crowd import make_crowd
from mqttown_cli.content.hours import days, minute
from mqttown_cli.content.load import Content, find_town, load
from mqttown_cli.content.models import Job, Person
from mqttown_cli.content.problem import ContentError
from mqttown_cli.content.trade import place_json, trade_of

__all__ = ["FORMAT", "compile_content", "compile_town", "content_hash", "find_town"]

FORMAT: Final = 1
"""Version of the compiled town."""


def compile_town(town_dir: Path, residents: int, seed: int) -> dict[str, Any]:
    """Compile a town's folder. The same folder, number and seed give the same town in every process.

    Args:
        town_dir: folder with the YAML files and the map.
        residents: how many people live there; the written ones first, further ones made from the seed.
        seed: of the town.

    Returns:
        The compiled town of docs/parts.md.

    Raises:
        ContentError: the content has mistakes; it carries all of them.
    """
    return compile_content(checked(load(town_dir)), residents, seed)


def compile_content(content: Content, residents: int, seed: int) -> dict[str, Any]:
    """Compile content that is loaded and checked, as `compile_town` does; content may be compiled more than once.

    Raises:
        ContentError: the content has mistakes.
    """
    if content.problems:
        raise ContentError(content.problems)
    if content.map is None or content.town is None or content.items is None or content.crowd is None or content.weather is None:
        raise AssertionError("a file that can't be read is a problem")
    buildings = content.map["buildings"]
    people, jobs = _written(content, residents)
    made, made_jobs = make_crowd(
        content.crowd,
        buildings,
        {district["id"]: district["name"] for district in content.map["districts"]},
        count=residents - len(people),
        seed=seed,
        taken=[*(person["id"] for person in people), *(job["id"] for job in jobs)],
    )
    prices = {item.id: item.price for item in content.items.items}
    rules = {building["id"]: trade_of(content, building) for building in buildings}
    town = {
        "format": FORMAT,
        "town": {**content.map["town"], **content.town.model_dump()},
        "districts": content.map["districts"],
        "buildings": buildings,
        "streets": content.map["streets"],
        "drawing": content.map["drawing"],
        "items": [item.model_dump() for item in content.items.items],
        "places": {name: place_json(rule, prices) for name, rule in rules.items() if rule is not None},
        "jobs": [*jobs, *made_jobs],
        "people": [*people, *made],
        "prose": {name: list(group.templates) for _, prose in content.prose for name, group in prose.groups.items()},
        "weather": content.weather.model_dump(),
    }
    return {"format": FORMAT, "content_hash": content_hash(town), **{key: value for key, value in town.items() if key != "format"}}


def content_hash(town: dict[str, Any]) -> str:
    """Hash a compiled town: SHA-256, hex, over its canonical JSON (sorted keys, no spaces, UTF-8) without `content_hash`."""
    rest = {key: value for key, value in town.items() if key != "content_hash"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _written(content: Content, residents: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Take the first written people, their relations among each other, and all written jobs."""
    taken: Sequence[Person] = content.people.people[: max(0, residents)] if content.people is not None else []
    ids = {person.id for person in taken}
    people = [_person_json(person, ids) for person in taken]
    return people, [_job_json(job) for job in (content.jobs.jobs if content.jobs is not None else [])]


def _person_json(person: Person, ids: set[str]) -> dict[str, Any]:
    relations = [relation.model_dump(by_alias=True) for relation in person.relations if relation.to in ids]
    times = {"wakes": minute(person.wakes), "sleeps": minute(person.sleeps)}
    profile = {"profile": person.profile.model_dump(exclude_none=True)} if person.profile is not None else {}
    told = {**person.model_dump(exclude={"profile"}), **profile}
    return {**told, "story": person.story.strip(), "relations": relations, **times}


def _job_json(job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "title": job.title,
        "building": job.building,
        "from": minute(job.start),
        "to": minute(job.to),
        "days": days(job.days),
        "wage": job.wage,
    }
