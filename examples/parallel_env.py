"""Reinforcement learning's view of the town: an hour in which everybody chooses at random among what is possible."""

import json
import sys
from pathlib import Path

from mqttown_cli.laboratory.choices import CHOICES
from mqttown_cli.laboratory.town_env import TownEnv

TINY = Path(__file__).parents[1] / "tests" / "towns" / "tiny.json"

town = json.loads((Path(sys.argv[1]) if len(sys.argv) > 1 else TINY).read_text(encoding="utf-8"))
env = TownEnv(town, max_cycles=60)
observations, infos = env.reset(seed=7)
earned = dict.fromkeys(env.possible_agents, 0.0)
while env.agents:
    actions = {agent: env.action_space(agent).sample(observations[agent]["action_mask"]) for agent in env.agents}
    observations, rewards, _, _, infos = env.step(actions)
    for agent, reward in rewards.items():
        earned[agent] += reward
for agent, sum_ in earned.items():
    possible = [name for name, choice in zip(CHOICES, infos[agent]["choices"], strict=True) if choice]
    print(f"{agent}: {sum_:+.3f} of comfort; possible now: {', '.join(possible)}")
