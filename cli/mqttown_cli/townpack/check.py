"""What must hold of a town map beyond its JSON Schema."""

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from mqttown_contract.types import is_id

__all__ = ["problems"]

SHARE: Final = 3
"""No district holds more than one part in so many of the buildings."""


def problems(town_map: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with a map that fits its schema: a sentence each with the place; empty if it is sound."""
    return [*_of_names(town_map), *_of_districts(town_map), *_of_streets(town_map)]


def _of_names(town_map: Mapping[str, Any]) -> list[str]:
    found: list[str] = []
    for group in ("districts", "buildings"):
        entries = town_map[group]
        found.extend(f"{group}: {entry['id']!r} is no id" for entry in entries if not is_id(entry["id"]))
        for key in ("id", "name"):
            counted = Counter(entry[key] for entry in entries)
            found.extend(f"{group}: {count} of them have the {key} {value!r}" for value, count in counted.items() if count > 1)
    return found


def _of_districts(town_map: Mapping[str, Any]) -> list[str]:
    known = {district["id"]: 0 for district in town_map["districts"]}
    found: list[str] = []
    for building in town_map["buildings"]:
        if building["district"] in known:
            known[building["district"]] += 1
        else:
            found.append(f"buildings: {building['id']} is in {building['district']!r}, which is no district")
    largest = len(town_map["buildings"]) // SHARE
    found.extend(f"districts: {district} has no building" for district, count in known.items() if count == 0)
    crowded = [(district, count) for district, count in known.items() if count > largest]
    found.extend(f"districts: {district} has {count} buildings; at most {largest} are allowed" for district, count in crowded)
    return found


def _of_streets(town_map: Mapping[str, Any]) -> list[str]:
    streets = town_map["streets"]
    nodes, edges = streets["nodes"], streets["edges"]
    found: list[str] = []
    if len(streets["node_district"]) != len(nodes):
        found.append(f"streets: {len(nodes)} nodes, but the district of {len(streets['node_district'])}")
    if any(number >= len(town_map["districts"]) for number in streets["node_district"]):
        found.append("streets: a node is in a district that isn't there")
    if any(max(a, b) >= len(nodes) for a, b, _ in edges):
        return [*found, "streets: an edge ends at a node that isn't there"]
    found.extend(
        f"buildings: {building['id']} opens to node {building['node']}, of {len(nodes)}"
        for building in town_map["buildings"]
        if building["node"] >= len(nodes)
    )
    found.extend(f"streets: an edge leads from node {a} to itself" for a, b, _ in edges if a == b)
    pairs = Counter((min(a, b), max(a, b)) for a, b, _ in edges)
    found.extend(f"streets: {count} edges join {pair[0]} and {pair[1]}" for pair, count in pairs.items() if count > 1)
    for a, b, length in edges:
        straight = math.dist(nodes[a], nodes[b])
        if abs(length - straight) > 1:
            found.append(f"streets: edge {a}-{b} is {length} cm long, its ends are {straight:.0f} cm apart")
    unreached = len(nodes) - len(_reached(len(nodes), edges))
    if unreached:
        found.append(f"streets: {unreached} nodes can't be reached from node 0")
    return found


def _reached(nodes: int, edges: list[tuple[int, int, int]]) -> set[int]:
    """Return the nodes that a walker from node 0 can reach."""
    near: list[list[int]] = [[] for _ in range(nodes)]
    for a, b, _ in edges:
        near[a].append(b)
        near[b].append(a)
    reached, waiting = {0}, [0]
    while waiting:
        fresh = [node for node in near[waiting.pop()] if node not in reached]
        reached.update(fresh)
        waiting.extend(fresh)
    return reached
