"""What the runner drives: anything that steps as a Mesa model does, and may tell more of itself than that."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from mqttown_cli.laboratory.measure import Tables

__all__ = ["Digested", "Intervened", "Model", "Surveyed", "Tabled"]


@runtime_checkable
class Model(Protocol):
    """A world that steps. It is made as `Class(seed=…, **parameters)`.

    Attributes:
        steps: made so far.
        running: False when it is over by itself.
    """

    steps: int
    running: bool

    def step(self) -> None:
        """Make one step."""


@runtime_checkable
class Tabled(Protocol):
    """A model that tells what happened in it."""

    def tables(self) -> Tables:
        """All so far; a later step does not change what was given."""


@runtime_checkable
class Intervened(Protocol):
    """A model that can be changed from outside."""

    def intervene(self, kind: str, data: Mapping[str, Any], because: str) -> None:
        """Take an intervention in; it happens in the next step.

        Raises:
            ValueError: there is no such intervention, or it can't be done here.
        """


@runtime_checkable
class Surveyed(Protocol):
    """A model whose agents can be asked outside its time."""

    def survey(self, question: Mapping[str, Any], agents: Sequence[str] | None) -> list[dict[str, Any]]:
        """Ask agents (all without it) a question; a row of table `answers` each, without `tick` and `survey`."""


@runtime_checkable
class Digested(Protocol):
    """A model whose state has a hash."""

    def digest(self) -> str:
        """Hash of the state, hexadecimal."""
