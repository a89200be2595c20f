"""The model gateway in process: minds with a model think through it, and a cassette records or replays what they are told."""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from mqttown_agents.mind import Completion, Note, Question, Thinker
from mqttown_cli.laboratory.remembering import Remembering
from mqttown_contract.messages import Thought
from mqttown_runtime.gateway.budget import Budgets, Caps, Holder
from mqttown_runtime.gateway.cassette import Cassette
from mqttown_runtime.gateway.gateway import Gateway, Told
from mqttown_runtime.gateway.ledger import Begun, Call, Ledger
from mqttown_runtime.gateway.registry import read_registry
from mqttown_runtime.gateway.request import Ask

__all__ = ["CassetteMissError", "Mode", "Reliving", "Thinking"]

Mode = Literal["record", "replay", "strict"]


class CassetteMissError(RuntimeError):
    """A strict replay came to a request that was never recorded, so it is another run."""


class _Tally(Ledger):
    """Counts calls instead of writing them into a database."""

    def __init__(self) -> None:
        self.calls: dict[str, int] = {}
        self.cost = 0

    async def begin(self, begun: Begun) -> int:
        """Count a call by how it begins: `open`, or `replayed`."""
        self.calls[begun.state] = self.calls.get(begun.state, 0) + 1
        return 0

    async def end(self, number: int, call: Call) -> None:
        """Add up what it has cost."""
        del number
        self.cost += call.cost


class Thinking:
    """Leads minds with a model to their decisions, one after the other.

    Args:
        models: the registry of models, a YAML file.
        remembering: their memories.
        cassette: file of answers, or None.
        mode: of the cassette; `strict` lets no request out.
        budget: what each agent may spend in a run, millionths of a unit of money.
    """

    def __init__(
        self, models: Path, remembering: Remembering, *, cassette: Path | None = None, mode: Mode = "strict", budget: int = 0
    ) -> None:
        self._registry = read_registry(models)
        self._remembering = remembering
        self._budget = budget
        self._budgets = Budgets(lambda: "run")
        self._tally = _Tally()
        self._cassette = None if cassette is None else Cassette(cassette, mode)
        self._file = cassette
        self._runner = asyncio.Runner()
        self._asked: dict[str, int] = {}

    def __enter__(self) -> Self:
        """Open the cassette.

        Raises:
            CassetteError: there is nothing to replay.
        """
        if self._cassette is not None:
            self._cassette.__enter__()
        self._gateway = self._runner.run(self._made())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Hang up, and close the cassette."""
        self._runner.run(self._gateway.close())
        self._runner.close()
        if self._cassette is not None:
            self._cassette.__exit__(kind, error, trace)

    def decide(self, agent: str, mind: Thinker, observation: Mapping[str, Any]) -> dict[str, Any]:
        """Lead a mind from an observation to its action."""
        deliberation = mind.deliberate(observation)
        told: Any = None
        while True:
            try:
                wish = deliberation.send(told)
            except StopIteration as end:
                action: dict[str, Any] = end.value
                return action
            match wish:
                case Question():
                    told = self._remembering.recall(agent, wish)
                case Note():
                    told = self._remembering.note(agent, wish, observation["tick"])
                case Completion():
                    told = self.think(agent, wish, observation["tick"])

    def think(self, agent: str, wish: Completion, tick: int) -> dict[str, Any]:
        """Ask a model, or the cassette.

        Raises:
            CassetteMissError: the cassette is strict and does not hold this thought.
        """
        self._asked[agent] = self._asked.get(agent, 0) + 1
        number = f"{agent}-t{self._asked[agent]}"
        self._budgets.allow(Holder("agent", agent), Caps(total_money=self._budget))
        tools: Sequence[Mapping[str, Any]] = tuple(wish.tools)
        ask = Ask(agent, number, list(wish.messages), tools, wish.max_tokens, wish.tier, tick)
        thought: Thought = self._runner.run(self._gateway.think(ask))
        if self._cassette is not None and self._cassette.strict and self._cassette.missed:
            raise CassetteMissError(f"{agent} asks at tick {tick} what is not on the cassette {self._file}")
        return thought.model_dump(mode="json")

    def facts(self) -> dict[str, Any]:
        """For the manifest: models, and the cassette. How many calls were made is no part of a run's hash."""
        models = {name: model.name for name, model in self._registry.models.items()}
        tape = self._file is not None and self._file.exists()
        return {
            "models": [{"id": name, "model": model} for name, model in models.items()],
            "registry_version": self._registry.version,
            "cassette": hashlib.sha256(self._file.read_bytes()).hexdigest() if tape and self._file is not None else None,
            "calls": dict(sorted(self._tally.calls.items())),
            "cost": self._tally.cost,
        }

    async def _made(self) -> Gateway:
        return Gateway(self._registry, self._tally, self._budgets, _no_key, _nobody, cassette=self._cassette)


class Reliving:
    """Leads minds through ticks that were lived before.

    Args:
        thinking: over the cassette of that time; None if nobody thought then.
        cast: who thought then, and is told the same again; the others take in what they observe, and begin to think later.
    """

    def __init__(self, thinking: Thinking | None, cast: Sequence[str]) -> None:
        self._thinking = thinking
        self._cast = frozenset(cast)

    def decide(self, agent: str, mind: Thinker, observation: Mapping[str, Any]) -> dict[str, Any] | None:
        """What a mind came to then; None from those who did not think yet."""
        if self._thinking is not None and agent in self._cast:
            return self._thinking.decide(agent, mind, observation)
        mind.overhear(observation)
        return None


async def _no_key(_owner: str, _provider: str) -> str | None:
    """Experiments use the town's own keys, out of the environment."""
    return None


async def _nobody(_told: Told) -> None:
    """Notices of budgets are for owners; here there is none."""
