"""Ways and lengths."""

import networkx as nx
import pytest

from mqttown_orchestrator.world.plan import Plan
from mqttown_orchestrator.world.streets import FAR, Streets, straight


def test_lengths_agree_with_another_library(plan: Plan, tiny_town: dict) -> None:
    graph = nx.Graph()
    for a, b, length in tiny_town["streets"]["edges"]:
        graph.add_edge(a, b, weight=length)
    for goal in range(len(plan.streets.nodes)):
        expected = nx.single_source_dijkstra_path_length(graph, goal)
        assert list(plan.streets.distances(goal)) == [expected[node] for node in range(len(plan.streets.nodes))]


def test_a_way_is_as_long_as_it_says_and_prefers_low_nodes(plan: Plan) -> None:
    way = plan.streets.way(0, 19)
    assert way[0] == 0
    assert way[-1] == 19
    assert plan.streets.way(0, 7) == [0, 1, 2, 7]


def test_lengths_asked_for_one_by_one_are_the_same(plan: Plan, tiny_town: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    streets, nodes = plan.streets, range(len(plan.streets.nodes))
    for near in (1, 3, 600):  # from where all are looked at, hardly ever to always
        monkeypatch.setattr("mqttown_orchestrator.world.streets._NEAR", near)
        edges = [(a, b, length) for a, b, length in tiny_town["streets"]["edges"]]
        fresh = Streets(streets.nodes, streets.node_district, edges)
        for goal in nodes:
            for start in sorted(nodes, key=lambda node: (node * 7 % 5, node)):
                assert fresh.towards(goal, start)[start] == streets.distances(goal)[start]


def test_what_cannot_be_reached_is_far() -> None:
    streets = Streets([(0, 0), (100, 0), (900, 0)], [0, 0, 0], [(0, 1, 100)])
    assert streets.distances(2)[0] == FAR
    assert streets.towards(2, 0)[0] == FAR
    assert streets.distances(0)[1] == 100


@pytest.mark.parametrize(("a", "b", "length"), [((0, 0), (300, 400), 500), ((0, 0), (1, 1), 1)])
def test_straight(a: tuple[int, int], b: tuple[int, int], length: int) -> None:
    assert straight(a, b) == length
