"""How residents put things: rendering the town's templates, and recognising them in what others say.

A text that fits a template of any group is small talk of that group. A text that fits a `pass_on` template is news in a
wrapping; unwrapped, what remains is what is passed on, so that wrappings never nest. All else is news as it stands.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from jinja2 import StrictUndefined, meta, nodes
from jinja2.sandbox import SandboxedEnvironment

from mqttown_contract.types import MAX_TEXT

__all__ = ["NEWS", "PASS_ON", "Heard", "Prose"]

PASS_ON: Final = "pass_on"  # noqa: S105  a template group
NEWS: Final = "news"
_CORE: Final = "text"
_LITERAL_LETTERS: Final = 5
"""A template with fewer letters of its own fits too much to be recognised by."""
_SLOT: Final = re.compile(r"zqslot(\w+?)zq")
_NEITHER: Final = re.compile(r"[\W_]+")
_LONGEST_VALUE: Final = 48


@dataclass(frozen=True, slots=True)
class Heard:
    """What a text is.

    Attributes:
        group: the small-talk group it fits, or `news`.
        text: of news the core, without the words it was wrapped in; of small talk the words.
        values: what the template's variables stood for, where the words fit it to the letter.
    """

    group: str
    text: str
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Pattern:
    """What recognises one template.

    Attributes:
        group: the template's.
        literal: its longest words without a variable; a text without them can't fit, which is found out fast.
        loose: matched with plain words.
        exact: matched with the words to the letter.
    """

    group: str
    literal: str
    loose: re.Pattern[str]
    exact: re.Pattern[str]


class _Wording:
    """One template. Most are words and variables alone; they are put together without jinja, which takes ten times as long."""

    __slots__ = ("_parts", "_template")

    def __init__(self, source: str, environment: SandboxedEnvironment) -> None:
        self._template = environment.from_string(source)
        self._parts = _words_and_variables(environment.parse(source))

    def render(self, values: Mapping[str, Any]) -> str:
        """The words with the values in their places.

        Raises:
            jinja2.UndefinedError: a variable has no value.
        """
        if self._parts is None or any(name is not None and name not in values for _, name in self._parts):
            return self._template.render(values)
        return "".join([words if name is None else f"{values[name]}" for words, name in self._parts])


class Prose:
    """The templates of a town, compiled once and shared by all minds of a process.

    Args:
        groups: group name to its jinja templates, `prose` of the compiled town.
    """

    def __init__(self, groups: Mapping[str, Sequence[str]]) -> None:
        environment = SandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
        self._wordings: dict[str, list[_Wording]] = {}
        self._patterns: list[_Pattern] = []
        self._wrappings: list[re.Pattern[str]] = []
        for group, sources in groups.items():
            self._wordings[group] = [_Wording(source, environment) for source in sources]
            for source, wording in zip(sources, self._wordings[group], strict=True):
                names = sorted(meta.find_undeclared_variables(environment.parse(source)))
                self._learn(group, wording.render({name: f"zqslot{name}zq" for name in names}))
        self.recognise = lru_cache(maxsize=4096)(self._recognise)

    @classmethod
    def shared(cls, groups: Mapping[str, Sequence[str]]) -> "Prose":
        """The prose of these templates, compiled once in a process: it takes longer than a mind needs for hours of town time."""
        return _compiled(tuple((group, tuple(sources)) for group, sources in groups.items()))

    def has(self, group: str) -> bool:
        """Whether the town has words for this."""
        return bool(self._wordings.get(group))

    def render(self, group: str, number: int, values: Mapping[str, Any]) -> str | None:
        """Put something into words.

        Args:
            group: a template group.
            number: any whole number; it chooses the template.
            values: of the template's variables.

        Returns:
            At most 1000 characters, or None where the town has no words for it.

        Raises:
            jinja2.UndefinedError: the template names a variable that is not among `values`.
        """
        wordings = self._wordings.get(group)
        if not wordings:
            return None
        return wordings[number % len(wordings)].render(values)[:MAX_TEXT]

    def wrap(self, core: str, number: int, values: Mapping[str, Any]) -> str:
        """Put news into a `pass_on` template, word for word; bare where no wrapping fits around it."""
        text = self.render(PASS_ON, number, {**values, _CORE: core})
        return text if text is not None and core in text else core

    def _learn(self, group: str, sample: str) -> None:
        if group == PASS_ON:
            if len(_letters(sample)) >= _LITERAL_LETTERS:
                self._wrappings.append(_pattern(sample, exact=True, core=_CORE))
            return
        if len(_letters(sample)) >= _LITERAL_LETTERS:
            plain = _plain(sample)
            literal = max(_SLOT.split(plain)[::2], key=len)
            self._patterns.append(_Pattern(group, literal, _pattern(plain), _pattern(sample, exact=True)))

    def _recognise(self, text: str) -> Heard:
        core = self._unwrap(text)
        if core != text:
            return Heard(NEWS, core)
        plain = _plain(text)
        for pattern in self._patterns:
            if pattern.literal in plain and pattern.loose.fullmatch(plain):
                exact = pattern.exact.fullmatch(text)
                return Heard(pattern.group, text, exact.groupdict() if exact else {})
        return Heard(NEWS, text)

    def _unwrap(self, text: str) -> str:
        while True:
            for wrapping in self._wrappings:
                found = wrapping.fullmatch(text)
                if found and found["text"].strip():
                    text = found["text"]
                    break
            else:
                return text


@lru_cache(maxsize=4)
def _compiled(groups: tuple[tuple[str, tuple[str, ...]], ...]) -> Prose:
    return Prose(dict(groups))


def _letters(sample: str) -> str:
    return _plain(_SLOT.sub(" ", sample)).replace(" ", "")


def _plain(text: str) -> str:
    return _NEITHER.sub(" ", text).strip().casefold()


def _words_and_variables(tree: nodes.Template) -> tuple[tuple[str, str | None], ...] | None:
    """The template's words, and names of variables in between; None if it holds anything else."""
    parts: list[tuple[str, str | None]] = []
    for output in tree.body:
        if not isinstance(output, nodes.Output):
            return None
        for node in output.nodes:
            if isinstance(node, nodes.TemplateData):
                parts.append((node.data, None))
            elif isinstance(node, nodes.Name):
                parts.append(("", node.name))
            else:
                return None
    return tuple(parts)


def _pattern(sample: str, *, exact: bool = False, core: str | None = None) -> re.Pattern[str]:
    """A regular expression for a rendered template whose slots are still marked."""
    parts: list[str] = []
    seen: set[str] = set()
    end = 0
    for slot in _SLOT.finditer(sample):
        parts.append(re.escape(sample[end : slot.start()]))
        name, end = slot[1], slot.end()
        value = r"(?s:.+)" if name == core else rf"[^\n\"“”]{{1,{_LONGEST_VALUE}}}?"
        if exact and name not in seen:
            parts.append(f"(?P<{name}>{value})")
            seen.add(name)
        else:
            parts.append(f"(?P={name})" if exact else f"(?:{value})")
    parts.append(re.escape(sample[end:]))
    return re.compile("".join(parts))
