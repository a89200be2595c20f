"""The town's real loop under loss, delay, crash and partition, seed by seed; and broken on purpose, to see that it is noticed."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from mqttown_cli.bench.command import app
from mqttown_cli.bench.simulation.run import simulate
from mqttown_orchestrator.pipeline import duplicate
from mqttown_orchestrator.public import Public
from mqttown_orchestrator.retrying import Retrying
from mqttown_orchestrator.service import Service
from mqttown_orchestrator.world import judge
from mqttown_orchestrator.world.inputs import Input

TRIED = 60
"""A broken town must be noticed within so many seeds."""


def seeds(config: pytest.Config) -> range:
    asked = config.getoption("--seed")
    return range(asked, asked + 1) if asked is not None else range(1, config.getoption("--seeds") + 1)


def test_nothing_is_lost_or_stuck_whatever_the_seed(pytestconfig: pytest.Config, tiny_town: Any) -> None:
    for seed in seeds(pytestconfig):
        outcome = simulate(seed, tiny_town)
        again = f"again: pytest tests/simulation --seed {seed}"
        assert outcome.problems == [], "\n".join([*outcome.problems, again])


def test_the_same_seed_is_the_same_run(tiny_town: Any) -> None:
    for seed in (3, 14):
        assert simulate(seed, tiny_town) == simulate(seed, tiny_town)


def test_the_seeds_hold_what_they_promise(tiny_town: Any) -> None:
    outcomes = [simulate(seed, tiny_town) for seed in range(1, 31)]
    assert max(outcome.generations for outcome in outcomes) >= 4
    assert sum(outcome.told["resent"] for outcome in outcomes) > 500
    assert sum(outcome.told["actions"] for outcome in outcomes) > 1500


def noticed(town: Any, word: str) -> bool:
    """Whether some seed's problems have that word."""
    return any(word in problem for seed in range(1, TRIED + 1) for problem in simulate(seed, town).problems)


def test_telling_before_the_commit_is_noticed(tiny_town: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def tick(self: Service) -> None:
        self.pace.ticked()
        happened, written, record = self.step()
        self.town.tick = happened.tick
        self.tell(happened, written)
        await self.journal.append(record)

    monkeypatch.setattr(Service, "tick", tick)
    assert noticed(tiny_town, "before it was durable")
    assert noticed(tiny_town, "nothing_told_is_lost")


def test_forgetting_what_is_decided_is_noticed(tiny_town: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicate, "decided", lambda *_: None)
    monkeypatch.setattr(judge, "recall", lambda *_: None)
    assert noticed(tiny_town, "nothing_happens_twice")


def test_a_seed_that_fails_prints_the_line_that_repeats_it(tiny_town_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicate, "decided", lambda *_: None)
    monkeypatch.setattr(judge, "recall", lambda *_: None)
    told = CliRunner().invoke(app, ["simulate", str(tiny_town_file), "--seeds", "12"])
    assert told.exit_code == 1
    line = re.search(r"^again: mqttown bench (simulate .* --seed (\d+) --seeds 1)$", told.stdout, re.MULTILINE)
    assert line is not None, told.stdout
    again = CliRunner().invoke(app, shlex.split(line[1]))
    assert again.exit_code == 1
    assert f"seed {line[2]}:" in again.stdout
    assert "nothing_happens_twice" in again.stdout


def test_an_unsure_commit_taken_for_a_failed_one_is_noticed(tiny_town: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def append(self: Retrying, record: Any) -> None:
        await self._until_done(lambda: self._journal.append(record))

    monkeypatch.setattr(Retrying, "append", append)
    assert noticed(tiny_town, "took itself for superseded")


def test_a_tick_that_loses_an_input_is_noticed(tiny_town: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Service.step

    def step(self: Service) -> Any:
        for citizen in self.town.citizens:
            for identity in [identity for identity in citizen.undecided if identity.endswith("7")]:
                citizen.undecided[identity].tick = 0
                self.inbox._waiting.pop(citizen.id, None)
        return real(self)

    monkeypatch.setattr(Service, "step", step)
    assert noticed(tiny_town, "every_action_is_answered")


def test_actions_out_of_order_are_noticed(tiny_town: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import mqttown_orchestrator.service as module  # noqa: PLC0415

    real: Callable[..., Any] = module.step

    def step(state: Any, plan: Any, inputs: list[Input], luck: Any) -> Any:
        return real(state, plan, inputs[::-1], luck)

    monkeypatch.setattr(module, "step", step)
    assert noticed(tiny_town, "order_is_kept") or noticed(tiny_town, "can't be replayed")


def test_a_status_that_is_not_put_right_is_noticed(tiny_town: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Public, "again", lambda _self: None)
    assert noticed(tiny_town, "the status that is kept")
