"""The town's rules of speech and conduct as the operator writes them (`content/rules/`), checked."""

import re
from pathlib import Path
from typing import Annotated, Final, Self

import orjson
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

__all__ = ["Conduct", "Moderation", "Pattern", "Rulebook", "Thresholds", "WordList", "read_rulebook"]

Score = Annotated[int, Field(ge=1, le=100)]
Says = Annotated[str, StringConstraints(min_length=1, max_length=200)]
RuleName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
Word = Annotated[str, StringConstraints(pattern=r"^[^\s*]{2,40}\*?$")]
LETTERS: Final = 4
"""Different letters that a word with `*` at its end has at least."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Thresholds(_Part):
    """From which score on something is done."""

    mask: Score = 40
    hold: Score = 60
    reject: Score = 90

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.mask <= self.hold <= self.reject:
            raise ValueError("mask must not be above hold, and hold not above reject")
        return self


class WordList(_Part):
    """Words of one kind."""

    id: RuleName
    says: Says = Field(description="the rule as a speaker is told it")
    weight: Score = Field(description="points for each word of the list")
    words: Annotated[list[Word], Field(min_length=1)] = Field(description="whole words in any case; `*` at the end for any ending")

    @model_validator(mode="after")
    def _long_enough(self) -> Self:
        short = [word for word in self.words if word.endswith("*") and len(set(word)) <= LETTERS]
        if short:
            raise ValueError(f"{short[0]!r} needs at least {LETTERS} different letters before its *")
        return self


class Pattern(_Part):
    """One regular expression on the plain text: lower case, no accents, no look-alikes, single spaces."""

    id: RuleName
    says: Says = Field(description="the rule as a speaker is told it")
    weight: Score = Field(description="points if it is found")
    pattern: Annotated[str, StringConstraints(min_length=1, max_length=300)] = Field(description="regular expression of Python")
    words: list[Annotated[str, StringConstraints(pattern=r"^[a-z]+$")]] = Field(
        default_factory=list, description="it is only looked for in texts with one of these words"
    )
    signs: Annotated[str, StringConstraints(max_length=40)] = Field(
        default="", description="or with one of these characters; in every text without words and signs"
    )

    @model_validator(mode="after")
    def _compiles(self) -> Self:
        try:
            re.compile(self.pattern)
        except re.error as error:
            raise ValueError(f"is no regular expression: {error}") from error
        return self


class Moderation(_Part):
    """What may be said: `moderation.yaml`."""

    thresholds: Thresholds = Thresholds()
    lists: list[WordList] = Field(default_factory=list)
    patterns: list[Pattern] = Field(default_factory=list)


class Conduct(_Part):
    """From when on conduct is looked at: `conduct.yaml`."""

    flag: Score = Field(default=60, description="from this score on an operator is asked to look")
    quarantine: Score = Field(default=85, description="from this score on the agent is held until one has looked")
    pace_memory: Annotated[int, Field(ge=60, le=86_400)] = Field(
        default=1800, description="seconds over which an agent's own usual pace is learnt"
    )
    words_looked_at: Annotated[int, Field(ge=8, le=256)] = Field(default=24, description="newest sentences that are compared")
    gifts_looked_at: Annotated[int, Field(ge=4, le=256)] = Field(default=24, description="newest gifts within an owner's agents")
    weights: dict[str, Score] = Field(
        default_factory=lambda: {"pace": 40, "sameness": 70, "rhythm": 20, "circling": 90, "reuse": 30},
        description="points at most for each sign",
    )

    @model_validator(mode="after")
    def _known(self) -> Self:
        signs = {"pace", "sameness", "rhythm", "circling", "reuse"}
        if set(self.weights) != signs:
            raise ValueError(f"weights must name {', '.join(sorted(signs))}")
        if self.flag > self.quarantine:
            raise ValueError("flag must not be above quarantine")
        return self


class Rulebook(_Part):
    """All rules, as the command line hands them to the orchestrator."""

    moderation: Moderation = Moderation()
    conduct: Conduct = Conduct()


def read_rulebook(path: Path | None) -> Rulebook:
    """Read the rules; without a file there are none but the built-in thresholds.

    Raises:
        OSError, ValueError: there is no such file, or these are no rules.
    """
    return Rulebook() if path is None else Rulebook.model_validate(orjson.loads(path.read_bytes()))
