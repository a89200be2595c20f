"""Where bodies are, and how they walk along the streets. Lengths are centimetres."""

from bisect import bisect_right
from dataclasses import dataclass
from typing import Final

from mqttown_orchestrator.world.plan import Plan
from mqttown_orchestrator.world.state import Body, Walk
from mqttown_orchestrator.world.streets import FAR, Point

__all__ = ["PACE", "Goal", "arrival_tick", "at_door", "corner", "district", "lay_out", "position", "reachable", "spot"]

PACE: Final = 8_400
"""Centimetres a tick: 1.4 m/s, the usual walking speed of adults (Browning et al., 2006)."""

Anchors = list[list[int]]
"""A place on the streets: [node, cm to it], one, or two in the middle of an edge."""


@dataclass(frozen=True, slots=True)
class Goal:
    """Where a walk shall end: in or before a building, or at a point in the open."""

    building: str | None
    point: Point
    anchors: Anchors


def at_door(plan: Plan, building: str) -> Goal:
    """The goal that a building is."""
    house = plan.buildings[building]
    return Goal(building, house.door, [[house.node, house.leg]])


def position(body: Body, tick: int) -> Point:
    """Where a body is at a tick."""
    walk = body.walk
    if walk is None:
        return (body.x, body.y)
    done = (tick - body.began) * PACE
    if done >= walk.marks[-1]:
        return (walk.points[-1][0], walk.points[-1][1])
    leg = bisect_right(walk.marks, done) - 1
    (ax, ay), (bx, by) = walk.points[leg], walk.points[leg + 1]
    here, length = done - walk.marks[leg], walk.marks[leg + 1] - walk.marks[leg]
    return (ax + (bx - ax) * here // length, ay + (by - ay) * here // length)


def spot(body: Body, tick: int) -> Anchors:
    """A body's place on the streets at a tick."""
    walk = body.walk
    if walk is None:
        return body.anchors
    done = (tick - body.began) * PACE
    if done >= walk.marks[-1]:
        return walk.goal
    if not walk.nodes:
        return [
            [node, cm + (end - cm) * done // walk.marks[-1]] for (node, cm), (_, end) in zip(walk.source, walk.goal, strict=True)
        ]
    leg = bisect_right(walk.marks, done) - 1
    here, left = done - walk.marks[leg], walk.marks[leg + 1] - done
    if leg == 0:
        return [[walk.nodes[0], left], *([node, cm + here] for node, cm in walk.source if node != walk.nodes[0])]
    if leg == len(walk.nodes):
        return [[walk.nodes[-1], here], *([node, cm + left] for node, cm in walk.goal if node != walk.nodes[-1])]
    return [[walk.nodes[leg - 1], here], [walk.nodes[leg], left]]


def corner(body: Body, tick: int) -> int:
    """The street node next to a body."""
    anchors = spot(body, tick)
    return anchors[0][0] if len(anchors) == 1 else min((cm, node) for node, cm in anchors)[1]


def district(plan: Plan, body: Body, tick: int) -> str:
    """The district a body is in."""
    if body.building is not None:
        return plan.buildings[body.building].district
    return plan.district_of(corner(body, tick))


def reachable(plan: Plan, body: Body, goal: Goal, tick: int) -> bool:
    """Whether the streets lead there."""
    return _ends(plan, spot(body, tick), goal.anchors) is not None


def lay_out(plan: Plan, body: Body, goal: Goal, tick: int, why: str) -> Walk:
    """The walk from where a body is to a reachable goal."""
    source, start = spot(body, tick), position(body, tick)
    if start == goal.point:
        return Walk(goal.building, why, [], [list(start), list(start)], [0, 0], source, goal.anchors)
    direct = _along_one_edge(source, goal.anchors)
    ends = _ends(plan, source, goal.anchors)
    if direct is not None and (ends is None or direct <= ends[0]):
        return Walk(goal.building, why, [], [list(start), list(goal.point)], [0, direct], source, goal.anchors)
    assert ends is not None, "the caller asks reachable() first"
    length, (first, lead), (last, _) = ends
    nodes = plan.streets.way(first, last)
    left = plan.streets.towards(last, first)
    marks = [0, *(lead + left[first] - left[node] for node in nodes), length]
    points = [list(start), *(list(plan.streets.nodes[node]) for node in nodes), list(goal.point)]
    return Walk(goal.building, why, nodes, points, marks, source, goal.anchors)


def arrival_tick(walk: Walk, began: int) -> int:
    """When a walk ends; at least one tick after it began."""
    return began + max(1, -(-walk.marks[-1] // PACE))


def _along_one_edge(source: Anchors, goal: Anchors) -> int | None:
    """Length of the way between two points in the middle of the same edge."""
    if len(source) == 2 and [node for node, _ in source] == [node for node, _ in goal]:
        return abs(source[0][1] - goal[0][1])
    return None


def _ends(plan: Plan, source: Anchors, goal: Anchors) -> tuple[int, list[int], list[int]] | None:
    """Length of the shortest way, with the anchors where it enters and leaves the streets; ties go to the lowest nodes."""
    best: tuple[int, list[int], list[int]] | None = None
    for out in goal:
        for into in source:
            left = plan.streets.towards(out[0], into[0])
            if left[into[0]] != FAR:
                found = (into[1] + left[into[0]] + out[1], into, out)
                if best is None or found < best:
                    best = found
    return best
