"""The experiment file: its parts, its mistakes, its runs."""

from pathlib import Path
from typing import Any

import pytest

from mqttown_cli.laboratory.design import runs_of
from mqttown_cli.laboratory.experiment import Experiment, ExperimentError, seeds_of
from mqttown_cli.laboratory.expression import Expression, ExpressionError

ROOT = Path(__file__).parents[2]


def test_every_combination_is_run_once_with_each_seed() -> None:
    parameters = {"residents": [5, 10], "talk": True, "noise": {"first": 0, "step": 0.5, "last": 1}}
    experiment = Experiment.of(
        {"name": "grid", "time_limit": 9, "repetitions": 2, "parameters": parameters, "exit_condition": "noise > 2"}
    )
    runs = runs_of(experiment)
    assert [run.run_id for run in runs] == list(range(12))
    assert [run.seed for run in runs] == [1] * 6 + [2] * 6
    assert [(run.parameters["residents"], run.parameters["noise"]) for run in runs[:4]] == [(5, 0), (5, 0.5), (5, 1), (10, 0)]


def test_samples_are_run_instead_of_combinations() -> None:
    samples = [{"residents": 7}, {"residents": 9, "talk": False}]
    runs = runs_of(Experiment.of({"name": "some", "time_limit": 9, "parameters": {"talk": True}, "samples": samples}))
    assert [dict(run.parameters) for run in runs] == [{"talk": True, "residents": 7}, {"talk": False, "residents": 9}]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"time_limit": 0}, "time_limit"),
        ({"name": "No Name"}, "small letters"),
        ({"surprise": 1}, "surprise"),
        ({"interventions": [{"do": "close", "building": "x"}]}, "need `at`"),
        ({"interventions": [{"do": "close", "at": "soon"}]}, "a day and a time"),
        ({"interventions": [{"do": "close", "at": 3, "every": 4}]}, "say one of"),
        ({"exit_condition": "__import__('os')"}, "not allowed"),
    ],
)
def test_mistakes_are_told_with_their_place(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(ExperimentError, match=told):
        Experiment.of({"name": "wrong", "time_limit": 5, **wrong})


def test_a_parameter_without_use_is_a_mistake() -> None:
    with pytest.raises(ExperimentError, match="residnets"):
        runs_of(Experiment.of({"name": "typo", "time_limit": 5, "parameters": {"residnets": 5}}))
    with pytest.raises(ExperimentError, match="can't be loaded"):
        runs_of(Experiment.of({"name": "typo", "time_limit": 5, "model": "nowhere:Model"}))


def test_the_short_form_replaces_what_it_names() -> None:
    plain = {"name": "long", "time_limit": 2880, "parameters": {"residents": 500, "talk": True}}
    plain["short"] = {"time_limit": 10, "parameters": {"residents": 9}}
    assert Experiment.of(plain).time_limit == 2880
    short = Experiment.of(plain, short=True)
    assert (short.time_limit, short.parameters) == (10, {"residents": 9, "talk": True})


def test_what_is_said_of_an_experiment_is_no_part_of_its_hash() -> None:
    plain = {"name": "one", "time_limit": 10}
    assert Experiment.of(plain).hash == Experiment.of({**plain, "name": "two", "about": "x", "repetitions": 5}).hash
    assert Experiment.of(plain).hash != Experiment.of({**plain, "time_limit": 11}).hash


def test_seeds() -> None:
    assert seeds_of("3,5,8-10") == [3, 5, 8, 9, 10]
    for wrong in ("", "1-", "a", "1,1", "5-3"):
        with pytest.raises(ExperimentError):
            seeds_of(wrong)


def test_an_expression_knows_numbers_and_nothing_else() -> None:
    assert Expression("0 < share <= 1 and not tick % 60 == 5")({"share": 0.5, "tick": 60})
    assert not Expression("share > 0.5")({"share": None})
    assert Expression("a + 2 * -b // 2 == 0").names == ["a", "b"]
    with pytest.raises(ExpressionError, match="asks for know"):
        Expression("know > 3")({"tick": 1})
    with pytest.raises(ExpressionError, match="worked out"):
        Expression("1 / tick > 0")({"tick": 0})
    for wrong in ("f(1)", "a.b", "a[0]", "lambda: 1", "a is b", "(a", "[1]"):
        with pytest.raises(ExpressionError):
            Expression(wrong)


@pytest.mark.parametrize("file", sorted((ROOT / "content" / "scenarios").glob("*.yaml")), ids=lambda file: file.stem)
def test_the_scenarios_can_be_run(file: Path) -> None:
    for short in (False, True):
        experiment = Experiment.read(file, short=short)
        assert runs_of(experiment)
        assert experiment.about
        assert experiment.reference
    assert len(runs_of(Experiment.read(file))) >= 20
