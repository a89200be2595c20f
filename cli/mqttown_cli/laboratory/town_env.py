"""A PettingZoo environment over an in-process town: the real rules, no wire, all residents at once."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from pettingzoo import ParallelEnv

from mqttown_cli.bench.rehearsal import Rehearsal
from mqttown_cli.laboratory.choices import CHOICES, FEATURES, Choice, choices, features
from mqttown_orchestrator.world.inputs import ActionInput, TownInput
from mqttown_orchestrator.world.offers import offers
from mqttown_orchestrator.world.perception import perceive
from mqttown_orchestrator.world.turn import Happened

__all__ = ["TownEnv", "comfort"]

Observation = dict[str, Any]
Reward = Callable[[Mapping[str, Any], Mapping[str, Any]], float]


def comfort(before: Mapping[str, Any], after: Mapping[str, Any]) -> float:
    """The default reward: the change of the mean of one's needs, each 0-1."""

    def mean(perceived: Mapping[str, Any]) -> float:
        needs = perceived["self"]["needs"].values()
        return float(sum(needs) / len(needs))

    return mean(after) - mean(before)


class TownEnv(ParallelEnv[str, Observation, int]):
    """One step is one town minute in which everybody acts at once.

    An action is a number: `CHOICES` says what it means. An observation is `{"observation": FEATURES as float32, "action_mask":
    1 for what is possible now}`. `infos[agent]` holds what the wire would tell: `perceived`, `available_actions`, `choices`, and
    `verdict` on the action of this step: None if accepted, else `{"code", "detail"}`.

    Args:
        town: compiled, as `mqttown content` and `compile_town` make it.
        agents: those to be driven; the others live by their routines. Everybody without it.
        max_cycles: town minutes until all are truncated.
        reward: of `perceived` before and after a step.
        seed: of the first episode; each `reset` without a seed begins another one, the same each time.
        talk: whether the others speak.
    """

    metadata: dict[str, Any] = {"name": "mqttown_v1", "render_modes": [], "is_parallelizable": True}  # noqa: RUF012  PettingZoo declares it so

    def __init__(
        self,
        town: Mapping[str, Any],
        *,
        agents: Sequence[str] | None = None,
        max_cycles: int = 1440,
        reward: Reward = comfort,
        seed: int = 1,
        talk: bool = True,
    ) -> None:
        people = [person["id"] for person in town["people"]]
        unknown = sorted(set(agents or ()) - set(people))
        if unknown:
            raise ValueError(f"the town has no {', '.join(unknown)}; it has {', '.join(people)}")
        self.possible_agents = list(people if agents is None else agents)
        self.agents: list[str] = []
        self.max_cycles = max_cycles
        self.render_mode = None
        self._town = town
        self._reward = reward
        self._seed, self._episode, self._talk = seed, 0, talk
        look = spaces.Box(-1.0, 1.0, (len(FEATURES),), np.float32)
        mask = spaces.Box(0, 1, (len(CHOICES),), np.int8)
        self.observation_spaces = {agent: spaces.Dict({"observation": look, "action_mask": mask}) for agent in self.possible_agents}
        self.action_spaces: dict[str, spaces.Space[Any]] = {agent: spaces.Discrete(len(CHOICES)) for agent in self.possible_agents}

    def observation_space(self, agent: str) -> spaces.Space[Any]:
        """The same object each time."""
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> spaces.Space[Any]:
        """The same object each time."""
        return self.action_spaces[agent]

    def reset(
        self,
        seed: int | None = None,
        options: dict[str, Any] | None = None,  # noqa: ARG002  PettingZoo's signature
    ) -> tuple[dict[str, Observation], dict[str, dict[str, Any]]]:
        """Begin an episode at the town's first minute."""
        if seed is not None:
            self._seed, self._episode = seed, 0
        self._rehearsal = Rehearsal(self._town, self._seed * 1_000_003 + self._episode, talk=self._talk)
        self._episode += 1
        for agent in self.possible_agents:
            del self._rehearsal.minds[agent]
        self.agents = list(self.possible_agents)
        self._steps = 0
        self._rehearsal.tick([TownInput("came", agent) for agent in self.agents if agent in self._rehearsal.state.bodies])
        self._look()
        return self._observations(), self._infos({})

    def step(
        self, actions: Mapping[str, int]
    ) -> tuple[dict[str, Observation], dict[str, float], dict[str, bool], dict[str, bool], dict[str, dict[str, Any]]]:
        """One town minute.

        Args:
            actions: by agent; whoever is left out does nothing, which is not the same as `wait`.

        Raises:
            ValueError: an action number that is none.
        """
        self._steps += 1
        chosen = [self._input(agent, int(actions[agent])) for agent in self.agents if agent in actions]
        happened = self._rehearsal.tick([action for action in chosen if action is not None])
        before = self._perceived
        self._look()
        rewards = {agent: self._reward(before[agent], self._perceived[agent]) for agent in self.agents}
        over = self._steps >= self.max_cycles
        terminations = dict.fromkeys(self.agents, False)
        truncations = dict.fromkeys(self.agents, over)
        observations, infos = self._observations(), self._infos(_verdicts(happened))
        for agent, action in zip([agent for agent in self.agents if agent in actions], chosen, strict=True):
            if action is None:
                infos[agent]["verdict"] = {"code": "not_possible", "detail": "this choice is masked here and now"}
        if over:
            self.agents = []
        return observations, rewards, terminations, truncations, infos

    def render(self) -> None:
        """There is nothing to see; `mqttown up` has a page."""

    def close(self) -> None:
        """There is nothing to close."""

    def _input(self, agent: str, number: int) -> ActionInput | None:
        if not 0 <= number < len(CHOICES):
            raise ValueError(f"{agent}: there is no action {number}; there are {len(CHOICES)}")
        choice = self._choices[agent][number]
        return None if choice is None else ActionInput(agent, f"{agent}-{self._steps}", choice[0], choice[1])

    def _look(self) -> None:
        state, plan = self._rehearsal.state, self._rehearsal.plan
        self._perceived = {agent: perceive(state, plan, agent) for agent in self.agents}
        self._offers = {agent: offers(state, plan, agent) for agent in self.agents}
        self._choices: dict[str, list[Choice | None]] = {
            agent: choices(self._perceived[agent], self._offers[agent]) for agent in self.agents
        }

    def _observations(self) -> dict[str, Observation]:
        minute = self._rehearsal.plan.clock.minute_of_day(self._rehearsal.state.tick)
        return {
            agent: {
                "observation": np.array(features(self._perceived[agent], minute), np.float32),
                "action_mask": np.array([choice is not None for choice in self._choices[agent]], np.int8),
            }
            for agent in self.agents
        }

    def _infos(self, verdicts: Mapping[str, dict[str, Any] | None]) -> dict[str, dict[str, Any]]:
        return {
            agent: {
                "perceived": self._perceived[agent],
                "available_actions": self._offers[agent],
                "choices": self._choices[agent],
                "verdict": verdicts.get(agent),
            }
            for agent in self.agents
        }


def _verdicts(happened: Happened) -> dict[str, dict[str, Any] | None]:
    return {
        verdict.agent: None if verdict.refusal is None else {"code": verdict.refusal.code.value, "detail": verdict.refusal.detail}
        for verdict in happened.verdicts
    }
