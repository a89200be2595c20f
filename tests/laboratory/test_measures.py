"""Each measure against a known value or an oracle: another formula, another library, a count by hand."""

import math
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("polars", reason="extra research")
pytest.importorskip("scipy", reason="extra research")

import networkx as nx
import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as some

from mqttown_cli.laboratory.experiment import Experiment
from mqttown_cli.laboratory.folder import RunFolder
from mqttown_cli.laboratory.measure import Tables
from mqttown_cli.laboratory.measures import diffusion, economy, inequality, mobility, network, opinion, roles, segregation
from mqttown_cli.laboratory.measures.page import measures_page
from mqttown_cli.laboratory.measures.registry import MEASURES
from mqttown_cli.laboratory.runner import run_experiment

ROOT = Path(__file__).parents[2]
holdings = some.lists(some.integers(0, 10_000), min_size=1, max_size=40).filter(any)


def tables(tick: int = 1440, **rows: list[Mapping[str, Any]]) -> Tables:
    """Tables of a run; each is a list of rows."""
    return Tables(tick, {name: lambda made=made: pl.DataFrame(made, infer_schema_length=None) for name, made in rows.items()})


def people(**columns: list[Any]) -> list[Mapping[str, Any]]:
    """Rows of `residents`: a0, a1, …"""
    return [{"agent": f"a{n}", **dict(zip(columns, row, strict=True))} for n, row in enumerate(zip(*columns.values(), strict=True))]


def heard(*told: tuple[int, str, str | None, str, str, list[str]]) -> list[Mapping[str, Any]]:
    """Rows of `knows`: tick, event, speaker, agent, text, about."""
    names = ("tick", "event", "speaker", "agent", "text", "about")
    return [dict(zip(names, row, strict=True)) for row in told]


def measure(name: str, run: Tables, /, **parameters: Any) -> Any:
    return MEASURES[name](run, **parameters)


@settings(max_examples=100, deadline=None)
@given(holdings)
def test_gini_is_half_the_mean_difference_by_the_mean_and_twice_the_area_over_the_lorenz_curve(values: list[int]) -> None:
    n = len(values)
    difference = sum(abs(one - other) for one, other in product(values, values)) / n**2
    assert inequality.gini(values) == pytest.approx(difference / (2 * sum(values) / n), abs=1e-12)
    people_, shares = inequality.lorenz(values)
    assert inequality.gini(values) == pytest.approx(1 - 2 * np.trapezoid(shares, people_), abs=1e-12)


def test_gini_of_known_distributions() -> None:
    assert inequality.gini([5, 5, 5]) == 0
    assert inequality.gini([0, 0, 0, 1]) == 0.75
    assert inequality.gini([0, 0]) == 0
    exponential = -np.log(1 - (np.arange(100_000) + 0.5) / 100_000)
    assert inequality.gini(exponential.tolist()) == pytest.approx(0.5, abs=1e-3)  # Drăgulescu & Yakovenko (2001)
    with pytest.raises(ValueError, match="negative"):
        inequality.gini([-1, 2])
    with pytest.raises(ValueError, match="at least one"):
        inequality.gini([])


def test_the_share_of_the_richest_tenth() -> None:
    assert inequality.top_share([1] * 10) == pytest.approx(0.1)
    assert inequality.top_share([0] * 9 + [1]) == pytest.approx(1.0)
    assert measure("top_share", tables(residents=people(purse=[0, 0, 1, 3])), top=0.25) == pytest.approx(0.75)
    assert measure("gini", tables(residents=people(purse=[0, 0, 0, 9]))) == 0.75


def test_employment_counts_who_worked_an_hour_for_pay() -> None:
    def ended(tick: int, agent: str, minutes: int) -> dict[str, Any]:
        return {"tick": tick, "kind": "finished_work", "agent": agent, "data": f'{{"job":"j","minutes":{minutes},"wage":1}}'}

    run = tables(
        10_000,
        residents=people(doing=["working", "idle", "idle", "walking"]),
        events=[ended(100, "a0", 40), ended(9_000, "a1", 30), ended(9_100, "a1", 30), ended(9_500, "a2", 59)],
    )
    assert measure("employment", run) == 0.25  # a0's work was short, a1's two shifts are an hour, a2's lack a minute
    assert measure("employment", run, least=40) == 0.75
    assert measure("employment", run, least=40, window=1001) == 0.5
    assert measure("at_work", run) == 0.25


def test_prices() -> None:
    def bought(tick: int, item: str, quantity: int, price: int) -> dict[str, Any]:
        data = f'{{"item":"{item}","quantity":{quantity},"price":{price}}}'
        return {"tick": tick, "kind": "bought", "agent": "a0", "data": data}

    events = [
        bought(10, "soup", 3, 900),
        bought(20, "bread", 1, 200),
        bought(2_000, "soup", 1, 400),
        bought(2_100, "bread", 9, 900),
    ]
    run = tables(2_880, events=[*events, bought(2_101, "tea", 1, 100)])
    assert measure("mean_price", run) == pytest.approx(1_400 / 11)
    assert measure("mean_price", run, item="soup") == 400
    assert measure("price_index", run) == pytest.approx((400 * 3 + 100 * 1) / (900 + 200))
    assert economy.price_index({"a": 2.0}, {"a": 2.0}, {"a": 7}) == 1
    assert measure("mean_price", tables(10_000, events=events)) is None


def test_customers_and_takings() -> None:
    def bought(tick: int, agent: str, building: str, price: int) -> dict[str, Any]:
        return {"tick": tick, "kind": "bought", "agent": agent, "building": building, "data": f'{{"price":{price}}}'}

    sales = [bought(5, "a0", "shop", 900), bought(1_500, "a0", "cafe", 300), bought(1_600, "a0", "cafe", 200)]
    run = tables(2_880, events=[*sales, bought(2_880, "a1", "shop", 50), {**bought(2_000, "a2", "cafe", 0), "kind": "sold_out"}])
    assert (measure("customers", run), measure("takings", run)) == (2, 550)
    assert (measure("customers", run, building="cafe"), measure("takings", run, building="cafe")) == (1, 500)
    assert (measure("customers", run, building="shop", window=2_880), measure("takings", run, building="bar")) == (2, 0)


def test_networks_of_a_known_graph() -> None:
    club = nx.karate_club_graph()  # Zachary (1977)
    assert network.density(club) == pytest.approx(78 * 2 / (34 * 33))
    assert network.degree(club) == pytest.approx(78 * 2 / 34)
    assert network.clustering(club) == pytest.approx(0.5706, abs=1e-4)
    assert network.modularity(club) == pytest.approx(0.44, abs=0.01)  # weighted; 0.42 without weights is the best there is
    two = nx.Graph([("a", "b"), ("b", "c"), ("a", "c"), ("x", "y"), ("y", "z"), ("x", "z")])
    assert network.modularity(two) == 0.5


def test_networks_from_what_was_heard() -> None:
    told = [("a0", "a1"), ("a1", "a0"), ("a0", "a2"), ("a0", "a2"), ("a0", "gone")]
    knows = heard(*((tick, f"e-{tick}-0", one, other, "hei", []) for tick, (one, other) in enumerate(told)))
    run = tables(4, residents=people(purse=[1, 1, 1, 1]), knows=knows)
    assert measure("density", run) == pytest.approx(3 / 12)
    assert measure("degree", run) == pytest.approx(3 / 4)
    assert measure("reciprocity", run) == pytest.approx(2 / 3)
    assert measure("relationship_density", run) == pytest.approx(1 / 6)
    assert measure("density", run, window=2) == pytest.approx(1 / 12)  # ticks 3 and 4
    assert measure("clustering", run) == 0
    assert network.relation(run).edges["a0", "a2"]["weight"] == 2
    with pytest.raises(ValueError, match="there are heard, paid"):
        measure("density", run, of="liked")
    assert measure("modularity", tables(residents=people(purse=[1]), knows=knows)) is None


def test_networks_of_payments_are_between_residents() -> None:
    def paid(payer: str, payee: str) -> dict[str, Any]:
        return {"tick": 1, "payer": payer, "payee": payee, "cents": 1}

    money = [paid("purse:a0", "purse:a1"), paid("purse:a0", "till:cafe"), paid("treasury", "purse:a0")]
    assert measure("density", tables(residents=people(purse=[1, 1]), money=money), of="paid") == 0.5


NEWS = heard(
    (5, "e-5-0", None, "a0", "the baths close on Friday", []),  # planted
    (9, "e-9-0", "a3", "a4", "good day", []),
    (10, "e-10-0", "a0", "a1", "have you heard?", ["e-5-0"]),
    (10, "e-10-0", "a0", "a2", "have you heard?", ["e-5-0"]),
    (20, "e-20-0", "a1", "a2", "news", ["e-10-0"]),  # a2 knows already
    (30, "e-30-0", "a1", "a3", "news", ["e-10-0"]),
    (30, "e-30-1", "a4", "a5", "nice day", ["e-9-0"]),
)


def test_a_fact_is_followed_through_what_words_are_about() -> None:
    knows = pl.DataFrame(NEWS, infer_schema_length=None)
    learned = diffusion.spread(knows, "e-5-0")
    assert [(one.agent, one.tick, one.teacher) for one in learned] == [
        ("a0", 5, None),
        ("a1", 10, "a0"),
        ("a2", 10, "a0"),
        ("a3", 30, "a1"),
    ]
    assert diffusion.curve(learned, 8, 30)[4:11] == [0, 1 / 8, 1 / 8, 1 / 8, 1 / 8, 1 / 8, 3 / 8]
    assert diffusion.reproduction(learned) == 3 / 4
    assert diffusion.reproduction(learned, before=10) == 2
    assert diffusion.reproduction([]) is None


def test_a_witnessed_source_needs_no_row_of_its_own() -> None:
    told = heard((3, "e-3-0", "a0", "a1", "she fell asleep!", ["e-2-4"]))
    learned = diffusion.spread(pl.DataFrame(told), "e-2-4")
    assert [(one.agent, one.teacher) for one in learned] == [("a0", None), ("a1", "a0")]


def test_diffusion_in_an_experiment() -> None:
    run = tables(30, knows=NEWS, residents=people(purse=[1] * 8))
    assert measure("knowers", run) == measure("knowers", run, fact="baths") == measure("knowers", run, fact="e-5-0") == 4
    assert measure("known", run) == 0.5
    assert measure("half_time", run) == 25
    assert measure("reproduction", run, ripe=21) == 2  # a0 alone has known for 21 ticks
    assert measure("knowers", run, fact="dragons") == 0
    assert measure("known", run, fact="good day") == 3 / 8  # a3 said it, a4 heard it and passed it on


def test_segregation_indices() -> None:
    assert segregation.dissimilarity([10, 0], [0, 10]) == 1
    assert segregation.dissimilarity([5, 5], [10, 10]) == 0
    assert segregation.dissimilarity([30, 10], [10, 30]) == 0.5
    assert segregation.isolation([10, 0], [10, 10]) == 1
    assert segregation.isolation([5, 5], [10, 10]) == 0.5
    assert segregation.information(np.array([[10.0, 0.0], [0.0, 10.0]])) == pytest.approx(1)
    assert segregation.information(np.array([[5.0, 5.0], [9.0, 9.0]])) == pytest.approx(0)
    quarter = -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))
    assert segregation.information(np.array([[3.0, 1.0], [1.0, 3.0]])) == pytest.approx(1 - quarter / math.log(2))


def test_segregation_of_residents() -> None:
    run = tables(
        residents=people(home_district=["n", "n", "s", "s"], district=["n", "n", "n", "s"], x=[0.0, 10.0, 20.0, 99.0], y=[0.0] * 4)
    )
    assert measure("dissimilarity", run) == 0.5
    assert measure("dissimilarity", run, group="s") == 0.5
    assert measure("isolation", run) == pytest.approx(2 / 3)
    assert measure("information", run) == pytest.approx(1 - 0.75 * (-(2 / 3 * math.log2(2 / 3) + 1 / 3 * math.log2(1 / 3))))
    assert measure("like_neighbours", run, radius=10.0) == pytest.approx((1 + 0.5 + 0) / 3)  # the fourth has no neighbour
    with pytest.raises(ValueError, match="there are n, s"):
        measure("isolation", run, group="west")


def test_entropy_of_roles() -> None:
    assert roles.role_entropy([3, 0, 0]) == 0
    assert roles.role_entropy([1, 1, 1, 1]) == 2
    assert measure("role_entropy", tables(residents=people(job=["baker", "baker", "cook", None]))) == pytest.approx(
        0.9183, abs=1e-4
    )
    done = [("a0", "say"), ("a0", "wait"), ("a1", "say"), ("a1", "say")]
    actions = [{"tick": 1400, "agent": agent, "action": verb, "status": "accepted"} for agent, verb in done]
    assert measure("behaviour_entropy", tables(actions=actions)) == 0.5
    refused = [{"tick": 1400, "agent": "a1", "action": "eat", "status": "rejected"}]
    assert measure("behaviour_entropy", tables(actions=actions + refused)) == 0.5


def test_mobility() -> None:
    assert mobility.radius_of_gyration([(0, 0), (2, 0), (0, 2), (2, 2)]) == pytest.approx(math.sqrt(2))
    assert mobility.radius_of_gyration([(5, 5)]) == 0

    def arrived(tick: int, agent: str, building: str | None, x: float) -> dict[str, Any]:
        return {"tick": tick, "kind": "arrived", "agent": agent, "building": building, "data": f'{{"x":{x},"y":0}}'}

    events = [
        arrived(10, "a0", "cafe", 0.0),
        arrived(20, "a0", "office", 6.0),
        arrived(30, "a1", "cafe", 1.0),
        arrived(40, "a1", None, 1.0),
    ]
    run = tables(720, events=events, residents=people(purse=[1, 1, 1, 1]))
    assert measure("gyration", run) == pytest.approx(1.5)
    assert measure("visits", run) == 2  # four arrivals of four residents in half a day
    assert measure("places", run) == 0.75
    assert measure("place_entropy", run) == 0.5


def test_mood_is_the_mean_of_needs() -> None:
    run = tables(residents=people(energy=[0.9, 0.3], food=[0.6, 0.3], company=[0.3, 0.0]))
    assert measure("mood", run) == pytest.approx(0.4)
    assert measure("unwell", run) == 0.5


def test_adherence_to_a_norm() -> None:
    def said(tick: int, text: str) -> dict[str, Any]:
        return {"tick": tick, "speaker": "a0", "district": "n", "text": text}

    run = tables(1440 * 2, speech=[said(120, "Hei, you"), said(125, "Rain again"), said(1_050, "Hei"), said(1_090, "Psst")])
    hei = {"table": "speech", "kept": {"text": "Hei"}}
    assert measure("adherence", run, **hei) == 0.5
    assert measure("adherence", run, **hei, occasion={"minute": [1_380, 300]}) == 0.5
    assert measure("adherence", run, **hei, occasion={"district": ["s"]}) is None
    with pytest.raises(ValueError, match="no column 'mood'"):
        measure("adherence", run, **hei, occasion={"mood": 1})


def test_opinions() -> None:
    assert opinion.polarisation([0, 0, 1, 1]) == 1
    assert opinion.polarisation([0.3] * 5) == 0
    values = [0.1, 0.4, 0.9]
    distances = [abs(one - other) for one, other in product(values, values)]
    assert opinion.polarisation(values) == pytest.approx(4 * np.var(distances))
    assert opinion.variance([0, 1]) == 0.25
    with pytest.raises(ValueError, match=r"from 0.0 to 1.0"):
        opinion.polarisation([2])


def test_opinions_are_the_newest_answers() -> None:
    answers = [
        {"tick": tick, "survey": survey, "agent": agent, "number": number, "boolean": yes}
        for tick, survey, agent, number, yes in (
            (1, "tax", "a0", 0.0, None), (2, "tax", "a0", 1.0, None), (2, "tax", "a1", None, False), (3, "art", "a1", 0.7, None),
        )
    ]  # fmt: skip
    run = tables(residents=people(opinion=[0.0, 0.5]), answers=answers)
    assert measure("opinion_mean", run, survey="tax") == 0.5
    assert measure("opinion_variance", run, survey="tax") == 0.25
    assert measure("polarisation", run, survey="tax") == 1
    assert measure("opinion_mean", run) == 0.25
    assert measure("opinion_mean", run, of="belief") is None


def test_a_parameter_that_is_none_is_named() -> None:
    with pytest.raises(TypeError, match="gini has no by; it has of"):
        measure("gini", tables(residents=people(purse=[1])), by="hand")


def test_the_page_is_made_from_the_definitions() -> None:
    page = (ROOT / "docs" / "measures.md").read_text(encoding="utf-8")
    assert page == measures_page(), "run `mqttown measures --write docs/measures.md`"
    assert all(one.name == name and one.unit and one.definition and one.reference and one.needs for name, one in MEASURES.items())


def test_all_measures_of_a_town_are_recounted_from_its_run_folder(tmp_path: Path) -> None:
    plain = {
        "name": "everything", "time_limit": 360, "parameters": {"town": str(ROOT / "tests" / "towns" / "tiny.json")},
        "metrics": [*MEASURES, {"measure": "opinion_mean", "as": "mean mood", "survey": "mood"}], "metrics_every": 120,
        "setup": [{"do": "plant", "agent": "aino", "text": "The lantern burns blue again."}],
        "surveys": [{"every": 120, "name": "mood", "ask": "mood"}],
    }  # fmt: skip
    run_experiment(Experiment.of(plain), tmp_path / "everything")
    folder = RunFolder(tmp_path / "everything")
    measured = folder.table("model_vars")
    assert measured["Step"].to_list() == [0, 120, 240, 360]
    for row in measured.iter_rows(named=True):
        again = recounted(folder, row["Step"])
        assert {name: one(again) for name, one in MEASURES.items()} == {name: row[name] for name in MEASURES}
        assert MEASURES["opinion_mean"](again, survey="mood") == row["mean mood"]
    told = measured.row(-1, named=True)
    assert 0 < told["mean mood"] < 1
    assert told["knowers"] > 1
    assert 0 < told["mood"] < 1
    undefined = {name for name in MEASURES if told[name] is None}
    assert undefined <= {"opinion_mean", "opinion_variance", "polarisation", "mean_price", "price_index", "half_time"}


def recounted(folder: RunFolder, step: int) -> Tables:
    """The tables of a folder's one run as they were at a step."""
    residents = folder.table("agent_vars").filter(pl.col("Step") == step).rename({"AgentID": "agent"})
    so_far = {
        name: folder.table(name).filter(pl.col("tick") <= step) for name in folder.names if "tick" in folder.table(name).columns
    }
    so_far |= {"residents": residents, "relations": folder.table("relations")}
    return Tables(step, {name: lambda table=table: table for name, table in so_far.items()})
