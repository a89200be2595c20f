"""Prompts: content in jinja, rendered in a sandbox, with everything foreign put between marks as data."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self

from jinja2 import DictLoader, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

__all__ = ["NAMES", "Prompts", "quoted"]

NAMES: Final = ("act", "insights", "persona", "plan", "questions", "repair")
"""The prompts that a mind needs; each is `NAME.jinja`."""


def quoted(text: str) -> str:
    """Foreign words as a JSON string without line breaks and angle brackets, so that they can't close the marks around them."""
    plain = json.dumps(str(text), ensure_ascii=False)
    for char in "<>\u2028\u2029\u0085":
        plain = plain.replace(char, f"\\u{ord(char):04x}")
    return plain


class Prompts:
    """The prompts of a town, compiled once.

    Args:
        sources: name to jinja source; all of `NAMES`.

    Raises:
        ValueError: one is missing.
        jinja2.TemplateSyntaxError: one is no jinja.
    """

    def __init__(self, sources: Mapping[str, str]) -> None:
        missing = [name for name in NAMES if name not in sources]
        if missing:
            raise ValueError(f"prompts are missing: {', '.join(missing)}; there must be: {', '.join(NAMES)}")
        environment = SandboxedEnvironment(
            loader=DictLoader(dict(sources)),
            undefined=StrictUndefined,
            autoescape=False,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters["quoted"] = quoted
        self._templates = {name: environment.get_template(name) for name in NAMES}

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read all `*.jinja` of a folder.

        Raises:
            ValueError: one is missing.
        """
        return cls({file.stem: file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.jinja"))})

    def render(self, name: str, values: Mapping[str, Any]) -> str:
        """Put values into a prompt.

        Raises:
            jinja2.UndefinedError: it names a value that is not there.
        """
        return self._templates[name].render(values).strip()
