"""The published results, in their short forms: what each experiment claims of the town holds."""

import json
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from mqttown_cli.laboratory.experiment import Experiment
from mqttown_cli.laboratory.folder import RunFolder
from mqttown_cli.laboratory.gathering import gathering
from mqttown_cli.laboratory.measures.meeting import in_earshot
from mqttown_cli.laboratory.provenance import provenance
from mqttown_cli.laboratory.runner import run_experiment

pytestmark = pytest.mark.slow
SCENARIOS = Path(__file__).parents[2] / "content" / "scenarios"


@pytest.fixture
def scenario(tmp_path: Path) -> Callable[[str], tuple[Experiment, RunFolder]]:
    def run(name: str) -> tuple[Experiment, RunFolder]:
        experiment = Experiment.read(SCENARIOS / f"{name}.yaml", short=True)
        run_experiment(experiment, tmp_path / name)
        return experiment, RunFolder(tmp_path / name)

    return run


def test_news_travels_by_messages_and_by_nothing_else(scenario: Callable[[str], tuple[Experiment, RunFolder]]) -> None:
    experiment, folder = scenario("news")
    talking, silent = (folder.table("model_vars", run_id).row(-1, named=True) for run_id in (0, 1))
    assert talking["know_candidacy"] > 0.2
    assert silent["know_candidacy"] == silent["know_party"] == 1 / 25
    for fact in (experiment.parameters["candidacy"], experiment.parameters["party"]):
        found = provenance(folder.table("knows", 0), fact)
        assert (found.broken(), found.false_knowers) == ({}, {})
        words = folder.table("events", 0).filter(pl.col("data").str.contains(fact, literal=True) & (pl.col("kind") != "intervened"))
        reached = {agent for row in words["witnesses"] for agent in row}
        assert reached == set(found.chains), "all who were there when it was said, and nobody else"
    asked = folder.table("answers", 0).filter(pl.col("survey") == "candidacy")
    assert asked["boolean"].sum() == round(25 * talking["know_candidacy"]), "who is asked says the same as the messages"


def test_relationships_rise_and_equal_a_recount(scenario: Callable[[str], tuple[Experiment, RunFolder]]) -> None:
    _, folder = scenario("relationships")
    for run_id, rises in ((0, True), (1, False)):
        density = folder.table("model_vars", run_id)["acquaintance"].to_list()
        assert all(one <= other for one, other in combinations(density, 2))
        assert (density[-1] > density[0]) == rises
        assert density[-1] == pytest.approx(_recount(folder, run_id))


def _recount(folder: RunFolder, run_id: int) -> float:
    """Density of who knows of whom, from the raw events and the written relations, one by one."""
    knows: dict[str, set[str]] = {agent: set() for agent in folder.table("agents", run_id)["agent"]}
    for agent, other in folder.table("relations", run_id).select("agent", "other").iter_rows():
        knows[agent].add(other)
    for event in folder.table("events", run_id).to_dicts():
        if event["kind"] == "said":
            for hearer in event["witnesses"]:
                if hearer != event["agent"]:
                    knows[hearer].add(event["agent"])
    pairs = list(combinations(knows, 2))
    return sum(other in knows[one] and one in knows[other] for one, other in pairs) / len(pairs)


def test_a_party_is_heard_of_planned_and_held(scenario: Callable[[str], tuple[Experiment, RunFolder]]) -> None:
    experiment, folder = scenario("party")
    party, venue = experiment.parameters["party"], experiment.parameters["venue"]
    rows = {row["agent"]: row for row in gathering(folder, 0, party, venue, 2100, 2120).to_dicts()}
    invited = {agent for agent, row in rows.items() if row["invited"]}
    planned = {agent for agent, row in rows.items() if row["planned"]}
    came = {agent for agent, row in rows.items() if row["came"]}
    assert planned <= invited
    assert {"aino"} < came
    assert len(came & planned) >= 2
    assert len(invited) >= 5
    for agent, row in rows.items():
        assert row["why_not"] or row["came"], agent
        if agent in invited - {"aino"}:
            assert row["invited_by"] in invited
    told = json.loads(folder.table("interventions", 0)["data"][0])
    assert (told["agent"], told["text"]) == ("aino", party)


def test_a_custom_is_taken_up_and_never_lost(scenario: Callable[[str], tuple[Experiment, RunFolder]]) -> None:
    experiment, folder = scenario("custom")
    keepers = folder.table("model_vars", 0)["keepers"].to_list()
    assert all(one <= other for one, other in combinations(keepers, 2))
    assert keepers[-1] > 5
    words = experiment.parameters["words"]
    seeds = {"aino", "arvo", "fatima", "sami", "leena"}
    met: dict[str, set[str]] = {}
    curious: dict[str, Any] = dict(folder.table("agents", 0).select("agent", "curious").iter_rows())
    for row in folder.table("speech", 0).sort("tick", maintain_order=True).to_dicts():
        if row["text"].endswith(f" — {words}"):
            enough = 1 if (curious[row["speaker"]] or 500) >= 700 else 2
            assert row["speaker"] in seeds or len(met.get(row["speaker"], ())) >= enough, "nobody keeps it without having met it"
            for hearer in row["heard_by"]:
                met.setdefault(hearer, set()).add(row["speaker"])


def test_a_custom_begins_in_each_district_alike(scenario: Callable[[str], tuple[Experiment, RunFolder]]) -> None:
    _, folder = scenario("custom-by-density")
    began = [json.loads(data)["agent"] for data in folder.table("interventions", 0)["data"]]
    homes = dict(folder.table("agents", 0).select("agent", "home_district").iter_rows())
    assert {homes[agent] for agent in began} == set(homes.values())
    assert len(began) == len(set(homes.values())), "4 % of a handful is one"
    measured = {row["Step"]: row for row in folder.table("model_vars", 0).to_dicts()}
    assert measured[20]["keepers"] == 0
    assert measured[200]["keepers"] > measured[100]["keepers"] - 1 >= 0
    for step in folder.table("agent_vars", 0).partition_by("Step"):
        met = in_earshot(step).drop_nulls()
        assert measured[step["Step"][0]]["met"] == pytest.approx(met.mean()), "a recount"
