"""Other names for everybody in the tables of a run, the same in all of them."""

import re
from typing import Final

import polars as pl

__all__ = ["Pseudonyms"]

_OF_OWNERS: Final = ("owner", "tagline")
"""Columns that hold what owners wrote or are called: left empty."""


class Pseudonyms:
    """Gives agents the ids `agent-001`, … and the names `Agent 001`, …, wherever their ids and names stand, in texts too.

    Args:
        agents: table of that name; the order in it numbers them.
    """

    def __init__(self, agents: pl.DataFrame) -> None:
        self._new: dict[str, str] = {}
        known = agents.select("agent", "name").unique("agent", maintain_order=True)
        for number, (agent, name) in enumerate(known.iter_rows(), 1):
            self._new[agent] = f"agent-{number:03}"
            if name:
                self._new.setdefault(name, f"Agent {number:03}")
                self._new.setdefault(name.split()[0], f"Agent {number:03}")
        words = sorted(self._new, key=lambda word: (-len(word), word))
        self._pattern = re.compile(rf"\b(?:{'|'.join(map(re.escape, words))})\b")

    def text(self, text: str | None) -> str | None:
        """A text with the new names in it."""
        return None if text is None else self._pattern.sub(lambda found: self._new[found[0]], text)

    def hide(self, table: pl.DataFrame) -> pl.DataFrame:
        """A table with the new names in it."""
        columns = []
        for name, type_ in table.schema.items():
            if name in _OF_OWNERS:
                columns.append(pl.lit(None, pl.String).alias(name))
            elif type_ == pl.String:
                columns.append(pl.col(name).map_elements(self.text, pl.String))
            elif type_ == pl.List(pl.String):
                columns.append(pl.col(name).map_elements(lambda row: [self.text(entry) for entry in row], pl.List(pl.String)))
        return table.with_columns(columns)
