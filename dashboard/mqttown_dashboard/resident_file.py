"""A resident as a YAML file: written for people, and read with the line and column of every mistake."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Any, Final

from pydantic import ValidationError

from mqttown_contract.persona import Resident

__all__ = ["FileError", "Mistake", "read", "write"]

_HEADING: Final = (
    "# A resident of mqttown: `mqttown host new FILE`, or the import of the portal. docs/residents.md tells each field.\n"
)
_DEEPEST: Final = 8
_MOST: Final = 2000
_TOLD: Final = 20
"""Mistakes."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake.

    Attributes:
        line, column: counted from 1.
        path: the field, like `traits.sociable`; empty for the whole file.
        what: in words.
    """

    line: int
    column: int
    path: str
    what: str

    def __str__(self) -> str:
        """With its place, as editors understand it behind a file's name."""
        return f"{self.line}:{self.column}: {self.path + ': ' if self.path else ''}{self.what}"


class FileError(ValueError):
    """A file that is no resident.

    Attributes:
        mistakes: all that were found, in the order of lines.
    """

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = sorted(mistakes, key=lambda mistake: (mistake.line, mistake.column, mistake.path))
        super().__init__("\n".join(map(str, self.mistakes)))


def read(text: str) -> Resident:
    """Read a resident.

    Raises:
        FileError: it is no YAML 1.2, or says what a resident can't be; with all mistakes.
    """
    from ruamel.yaml.error import MarkedYAMLError, YAMLError  # noqa: PLC0415

    try:
        data = _yaml().load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
        raise FileError([Mistake(line, column, "", f"not YAML: {error.problem or error.context}")]) from error
    except (YAMLError, ValueError, RecursionError) as error:
        raise FileError([Mistake(1, 1, "", f"not YAML: {str(error) or 'too deep'}")]) from error
    if not isinstance(data, dict):
        raise FileError([Mistake(1, 1, "", f"a resident is a mapping with the fields {', '.join(Resident.model_fields)}")])
    try:
        return Resident.model_validate(_Plain().of(data))
    except ValidationError as error:
        raise FileError([_mistake(data, finding) for finding in error.errors(include_url=False)[:_TOLD]]) from error


def write(resident: Resident) -> str:
    """Write a resident, without what is as it would be anyway."""
    told = resident.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    ordered = {name: told[name] for name in ("id", *Resident.model_fields) if name in told}
    out = StringIO()
    yaml = _yaml()
    yaml.allow_unicode = True
    yaml.width = 120
    yaml.dump(ordered, out)
    return _HEADING + out.getvalue()


def _yaml() -> Any:
    """A reader that keeps positions. Loaded when first asked for: a town that nobody registers in does without."""
    from ruamel.yaml import YAML  # noqa: PLC0415

    return YAML(typ="rt", pure=True)


class _Plain:
    """Turns what YAML read into plain values. Aliases may multiply a small file beyond all measure, so values are counted."""

    def __init__(self) -> None:
        self._left = _MOST

    def of(self, value: Any, depth: int = 0) -> Any:
        """Without positions.

        Raises:
            FileError: it is deeper or larger than any resident.
        """
        self._left -= 1
        if depth > _DEEPEST or self._left < 0:
            raise FileError([Mistake(1, 1, "", f"a resident has at most {_DEEPEST} levels and {_MOST} values")])
        if isinstance(value, Mapping):
            return {str(key)[:100]: self.of(below, depth + 1) for key, below in value.items()}
        if isinstance(value, list):
            return [self.of(below, depth + 1) for below in value]
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, int):
            return int(value)
        return float(value) if isinstance(value, float) else str(value)


def _mistake(data: Any, finding: Mapping[str, Any]) -> Mistake:
    steps: tuple[str | int, ...] = finding["loc"]
    line, column = _position(data, steps, key=finding["type"] == "extra_forbidden")
    what = str(finding["msg"]).removeprefix("Value error, ")
    if finding["type"] == "extra_forbidden":
        what = f"there is no such field; known are {', '.join(_known(steps[:-1]))}"
    elif finding["type"] == "missing":
        what = "this field is missing"
    elif isinstance(finding.get("input"), str | int | float):
        what = f"{what} (is {str(finding['input'])[:60]!r})"
    return Mistake(line, column, ".".join(map(str, steps)), what)


def _position(data: Any, steps: Sequence[str | int], *, key: bool) -> tuple[int, int]:
    """Of a value, of its key, or of the nearest value around it."""
    line, column = data.lc.line, data.lc.col
    here: Any = data
    for number, step in enumerate(steps):
        places: Any = getattr(here, "lc", None)
        if isinstance(here, dict) and step in here:
            last = number == len(steps) - 1
            line, column = places.key(step) if key and last else places.value(step)
        elif isinstance(here, list) and isinstance(step, int) and step < len(here):
            line, column = places.item(step)
        else:
            break
        here = here[step]
    return line + 1, column + 1


def _known(steps: Sequence[str | int]) -> list[str]:
    """Names of the fields at a place, out of the JSON Schema."""
    schema = Resident.model_json_schema()
    here: Any = schema
    for step in steps:
        here = here.get("items", {}) if isinstance(step, int) else here.get("properties", {}).get(step, {})
        options = [option for option in here.get("anyOf", [here]) if option.get("type") != "null"]
        reference = str(options[0].get("$ref", "")) if options else ""
        here = schema["$defs"].get(reference.rpartition("/")[2], options[0] if options else {})
    return list(here.get("properties", {}))
