"""Forks: a town, served or in a run folder, as it was at a tick, to go on from in an experiment."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import orjson

from mqttown_agents.mind import Mind, Thinker, Tier
from mqttown_cli.laboratory.headless import Headless, Leader
from mqttown_cli.laboratory.record import Record
from mqttown_orchestrator.world.digest import digest
from mqttown_orchestrator.world.inputs import ActionInput, Input, from_json
from mqttown_orchestrator.world.plan import Plan
from mqttown_orchestrator.world.turn import Happened

__all__ = ["Fork", "ForkError", "Thoughts"]


ANSWERS: Final = "answers.jsonl"
"""In a fork's folder: what minds with a model were told."""
MODELS: Final = "models.yaml"
"""In a fork's folder: the registry of the models that told them."""


class ForkError(ValueError):
    """A fork can't be made or read; the message says why."""


@dataclass(frozen=True, slots=True)
class Thoughts:
    """What residents who thought with a model were told up to a tick, so that they can be brought to have the same in mind.

    Attributes:
        cast: their ids.
        tier: which kind of model they asked.
        budget: what each might spend, millionths of a unit of money.
        answers: the cassette, a file.
        models: the registry of models, a file.
    """

    cast: list[str]
    tier: Tier
    budget: int
    answers: Path
    models: Path


@dataclass(frozen=True, slots=True)
class Fork:
    """All that the world was given up to a tick.

    Attributes:
        compiled: the compiled town.
        seed: of the town.
        inputs: JSON of the inputs of each tick from 1 on.
        hash: of the state after the last of them.
        origin: where it was taken from, in words.
        thoughts: of minds with a model; None where all lived by routine.
    """

    compiled: dict[str, Any]
    seed: int
    inputs: list[bytes]
    hash: str
    origin: str
    thoughts: Thoughts | None = None

    @property
    def tick(self) -> int:
        """The last tick that was lived."""
        return len(self.inputs)

    def write(self, folder: Path) -> None:
        """Keep it in a folder.

        Raises:
            ForkError: there is something already.
        """
        if folder.exists():
            raise ForkError(f"{folder} is there already; a fork gets a new folder")
        folder.mkdir(parents=True)
        (folder / "town.json").write_bytes(orjson.dumps(self.compiled))
        (folder / "inputs.jsonl").write_bytes(b"".join(line + b"\n" for line in self.inputs))
        about = {"format": 1, "seed": self.seed, "tick": self.tick, "hash": self.hash, "origin": self.origin}
        if (thoughts := self.thoughts) is not None:
            shutil.copyfile(thoughts.answers, folder / ANSWERS)
            shutil.copyfile(thoughts.models, folder / MODELS)
            about["thoughts"] = {"cast": thoughts.cast, "tier": thoughts.tier, "budget": thoughts.budget}
        (folder / "fork.json").write_bytes(orjson.dumps(about, option=orjson.OPT_INDENT_2) + b"\n")

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read what `write` kept.

        Raises:
            ForkError: it is no fork.
        """
        try:
            about = orjson.loads((folder / "fork.json").read_bytes())
            town = orjson.loads((folder / "town.json").read_bytes())
            inputs = (folder / "inputs.jsonl").read_bytes().splitlines()
            thoughts = None
            if (told := about.get("thoughts")) is not None:
                thoughts = Thoughts(**told, answers=folder / ANSWERS, models=folder / MODELS)
            return cls(town, about["seed"], inputs, about["hash"], about["origin"], thoughts)
        except (OSError, orjson.JSONDecodeError, KeyError) as error:
            raise ForkError(f"{folder} is no fork, as `mqttown experiment fork` makes it: {error}") from error

    def revive(
        self,
        record: Record,
        minds: Mapping[str, Mind | Thinker],
        leader: Leader | None = None,
        witnessed: Callable[[Happened], None] = lambda _happened: None,
    ) -> Headless:
        """Live it again: the world by its journaled inputs, and every mind by what it observed, so that it knows what it knew.

        Agents that are no residents of the compiled town have no mind here, and are away from the next tick on.

        Args:
            record: takes in what happens.
            minds: of residents, who have seen nothing yet.
            leader: of minds with a model through what they have lived (`Reliving`).
            witnessed: told what happened in each tick.

        Raises:
            ForkError: the inputs lead to another state than they did.
        """
        headless = Headless(Plan.from_json(self.compiled), minds, self.seed, leader=leader)
        for line in self.inputs:
            inputs = [from_json(plain) for plain in orjson.loads(line)]
            happened = headless.follow(inputs, witnessed)
            record.add(happened, inputs, _told(inputs), None)
        if digest(headless.state) != self.hash:
            raise ForkError(f"the inputs of the fork from {self.origin} lead to another state than they did there")
        return headless


def _told(inputs: Sequence[Input]) -> dict[tuple[str, str], dict[str, Any]]:
    """Actions as the wire had them, as far as the journal of inputs has kept them: without the reasoning."""
    return {
        (entry.agent, entry.id): {"action": entry.verb, "parameters": entry.parameters, "observation_id": entry.cause}
        for entry in inputs
        if isinstance(entry, ActionInput)
    }
