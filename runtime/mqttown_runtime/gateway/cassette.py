"""The cassette: answers by the hash of their request, so that a run with models can be played again without them."""

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, TextIO

import structlog

from mqttown_runtime.gateway.request import canonical

__all__ = ["Cassette", "CassetteError", "Mode"]

log = structlog.get_logger(__name__)

Mode = Literal["record", "replay", "strict"]


class CassetteError(ValueError):
    """The file can't be used as a cassette; the text says why."""


class Cassette:
    """One JSON line for each answer: `hash`, `agent`, `n`, `answer`.

    The same agent may ask the same thing twice and be told two things, so occurrences are counted: the n-th time gets the n-th
    answer. What was refused or failed is recorded too, so a replay meets the same faults.

    Args:
        file: JSON lines. `record` begins it anew.
        mode: `record` writes, `replay` answers what it knows, `strict` lets nothing else through (see `strict`).

    Attributes:
        missed: requests whose answer was looked for in vain.

    Raises:
        CassetteError: on entering, if there is nothing to replay or a line is none of ours.
    """

    def __init__(self, file: Path, mode: Mode) -> None:
        self.mode = mode
        self.missed = 0
        self._file = file
        self._counts: Counter[tuple[str, str]] = Counter()
        self._known: dict[tuple[str, str, int], Mapping[str, Any]] = {}
        self._out: TextIO | None = None

    @property
    def strict(self) -> bool:
        """Whether a request that is not on the cassette must not go out."""
        return self.mode == "strict"

    def __enter__(self) -> Self:
        """Open the file."""
        if self.mode == "record":
            self._out = self._file.open("w", encoding="utf-8")
            return self
        try:
            lines = self._file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeError) as error:
            raise CassetteError(f"{self._file} can't be replayed: {error}") from error
        for number, line in enumerate(lines, start=1):
            try:
                entry = json.loads(line)
                self._known[entry["agent"], entry["hash"], entry["n"]] = entry["answer"]
            except (ValueError, KeyError, TypeError) as error:
                raise CassetteError(f"{self._file}, line {number} is no answer of a cassette: {error!r}") from error
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        """Close the file."""
        if self._out is not None:
            self._out.close()
            self._out = None

    def occurrence(self, agent: str, request_hash: str) -> int:
        """Count a request of an agent; the first is 0."""
        number = self._counts[agent, request_hash]
        self._counts[agent, request_hash] += 1
        return number

    def find(self, agent: str, request_hash: str, number: int) -> Mapping[str, Any] | None:
        """The recorded answer, if there is one and this is no recording."""
        found = self._known.get((agent, request_hash, number))
        self.missed += found is None
        return found

    def keep(self, agent: str, request_hash: str, number: int, answer: Mapping[str, Any]) -> None:
        """Write an answer down, if this is a recording."""
        if self._out is None:
            return
        entry = {"hash": request_hash, "agent": agent, "n": number, "answer": answer}
        self._out.write(canonical(entry).decode() + "\n")
        self._out.flush()
