"""What routine minds say: the groups that they rely on, and the check of templates."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, meta
from jinja2.sandbox import SandboxedEnvironment

from mqttown_cli.content.models import Prose, ProseGroup
from mqttown_cli.content.problem import Problem, nearest
from mqttown_cli.content.source import Source, Steps

__all__ = ["GROUPS", "MUST_USE", "Fault", "check_prose", "check_template", "environment"]

_NAMES: Final = ("name", "me")
_GREETINGS: Final = (
    "greet", "greet_morning", "greet_afternoon", "greet_evening", "greet_night", "greet_friend", "greet_family", "greet_colleague",
    "greet_neighbour", "reply_greet", "ask_how", "ask_news", "answer_well", "answer_tired", "answer_hungry", "answer_lonely",
    "answer_no_news", "answer_staying", "thank", "react", "accept_trade", "decline_trade", "farewell", "ask_where",
)  # fmt: skip
_WEATHERS: Final = ("clear", "cloudy", "rain", "snow", "fog")
GROUPS: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(_GREETINGS, _NAMES),
    **{f"remark_weather_{weather}": _NAMES for weather in _WEATHERS},
    "first_meeting": (*_NAMES, "place"),
    "answer_where": (*_NAMES, "where"),
    "pass_on": (*_NAMES, "text", "source", "where"),
    "remark_food": (*_NAMES, "item"),
    "remark_place": (*_NAMES, "place"),
    "remark_work": (*_NAMES, "job"),
    "invite": (*_NAMES, "place", "time"),
    "accept_invite": (*_NAMES, "place", "time"),
    "decline_invite": (*_NAMES, "place", "time"),
    "offer_gift": (*_NAMES, "item"),
    "thank_gift": (*_NAMES, "item"),
    "trade": (*_NAMES, "item", "price"),
}
"""Groups that minds speak from, with the variables that they fill in."""
MUST_USE: Final[dict[str, tuple[str, ...]]] = {
    "answer_where": ("where",),
    "first_meeting": ("me",),
    "invite": ("place", "time"),
    "pass_on": ("text",),
    "trade": ("item", "price"),
}
"""Variables without which a template of the group says nothing."""
_ANY_WORDS: Final = 'It\'s "so" <b>{{ odd }}</b>\n& ünlikely — 100 %'
_MAX_AROUND: Final = 200
_LETTERS: Final = 5


@dataclass(frozen=True)
class Fault:
    """What is wrong with a template, what is allowed, and the nearest right name."""

    what: str
    allowed: str | None = None
    near: str | None = None


def environment() -> SandboxedEnvironment:
    """Make the environment that templates are parsed in: sandboxed, and strict about names."""
    return SandboxedEnvironment(undefined=StrictUndefined, autoescape=False)


def check_prose(files: list[tuple[Source, Prose]], problems: list[Problem]) -> None:
    """Check every template of every group, and that no group is missing that minds speak from."""
    first: dict[str, Source] = {}
    for source, prose in files:
        for name, group in prose.groups.items():
            at: Steps = ("groups", name)
            if name in first:
                problems.append(source.problem(at, f"this group is also in {first[name].file.name}", key=True))
            first.setdefault(name, source)
            if name in GROUPS:
                _check_variables(source, at, name, group, prose, problems)
                _check_templates(source, at, name, group, problems)
            else:
                near, _ = nearest(name, GROUPS)
                problems.append(
                    source.problem(at, f"nobody speaks from a group {name!r}", allowed=", ".join(GROUPS), near=near, key=True)
                )
    if files:
        problems.extend(files[0][0].problem((), f"no file here has the group {name!r}") for name in GROUPS if name not in first)


def _check_variables(source: Source, at: Steps, name: str, group: ProseGroup, prose: Prose, problems: list[Problem]) -> None:
    for index, variable in enumerate(group.variables):
        here = (*at, "variables", index)
        near, allowed = nearest(variable, GROUPS[name])
        if variable not in GROUPS[name]:
            problems.append(source.problem(here, f"{variable!r} is not filled in for {name}", allowed=allowed, near=near))
        elif variable not in prose.variables:
            problems.append(source.problem(here, f"{variable!r} is not explained under `variables` of this file"))


def _check_templates(source: Source, at: Steps, name: str, group: ProseGroup, problems: list[Problem]) -> None:
    seen: dict[str, int] = {}
    for index, template in enumerate(group.templates):
        here = (*at, "templates", index)
        if template in seen:
            problems.append(source.problem(here, f"the same as template {seen[template]}"))
        seen.setdefault(template, index)
        fault = check_template(template, group.variables, MUST_USE.get(name, ()))
        if fault is not None:
            problems.append(source.problem(here, fault.what, allowed=fault.allowed, near=fault.near))


def check_template(template: str, variables: Sequence[str], must_use: Sequence[str] = ()) -> Fault | None:
    """Check one template: it parses, names known variables and all of `must_use`, renders, and says something."""
    jinja = environment()
    try:
        used = meta.find_undeclared_variables(jinja.parse(template))
        unknown = sorted(used - set(variables))
        if unknown:
            near, allowed = nearest(unknown[0], variables)
            return Fault(f"unknown variable {unknown[0]!r}", allowed, near)
        text = jinja.from_string(template).render({name: _ANY_WORDS if name == "text" else "Ä" for name in variables})
    except TemplateSyntaxError as error:
        return Fault(f"not a jinja template: {error.message}")
    except TemplateError as error:
        return Fault(f"does not render: {error}")
    missing = [name for name in must_use if name not in used]
    if missing:
        return Fault(f"does not say {{{{ {missing[0]} }}}}")
    if "text" in must_use and _ANY_WORDS not in text:
        return Fault("changes the words that it passes on", "{{ text }} without filters")
    return _check_length(text.replace(_ANY_WORDS, ""))


def _check_length(around: str) -> Fault | None:
    """A line must have enough letters to be recognised by, and be short enough that news fits into a `say` with it."""
    if len(around) > _MAX_AROUND or sum(letter.isalpha() for letter in around) < _LETTERS:
        return Fault(f"has {len(around)} characters of its own", f"{_LETTERS} letters to {_MAX_AROUND} characters")
    return None
