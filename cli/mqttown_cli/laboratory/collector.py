"""Reporters of a model of one's own, with Mesa's names: what is collected of model and agents at each step."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import polars as pl

__all__ = ["DataCollector", "reported"]

Reporter = str | Callable[..., Any] | list[Any]


class DataCollector:
    """Collects as Mesa's `DataCollector` does, for models that are no Mesa models.

    Args:
        model_reporters: name to an attribute's name, a function of the model, or `[function, arguments]`.
        agent_reporters: name to an attribute's name, a function of an agent, or `[function, arguments]`.

    Attributes:
        model_reporters, agent_reporters: as given.
        model_vars: name to values, one for each collection.
    """

    def __init__(
        self, model_reporters: Mapping[str, Reporter] | None = None, agent_reporters: Mapping[str, Reporter] | None = None
    ) -> None:
        self.model_reporters = dict(model_reporters or {})
        self.agent_reporters = dict(agent_reporters or {})
        self.model_vars: dict[str, list[Any]] = {name: [] for name in self.model_reporters}
        self._steps: list[int] = []
        self._agent_records: dict[int, list[tuple[Any, ...]]] = {}

    def collect(self, model: Any) -> None:
        """Collect once. `model` has `steps`, and `agents` if agents are reported of."""
        self._steps.append(model.steps)
        for name, reporter in self.model_reporters.items():
            self.model_vars[name].append(reported(reporter, model))
        if self.agent_reporters:
            reporters = self.agent_reporters.values()
            self._agent_records[model.steps] = [
                (model.steps, agent.unique_id, *(reported(reporter, agent) for reporter in reporters)) for agent in model.agents
            ]

    def get_model_vars_dataframe(self) -> pl.DataFrame:
        """A row for each collection: `Step` and the model's reporters."""
        return pl.DataFrame({"Step": self._steps, **self.model_vars})

    def get_agent_vars_dataframe(self) -> pl.DataFrame:
        """A row for each agent and collection: `Step`, `AgentID` and the agents' reporters."""
        return pl.DataFrame(list(self._rows()), schema=["Step", "AgentID", *self.agent_reporters], orient="row")

    def _rows(self) -> Iterable[tuple[Any, ...]]:
        for rows in self._agent_records.values():
            yield from rows


def reported(reporter: Reporter, subject: Any) -> Any:
    """What a reporter says of a model or an agent."""
    if isinstance(reporter, str):
        return getattr(subject, reporter, None)
    if isinstance(reporter, list):
        return reporter[0](*reporter[1])
    return reporter(subject)
