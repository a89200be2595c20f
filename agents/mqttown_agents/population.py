"""The minds of a town's people, made from its compiled file, or from the little of it that one of them needs."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from mqttown_agents.haunts import Haunt, haunts_near_homes
from mqttown_agents.items import items_of
from mqttown_agents.persona import Persona
from mqttown_agents.prose import Prose
from mqttown_agents.routine import Routine
from mqttown_agents.tree import Tree

__all__ = ["known_in_town", "routine_mind", "routine_minds"]


def routine_minds(town: Mapping[str, Any], seed: int, *, talk: bool = True) -> dict[str, Routine]:
    """A routine mind for everybody in `people` of the compiled town, by agent id.

    Args:
        town: the compiled town.
        seed: of the run.
        talk: whether they speak at all.
    """
    tree, prose, items = Tree(talk=talk), Prose.shared(town["prose"]), items_of(town["items"])
    haunts = haunts_near_homes(town)
    return {
        person["id"]: Routine(Persona.from_person(person), seed, tree, prose, items, haunts.get(person["home"], ()))
        for person in town["people"]
    }


def known_in_town(town: Mapping[str, Any], home: str | None) -> dict[str, Any]:
    """What somebody who lives there knows of the town from the start, as JSON: how one talks, what is sold, where one meets.

    Args:
        town: the compiled town.
        home: building id; whoever has none, or one that is not of this town, knows of no place to meet.
    """
    there = home is not None and any(house["id"] == home for house in town["buildings"])
    haunts = haunts_near_homes(town, [home])[home] if there and home is not None else ()
    return {
        "prose": town["prose"],
        "items": town["items"],
        "haunts": [asdict(haunt) | {"days": sorted(haunt.days)} for haunt in haunts],
    }


def routine_mind(person: Mapping[str, Any], known: Mapping[str, Any], seed: int, *, talk: bool = True) -> Routine:
    """The routine mind of one person: the same that `routine_minds` makes.

    Args:
        person: as in `people` of the compiled town.
        known: as `known_in_town` tells.
        seed: of the run.
        talk: whether they speak at all.
    """
    haunts = tuple(Haunt(**{**haunt, "days": frozenset(haunt["days"])}) for haunt in known["haunts"])
    return Routine(
        Persona.from_person(person), seed, Tree(talk=talk), Prose.shared(known["prose"]), items_of(known["items"]), haunts
    )
