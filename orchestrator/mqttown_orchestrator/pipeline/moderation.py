"""Stage `moderation`: what others would hear or read, weighed by the rules of the town."""

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from mqttown_contract.errors import Code, Refusal
from mqttown_orchestrator.pipeline.plain import plain, plain_word, unleet
from mqttown_orchestrator.rulebook import PREFIX, Moderation, Pattern

__all__ = ["PASS", "Judgement", "ModerationStage", "refusal_of"]

_CACHED: Final = 8_192
"""Texts whose judgement is kept: the same sentences come again and again."""
_WORDS: Final = re.compile(r"[^\W\d_]+")
_DISGUISED: Final = re.compile(r"[^\W_]*(?:[a-z][0-9@$!|+*]+[a-z]|(?<![\w.,])[0-9@$|+]+[a-z]{2})[\w@$!|+*]*")
_SPELT: Final = re.compile(r"(?<!\w)\w(?:[ .*_-]{1,3}\w(?!\w)){2,}")
_DRAWN: Final = re.compile(r"(.)\1{2,}")
_CHUNK: Final = re.compile(r"\S+")
_MASK: Final = "***"

Action = Literal["pass", "mask", "hold", "reject"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is to be done with a text.

    Attributes:
        score: 0 to 100; the sum over all rules that it breaks.
        rule: id of the gravest rule.
        says: that rule in words.
        text: what may be said instead, if it is masked.
    """

    action: Action
    score: int = 0
    rule: str = ""
    says: str = ""
    text: str | None = None


PASS: Final = Judgement("pass")


@dataclass(frozen=True, slots=True)
class _Finding:
    key: str
    rule: str
    says: str
    weight: int


class ModerationStage:
    """Weighs texts. Every rule that a text breaks adds its weight; thresholds say what follows.

    Args:
        rules: lists, patterns and thresholds.
        words: further words that nobody may say, whole and in any case.
    """

    def __init__(self, rules: Moderation, words: Iterable[str] = ()) -> None:
        self._thresholds = rules.thresholds
        self._words: dict[str, _Finding] = {}
        self._prefixes: dict[str, list[tuple[str, _Finding]]] = {}
        for word in words:
            if key := plain_word(word):
                self._words[key] = _Finding(key, "forbidden-words", "words that insult nobody", 100)
        for listed in rules.lists:
            for word in listed.words:
                key = plain_word(word.rstrip("*"))
                finding = _Finding(key, listed.id, listed.says, listed.weight)
                if word.endswith("*"):
                    self._prefixes.setdefault(key[:PREFIX], []).append((key, finding))
                else:
                    self._words[key] = finding
        self._patterns = [(pattern, re.compile(pattern.pattern)) for pattern in rules.patterns]
        self._triggers = frozenset(word for pattern in rules.patterns for word in pattern.words)
        always = [f"(?:{pattern.pattern})" for pattern in rules.patterns if not pattern.words]
        self._always = re.compile("|".join(always)) if always else None
        self.weigh = functools.lru_cache(_CACHED)(self._weigh)

    def _weigh(self, text: str) -> Judgement:
        """Judge one text."""
        folded = plain(text)
        findings = self._listed(folded) | self._matched(folded)
        if not findings:
            return PASS
        score = min(100, sum(finding.weight for finding in findings.values()))
        gravest = max(findings.values(), key=lambda finding: (finding.weight, finding.key))
        limits = self._thresholds
        if score >= limits.reject:
            return Judgement("reject", score, gravest.rule, gravest.says)
        if score >= limits.hold:
            return Judgement("hold", score, gravest.rule, gravest.says)
        if score >= limits.mask:
            return Judgement("mask", score, gravest.rule, gravest.says, self._masked(text))
        return PASS

    def _listed(self, folded: str) -> dict[str, _Finding]:
        """Listed words in a folded text, by word; also those that are disguised, spelt out or drawn out."""
        found = self._among(_WORDS.findall(folded))
        if _DISGUISED.search(folded) is not None:
            found |= self._among(_letters(unleet(piece)) for piece in _DISGUISED.findall(folded))
        if _SPELT.search(folded) is not None:
            found |= self._among(_letters(unleet(piece)) for piece in _SPELT.findall(folded))
        if _DRAWN.search(folded) is not None:
            for times in (r"\1", r"\1\1"):
                found |= self._among(_WORDS.findall(unleet(_DRAWN.sub(times, folded))))
        return found

    def _among(self, words: Iterable[str]) -> dict[str, _Finding]:
        found = {}
        for word in words:
            finding = self._words.get(word)
            if finding is None and (near := self._prefixes.get(word[:PREFIX])) is not None:
                finding = next((entry for start, entry in near if word.startswith(start)), None)
            if finding is not None:
                found[finding.key] = finding
        return found

    def _matched(self, folded: str) -> dict[str, _Finding]:
        """Patterns in a folded text, by their id."""
        words = set(_WORDS.findall(folded)) & self._triggers
        always = self._always is not None and self._always.search(folded) is not None
        if not words and not always:
            return {}
        return {
            pattern.id: _Finding(pattern.id, pattern.id, pattern.says, pattern.weight)
            for pattern, compiled in self._patterns
            if _worth(pattern, words, always=always) and compiled.search(folded) is not None
        }

    def _masked(self, text: str) -> str:
        """The text with every listed word hidden; all of it where the words can't be told apart."""
        masked = _CHUNK.sub(lambda chunk: _MASK if self._listed(plain(chunk[0])) else chunk[0], text)
        rest = plain(masked)
        return _MASK if self._listed(rest) or self._matched(rest) else masked


def refusal_of(judgement: Judgement, path: str = "parameters.text") -> Refusal:
    """The refusal of a text that is not said. It tells the rule, and never the words at fault."""
    if judgement.action == "hold":
        detail = f"this is held until the operator has read it, since the town allows only {judgement.says}"
    else:
        detail = f"the town allows only {judgement.says}; say it in other words, with a new id"
    return Refusal(Code.MODERATED, detail, path=path, allowed=judgement.says)


def _worth(pattern: Pattern, words: set[str], *, always: bool) -> bool:
    return not words.isdisjoint(pattern.words) if pattern.words else always


def _letters(piece: str) -> str:
    return "".join(char for char in piece if char.isalpha())
