"""The town as a PettingZoo environment: PettingZoo's own tests, and that it is the town's rules which are played."""

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pettingzoo", reason="extra gym")

from pettingzoo.test import parallel_api_test, parallel_seed_test

from mqttown_cli.laboratory.choices import CHOICES, FEATURES
from mqttown_cli.laboratory.town_env import TownEnv

TOWN = json.loads((Path(__file__).parents[1] / "towns" / "tiny.json").read_text(encoding="utf-8"))
ENERGY = FEATURES.index("energy")


def test_pettingzoos_api_test() -> None:
    parallel_api_test(TownEnv(TOWN), num_cycles=200)


def test_pettingzoos_seed_test() -> None:
    parallel_seed_test(lambda: TownEnv(TOWN), num_cycles=100)


def play(env: TownEnv, wanted: str, cycles: int) -> list[Any]:
    """Have everybody choose the same whenever it is possible, and wait otherwise; all steps."""
    number = CHOICES.index(wanted)
    observations, _ = env.reset(seed=3)
    steps = []
    for _ in range(cycles):
        actions = {agent: number if observations[agent]["action_mask"][number] else 0 for agent in env.agents}
        steps.append(env.step(actions))
        observations = steps[-1][0]
    return steps


def test_what_is_possible_is_accepted_and_told() -> None:
    env = TownEnv(TOWN, agents=["otto"], max_cycles=90)
    steps = play(env, "go to place 0", 90)
    verdicts = [info["otto"]["verdict"] for _, _, _, _, info in steps]
    assert verdicts == [None] * 90
    assert any(step[0]["otto"]["observation"][FEATURES.index("walking")] for step in steps)
    assert steps[-1][3] == {"otto": True}
    assert env.agents == []


def test_a_masked_choice_does_nothing_and_says_so() -> None:
    env = TownEnv(TOWN, agents=["otto"])
    observations, _ = env.reset(seed=3)
    masked = int(observations["otto"]["action_mask"].argmin())
    _, _, _, _, infos = env.step({"otto": masked})
    assert infos["otto"]["verdict"]["code"] == "not_possible"
    with pytest.raises(ValueError, match="there are 26"):
        env.step({"otto": 99})


def test_the_others_live_by_their_routines() -> None:
    env = TownEnv(TOWN, agents=["otto"])
    env.reset(seed=3)
    for _ in range(180):
        env.step({"otto": 0})
    assert env._rehearsal.accepted > 20, "the others have acted"
    assert "otto" not in env._rehearsal.minds


def test_the_reward_is_ones_own_to_choose() -> None:
    env = TownEnv(TOWN, reward=lambda before, after: after["self"]["purse"] - before["self"]["purse"])
    env.reset(seed=1)
    _, rewards, _, _, _ = env.step(dict.fromkeys(env.agents, 0))
    assert set(rewards) == set(env.agents)
    with pytest.raises(ValueError, match="no nobody"):
        TownEnv(TOWN, agents=["nobody"])
