"""Stage `moderation`: what others would hear or read, weighed by the rules of the town."""

import functools
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Literal

from mqttown_contract.errors import Code, Refusal
from mqttown_orchestrator.pipeline.plain import plain, plain_word, unleet
from mqttown_orchestrator.rulebook import Moderation, Pattern

__all__ = ["PASS", "Judgement", "ModerationStage", "refusal_of"]

_CACHED: Final = 8_192
"""Texts whose judgement is kept: the same sentences come again and again."""
_WORDS: Final = re.compile(r"[^\W\d_]+")
_DISGUISED: Final = re.compile(r"[^\W_]*(?:[a-z][0-9@$!|+*]+[a-z]|(?<![\w.,])[0-9@$|+]+[a-z]{2})[\w@$!|+*]*")
_ODD: Final = re.compile(r"[a-z][0-9@$|+*]|[0-9@$|+*][a-z]|[a-z]!+[a-z]")
"""Only then a word can be in disguise; the pattern itself takes longer."""
_SPELT: Final = re.compile(r"(?<!\w)\w(?:[ .*_-]{1,3}\w(?!\w)){2,}")
_DRAWN: Final = re.compile(r"(.)\1{2,}")
_REPEATED: Final = re.compile(r"(.)\1+")
_START: Final = 3
"""Letters by which beginnings are looked up; a word with `*` has more, even without its repeated letters."""
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


class _Lexicon:
    """Listed words, whole or by their beginning."""

    def __init__(self, *listed: tuple[str, _Finding], squeeze: Callable[[str], str] = str) -> None:
        self._words: dict[str, _Finding] = {}
        self._prefixes: dict[str, list[tuple[str, _Finding]]] = {}
        for word, finding in listed:
            key = squeeze(finding.key)
            if word.endswith("*"):
                self._prefixes.setdefault(key[:_START], []).append((key, finding))
            elif key:
                self._words[key] = finding

    def among(self, words: Iterable[str]) -> dict[str, _Finding]:
        found = {}
        for word in words:
            finding = self._words.get(word)
            if finding is None and (near := self._prefixes.get(word[:_START])) is not None:
                finding = next((entry for start, entry in near if word.startswith(start)), None)
            if finding is not None:
                found[finding.key] = finding
        return found


class ModerationStage:
    """Weighs texts. Every rule that a text breaks adds its weight; thresholds say what follows.

    Args:
        rules: lists, patterns and thresholds.
        words: further words that nobody may say, whole and in any case.
    """

    def __init__(self, rules: Moderation, words: Iterable[str] = ()) -> None:
        self._thresholds = rules.thresholds
        listed = [
            (word, _Finding(plain_word(word.rstrip("*")), rule.id, rule.says, rule.weight))
            for rule in rules.lists
            for word in rule.words
        ]
        forbidden = [(word, _Finding(plain_word(word), "forbidden-words", "words that insult nobody", 100)) for word in words]
        self._lexicon = _Lexicon(*listed, *forbidden)
        self._squeezed = _Lexicon(*listed, *forbidden, squeeze=_squeezed)
        self._patterns = [(pattern, re.compile(pattern.pattern)) for pattern in rules.patterns]
        self._triggers = frozenset(word for pattern in rules.patterns for word in pattern.words)
        self._signs = frozenset(sign for pattern in rules.patterns for sign in pattern.signs)
        self._always = any(not (pattern.words or pattern.signs) for pattern in rules.patterns)
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
        found = self._lexicon.among(_WORDS.findall(folded))
        if _ODD.search(folded) is not None:
            pieces = _DISGUISED.findall(folded)
            found |= self._lexicon.among(_letters(unleet(piece)) for piece in pieces)
            found |= self._lexicon.among(
                _letters(unleet(piece.rstrip("!|+*"))) for piece in pieces
            )  # a sign that ends the sentence
        if _SPELT.search(folded) is not None:
            found |= self._lexicon.among(_letters(unleet(piece)) for piece in _SPELT.findall(folded))
        if _DRAWN.search(folded) is not None:
            drawn = (word for word in _WORDS.findall(folded) if _DRAWN.search(word) is not None)
            found |= self._squeezed.among(_squeezed(word) for word in drawn)
        return found

    def _matched(self, folded: str) -> dict[str, _Finding]:
        """Patterns in a folded text, by their id."""
        words = self._triggers.intersection(_WORDS.findall(folded))
        signs = self._signs.intersection(folded)
        if not (words or signs or self._always):
            return {}
        return {
            pattern.id: _Finding(pattern.id, pattern.id, pattern.says, pattern.weight)
            for pattern, compiled in self._patterns
            if _worth(pattern, words, signs) and compiled.search(folded) is not None
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


def _worth(pattern: Pattern, words: frozenset[str], signs: frozenset[str]) -> bool:
    """Whether a pattern could be there at all: most texts have none of the words and signs, and a pattern takes its time."""
    if not (pattern.words or pattern.signs):
        return True
    return not words.isdisjoint(pattern.words) or not signs.isdisjoint(pattern.signs)


def _squeezed(word: str) -> str:
    """Without repeated letters."""
    return _REPEATED.sub(r"\1", word)


def _letters(piece: str) -> str:
    return "".join(char for char in piece if char.isalpha())
