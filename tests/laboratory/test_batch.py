"""`batch_run` and `DataCollector` give what Mesa's give, for Mesa's models and for ours."""

from typing import Any

import mesa
import pytest
from mesa.batchrunner import batch_run as mesas_batch_run
from mesa.datacollection import DataCollector as MesasDataCollector

from mqttown_cli.laboratory.batch import batch_run
from mqttown_cli.laboratory.collector import DataCollector
from mqttown_cli.laboratory.design import runs_of
from mqttown_cli.laboratory.experiment import Experiment
from mqttown_cli.laboratory.trial import Trial

REPORTERS: dict[str, Any] = {
    "total": lambda model: sum(agent.wealth for agent in model.agents),
    "width": "width",
    "rest": [lambda a, b: a - b, [7, 3]],
}


class Giver(mesa.Agent):  # type: ignore[misc]
    """Gives one coin a step."""

    def __init__(self, model: Any) -> None:
        super().__init__(model)
        self.wealth = 3

    def step(self) -> None:
        if self.wealth:
            self.wealth -= 1
            self.random.choice(list(self.model.agents)).wealth += 1


class Money(mesa.Model):  # type: ignore[misc]
    """A Mesa model, with whichever collector."""

    collector: Any = MesasDataCollector

    def __init__(self, agents: int = 5, width: int = 2, seed: int | None = None) -> None:
        super().__init__(seed=seed)
        self.width = width
        for _ in range(agents):
            Giver(self)
        self.datacollector = self.collector(model_reporters=REPORTERS, agent_reporters={"wealth": "wealth"})
        self.datacollector.collect(self)

    def step(self) -> None:
        self.agents.do("step")
        self.datacollector.collect(self)


class OurMoney(Money):
    """The same, with our collector."""

    collector = DataCollector


@pytest.mark.parametrize("period", [-1, 1, 4])
def test_rows_are_those_of_mesa(period: int) -> None:
    how: dict[str, Any] = {"iterations": 2, "data_collection_period": period, "max_steps": 9, "display_progress": False}
    parameters = {"agents": [3, 5], "width": 4, "seed": 11}
    theirs = mesas_batch_run(Money, parameters, number_processes=1, **how)
    assert batch_run(Money, parameters, **how) == theirs
    assert batch_run(OurMoney, parameters, **how) == theirs
    assert {"RunId", "iteration", "Step", "agents", "width", "total", "AgentID", "wealth"} <= set(theirs[0])


def test_seeds_are_given_by_iteration_where_nobody_says_them() -> None:
    rows = batch_run(Money, {"agents": 4}, iterations=2, max_steps=5, display_progress=False)
    assert {(row["iteration"], row["seed"]) for row in rows} == {(0, 1), (1, 2)}
    again = batch_run(Money, {"agents": 4}, iterations=2, max_steps=5, display_progress=False)
    assert rows == again
    with pytest.raises(ValueError, match="no values"):
        batch_run(Money, {"agents": []}, display_progress=False)


def test_frames_are_rows_for_each_collection() -> None:
    model = OurMoney(agents=2, seed=1)
    model.step()
    assert model.datacollector.get_model_vars_dataframe().columns == ["Step", "total", "width", "rest"]
    agents = model.datacollector.get_agent_vars_dataframe()
    assert agents.columns == ["Step", "AgentID", "wealth"]
    assert agents["wealth"].sum() == 12


def test_an_experiment_file_runs_a_mesa_model() -> None:
    plain = {"name": "mesa", "model": f"{__name__}:Money", "time_limit": 6, "parameters": {"agents": [2, 4]}, "metrics": ["total"]}
    experiment = Experiment.of({**plain, "metrics_every": 3})
    for run in runs_of(experiment):
        outcome = Trial(experiment, run).live()
        assert outcome.tables["model_vars"]["total"].to_list() == [3 * run.parameters["agents"]] * 3
        assert outcome.tables["model_vars"]["Step"].to_list() == [0, 3, 6]
        assert outcome.tables["agent_vars"].columns == ["Step", "agents", "AgentID", "wealth"]
