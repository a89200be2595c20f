"""The minds of a town's people, made from its compiled file."""

from collections.abc import Mapping
from typing import Any

from mqttown_agents.haunts import haunts_near_homes
from mqttown_agents.items import items_of
from mqttown_agents.persona import Persona
from mqttown_agents.prose import Prose
from mqttown_agents.routine import Routine
from mqttown_agents.tree import Tree

__all__ = ["routine_minds"]


def routine_minds(town: Mapping[str, Any], seed: int, *, talk: bool = True) -> dict[str, Routine]:
    """A routine mind for everybody in `people` of the compiled town, by agent id.

    Args:
        town: the compiled town.
        seed: of the run.
        talk: whether they speak at all.
    """
    tree, prose, items = Tree(talk=talk), Prose(town["prose"]), items_of(town["items"])
    haunts = haunts_near_homes(town)
    return {
        person["id"]: Routine(Persona.from_person(person), seed, tree, prose, items, haunts.get(person["home"], ()))
        for person in town["people"]
    }
