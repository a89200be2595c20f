"""Classic models played in the town: judged, journaled, replayed, and in their outcome no different from Mesa's."""

import io
import json
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path
from statistics import fmean

import pytest

pytest.importorskip("polars", reason="extra research")
pytest.importorskip("scipy", reason="extra research")

import networkx as nx
import polars as pl

from mqttown_cli.laboratory.experiment import Experiment
from mqttown_cli.laboratory.folder import RunFolder
from mqttown_cli.laboratory.measures.registry import MEASURES
from mqttown_cli.laboratory.rulekit.boltzmann import Boltzmann
from mqttown_cli.laboratory.rulekit.me import Act, Me
from mqttown_cli.laboratory.rulekit.packs import cell, graph, grid, hall, resident
from mqttown_cli.laboratory.rulekit.played import Played, replayed
from mqttown_cli.laboratory.rulekit.schelling import Schelling
from mqttown_cli.laboratory.rulekit.sir import Sir, final_size, random_edges, transmissibility
from mqttown_cli.laboratory.runner import run_experiment

ROOT = Path(__file__).parents[2]
TINY = ROOT / "tests" / "towns" / "tiny.json"
SMALL = ((Boltzmann, {"agents": 20}), (Schelling, {"width": 6, "height": 6}), (Sir, {"agents": 40}))


def played(make: type[Played], steps: int = 8, **parameters: object) -> Played:
    model = make(**parameters)
    while model.running and model.steps < steps:
        model.step()
    return model


@pytest.mark.parametrize(("make", "parameters"), SMALL, ids=lambda value: getattr(value, "__name__", ""))
def test_a_run_is_its_journal_and_the_same_each_time(make: type[Played], parameters: dict[str, object]) -> None:
    model = played(make, seed=3, **parameters)
    assert model.digest() == replayed(model.pack, 3, model.journal)
    assert model.digest() == played(make, seed=3, **parameters, record=False).digest()
    assert model.digest() != played(make, seed=4, **parameters).digest()
    actions = model.tables()["actions"]
    assert (actions["status"] == "accepted").sum() == model.accepted > 0
    assert (actions["status"] == "rejected").sum() == model.refused
    assert len(model.tables()["ticks"]) == model.state.tick


PROGRAM = """
from mqttown_cli.laboratory.measures.network import clustering, graph, modularity
from mqttown_cli.laboratory.rulekit.schelling import Schelling
from mqttown_cli.laboratory.rulekit.sir import random_edges

model = Schelling(seed=5, width=6, height=6)
for _ in range(3):
    model.step()
network = graph((f"a{one}", f"a{other}") for one, other in random_edges(60, 0.1, 5))
print(model.digest(), repr(modularity(network)), repr(clustering(network)))
"""


def test_the_order_of_sets_does_not_matter() -> None:
    here = io.StringIO()
    with redirect_stdout(here):
        exec(PROGRAM, {})  # with the hash seed of this process
    command = [sys.executable, "-c", PROGRAM]
    there = subprocess.run(command, env={"PYTHONHASHSEED": "1"}, capture_output=True, text=True, check=True).stdout
    assert here.getvalue() == there


def test_whoever_lacks_the_money_is_refused_and_money_stays() -> None:
    model = played(Boltzmann, seed=1, agents=30, steps=40)
    refused = model.tables()["actions"].filter(pl.col("status") == "rejected")
    assert set(refused["code"]) == {"not_possible"}
    assert refused["detail"].str.contains(r"^You have \d+ cents\.$").all()
    assert sum(me.purse for me in model.agents.values()) == 30 * 100


def test_no_town_taxes_a_plain_world() -> None:
    model = played(Boltzmann, 1_500, seed=1, agents=6, lively=0.02, record=False)  # a day is over, and its night
    assert sum(me.purse for me in model.agents.values()) == 6 * 100


def test_schelling_moves_to_free_places_until_all_are_happy() -> None:
    model = Schelling(seed=2, width=8, height=8)
    before = MEASURES["like_neighbours"](model.tables(), of="group", radius=1.5 * 84 / 14)
    while model.running:
        model.step()
    residents = model.tables()["residents"]
    assert residents["building"].is_unique().all()
    assert residents["happy"].all()
    after = MEASURES["like_neighbours"](model.tables(), of="group", radius=1.5 * 84 / 14)
    likeness = [share for me in model.agents.values() if (share := model.likeness(me)) is not None]
    assert after == pytest.approx(fmean(likeness))
    assert after > before
    assert model.refused == 0


def test_nobody_falls_ill_but_of_a_contact_who_was() -> None:
    model = played(Sir, 200, seed=1, agents=80, spread=0.3, ill=2)
    contacts = {(resident(one), resident(other)) for one, other in random_edges(80, 6 / 79, 1)}
    contacts |= {(other, one) for one, other in contacts}
    ill = {resident(0), resident(1)}
    for speaker, agent in model.tables()["knows"].sort("tick", maintain_order=True).select("speaker", "agent").iter_rows():
        assert speaker in ill
        assert (speaker, agent) in contacts
        ill.add(agent)
    assert ill == {agent for agent, me in model.agents.items() if me.memory["state"] != "susceptible"}
    assert MEASURES["share"](model.tables(), of="state", value="recovered") == len(ill) / 80


def test_a_model_on_a_town_of_the_map() -> None:
    class Generous(Played):
        """Whoever sees somebody gives them a cent."""

        def act(self, me: Me) -> Act | None:
            near = [other["id"] for other in me.perceived()["visible_agents"]]
            return me.give(me.choice(near), 1) if near and me.purse else None

    pack = json.loads(TINY.read_text(encoding="utf-8"))
    model = Generous(pack, seed=1)
    for _ in range(120):
        model.step()
    assert model.accepted
    assert model.digest() == replayed(pack, 1, model.journal)


def test_plain_worlds() -> None:
    world = grid(3, 2, [(0, 0), (2, 1)])
    assert [building["id"] for building in world["buildings"]] == [cell(x, y) for y in range(2) for x in range(3)]
    assert len(world["streets"]["edges"]) == 2 * 2 + 3
    assert nx.is_connected(nx.Graph([edge[:2] for edge in world["streets"]["edges"]]))
    assert [relation["with"] for relation in graph(3, [(0, 1), (1, 2)])["people"][1]["relations"]] == ["a0", "a2"]
    assert hall(2)["content_hash"] != hall(3)["content_hash"]
    with pytest.raises(ValueError, match="off a grid of 3 columns"):
        grid(3, 2, [(3, 0)])
    with pytest.raises(ValueError, match="nodes 0 to 2"):
        graph(3, [(1, 1)])


@pytest.mark.parametrize(
    ("name", "metric", "least", "most"),
    [("boltzmann", "gini", 0.25, 0.6), ("schelling", "like_neighbours", 0.65, 0.85), ("sir", "recovered", 0.6, 1.0)],
)
def test_the_experiment_files_in_their_short_form(name: str, metric: str, least: float, most: float, tmp_path: Path) -> None:
    experiment = Experiment.read(ROOT / "content" / "scenarios" / f"{name}.yaml", short=True)
    run_experiment(experiment, tmp_path / name)
    measured = RunFolder(tmp_path / name).table("model_vars").sort("Step")
    first = measured.group_by("RunId", maintain_order=True).first()[metric]
    last = measured.group_by("RunId", maintain_order=True).last()[metric]
    assert all(before < after for before, after in zip(first, last, strict=True))
    assert least < last.mean() < most
    assert len(Experiment.read(ROOT / "content" / "scenarios" / f"{name}.yaml").all_seeds) >= 20


@pytest.mark.parametrize("name", ["boltzmann", "schelling", "sir"])
def test_outcomes_are_distributed_as_with_mesa(name: str) -> None:
    pytest.importorskip("mesa", reason="extra mesa")
    from mqttown_cli.laboratory.rulekit.comparison import CLASSICS, compare  # noqa: PLC0415

    found = compare(CLASSICS[name], 20, short=True)
    assert [(outcome.outcome, outcome.p) for outcome in found.outcomes if not outcome.agrees] == []
    if name == "boltzmann":  # exponential holdings have 1/2 (Drăgulescu & Yakovenko, 2001); n of them (n - 1) / 2n
        assert found.outcomes[0].ours == pytest.approx(99 / 200, abs=0.02)
    if name == "sir":
        reached = final_size(8 * transmissibility(0.1, 0.3), ill=10 / 150)
        assert found.outcomes[0].ours == pytest.approx(reached, abs=0.03)


def test_the_final_size_of_an_epidemic_is_known() -> None:
    assert final_size(2.0, 0.0) == pytest.approx(0.7968, abs=1e-4)  # the textbook's value for R0 = 2
    assert final_size(0.5, 0.0) == pytest.approx(0, abs=1e-9)
    assert transmissibility(0.1, 1.0) == pytest.approx(0.1)  # one step, one chance


def test_the_model_of_the_page_runs_as_it_stands(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "rulekit.md").read_text(encoding="utf-8")
    for language, name in (("python", "voter.py"), ("yaml", "voter.yaml")):
        block = page.partition(f"```{language}\n")[2].partition("```")[0]
        (tmp_path / name).write_text(block, encoding="utf-8")
    experiment = Experiment.read(tmp_path / "voter.yaml")
    manifest = run_experiment(experiment, tmp_path / "run")
    measured = RunFolder(tmp_path / "run").table("model_vars")
    assert measured.filter(pl.col("Step") == 0)["polarisation"].to_list() == [pytest.approx(1)] * len(manifest["runs"])
    over = [run["RunId"] for run in manifest["runs"] if run["ended"] == "over"]
    assert over
    last = measured.filter(pl.col("RunId").is_in(over)).sort("Step").group_by("RunId").last()
    assert set(last["polarisation"]) == {0.0}
