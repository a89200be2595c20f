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

__all__ = ["Casting"]


class Casting:
    """Makes minds with a model.

    Args:
        town: compiled.
        seed: of the run.
        tier: which kind of model they ask.
        talk: whether the routine beside them speaks.

    Attributes:
        cast: ids of those who were made.
        prompt_hashes: SHA-256 of each prompt, by name.
    """

    def __init__(self, town: Mapping[str, Any], seed: int, tier: Tier, *, talk: bool) -> None:
        self.cast: list[str] = []
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
            raise ValueError(f"nobody here is called {', '.join(unknown)}; `model_minds` are ids of residents, or `all`")
        self.cast = list(agents)
        made = {}
        for agent in agents:
            known = known_in_town(self._town, people[agent]["home"])
            made[agent] = model_mind(people[agent], known, self._told, self._seed, talk=self._talk)
        return dict(made)

    def models(self, file: str | None) -> Path:
        """The registry of models."""
        return content_folder() / "models" / "models.yaml" if file is None else Path(file)

    def tape(self, folder: Path, residents: int) -> Path:
        """The file of this run's answers: one for each seed and cast."""
        folder.mkdir(parents=True, exist_ok=True)
        what = json.dumps([self._town["content_hash"], residents, self.cast, self._told["tier"], self._talk])
        return folder / f"{self._seed}-{hashlib.sha256(what.encode()).hexdigest()[:12]}.jsonl"
