"""What a measure is: a pure function over the tables of a run, with name, unit, definition and reference."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

__all__ = ["Measure", "Number", "Tables"]

Number = float | int | None


class Tables(Mapping[str, pl.DataFrame]):
    """The tables of one run up to a tick, each made when it is first asked for.

    Args:
        tick: up to which they tell; the last step made.
        makers: how each table is made.
    """

    def __init__(self, tick: int, makers: Mapping[str, Callable[[], pl.DataFrame]]) -> None:
        self.tick = tick
        self._makers = makers
        self._made: dict[str, pl.DataFrame] = {}

    def __getitem__(self, name: str) -> pl.DataFrame:
        """A table, without `RunId`.

        Raises:
            KeyError: the model makes no such table.
        """
        if name not in self._made:
            self._made[name] = self._makers[name]()
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        """Names of the tables."""
        return iter(self._makers)

    def __len__(self) -> int:
        """How many tables there are."""
        return len(self._makers)


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure.

    Attributes:
        name: as experiment files say it, and the name of the column.
        unit: "1" for a ratio, else the unit.
        definition: a sentence or a formula.
        reference: where the definition comes from.
        function: called as `function(tables, **parameters)`; None where it is not defined.
        needs: tables that it reads.
        parameters: names and defaults of what may be chosen.
    """

    name: str
    unit: str
    definition: str
    reference: str
    function: Callable[..., Number]
    needs: tuple[str, ...]
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, tables: Tables, **parameters: Any) -> Number:
        """Take the measure of a run so far.

        Raises:
            TypeError: a parameter that it does not have.
        """
        unknown = sorted(set(parameters) - set(self.parameters))
        if unknown:
            raise TypeError(f"measure {self.name} has no {', '.join(unknown)}; it has {', '.join(self.parameters) or 'none'}")
        return self.function(tables, **{**self.parameters, **parameters})
