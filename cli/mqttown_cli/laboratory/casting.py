"""Who thinks with a model in an experiment, with which prompts and models, and where their answers are recorded."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mqttown_agents.mind import Thinker, Tier
from mqttown_agents.model.cast import model_mind
from mqttown_agents.population import known_in_town
from mqttown_cli.content.load import content_folder
from mqttown_runtime.casting import told_of_models

__all__ = ["Casting", "cast_of", "models_file", "tape_of"]


class Casting:
    """Makes minds with a model.

    Args:
        town: compiled.
        seed: of the run.
        tier: which kind of model they ask.
        talk: whether the routine beside them speaks.

    Attributes:
        prompt_hashes: SHA-256 of each prompt, by name.
    """

    def __init__(self, town: Mapping[str, Any], seed: int, tier: Tier, *, talk: bool) -> None:
        self._town, self._seed, self._talk = town, seed, talk
        self._told = {**told_of_models(town, content_folder() / "prompts"), "tier": tier}
        prompts: Mapping[str, str] = self._told["prompts"]
        self.prompt_hashes = {name: hashlib.sha256(source.encode()).hexdigest() for name, source in prompts.items()}

    def minds(self, agents: Sequence[str]) -> dict[str, Thinker]:
        """Their minds.

        Raises:
            ValueError: somebody does not live here.
        """
        people = {person["id"]: person for person in self._town["people"]}
        unknown = [agent for agent in agents if agent not in people]
        if unknown:
            raise ValueError(f"nobody here is called {', '.join(unknown)}; `model_minds` is `all`, or ids with commas between them")
        made = {}
        for agent in agents:
            known = known_in_town(self._town, people[agent]["home"])
            made[agent] = model_mind(people[agent], known, self._told, self._seed, talk=self._talk)
        return dict(made)


def cast_of(model_minds: Sequence[str] | str, residents: Sequence[str]) -> list[str]:
    """Ids of those who think with a model, as `model_minds` says them: `all`, ids with commas between them, or a list."""
    if model_minds == "all":
        return list(residents)
    return [agent.strip() for agent in model_minds.split(",")] if isinstance(model_minds, str) else list(model_minds)


def models_file(file: str | None) -> Path:
    """The registry of models; that of the content if none is said."""
    return content_folder() / "models" / "models.yaml" if file is None else Path(file)


def tape_of(
    folder: str,
    seed: int,
    town: Mapping[str, Any],
    residents: int,
    cast: Sequence[str],
    tier: Tier,
    *,
    talk: bool,
    past: Sequence[Any] = (),
) -> Path:
    """The file of a run's answers: one for each seed and what else decides on what is asked.

    Args:
        folder: the cassette.
        seed: of the run.
        town: compiled.
        residents: how many live there, as the run was asked for.
        cast: who thinks with a model.
        tier: which kind of model.
        talk: whether the routine beside them speaks.
        past: what sets a fork apart.
    """
    what = json.dumps([town["content_hash"], residents, list(cast), tier, talk, *past])
    return Path(folder) / f"{seed}-{hashlib.sha256(what.encode()).hexdigest()[:12]}.jsonl"
