"""One YAML file as plain values, with the line and column of each."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError, YAMLStreamError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from mqttown_cli.content.problem import ContentError, Problem

__all__ = ["Position", "Source", "Steps", "read_source", "spell"]

Steps = tuple[str | int, ...]
"""The way to a value: keys and list indices."""
Position = tuple[int, int]
"""Line and column, counted from 1."""

_TAG: Final = "tag:yaml.org,2002:"
_TRUTH: Final = {"true": True, "false": False}


@dataclass
class Source:
    """A file that was read.

    Attributes:
        file: where it is.
        data: plain dicts, lists, text, numbers, truth values and None.
        values: position of each value.
        keys: position of each key of a mapping.
    """

    file: Path
    data: Any = None
    values: dict[Steps, Position] = field(default_factory=dict)
    keys: dict[Steps, Position] = field(default_factory=dict)

    def problem(self, path: Steps, what: str, *, allowed: str | None = None, near: str | None = None, key: bool = False) -> Problem:
        """Make the problem of the value at `path` (of its key with `key`), or of the nearest value around it."""
        table = self.keys if key and path in self.keys else self.values
        at = path
        while at and at not in table:
            at, table = at[:-1], self.values
        line, column = table.get(at, (1, 1))
        return Problem(str(self.file), line, column, spell(path), what, allowed, near)


def spell(path: Steps) -> str:
    """Write a path as people do: `people[3].home`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


def read_source(file: Path) -> Source:
    """Read a YAML 1.2 file.

    Raises:
        ContentError: it can't be read, isn't YAML, or says a key twice.
    """
    source = Source(file)
    try:
        node = YAML(typ="safe", pure=True).compose(file)
    except (OSError, UnicodeDecodeError, YAMLStreamError) as error:
        raise ContentError([source.problem((), f"can't be read: {error}")]) from error
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
        raise ContentError([Problem(str(file), line, column, "", f"not YAML: {error.problem or error.context}")]) from error
    except YAMLError as error:
        raise ContentError([source.problem((), f"not YAML: {error}")]) from error
    problems: list[Problem] = []
    if node is not None:
        source.data = _value(node, (), source, problems, frozenset())
    if problems:
        raise ContentError(problems)
    return source


def _value(node: Node, path: Steps, source: Source, problems: list[Problem], above: frozenset[int]) -> Any:
    """Turn a node into a plain value and note where it stands. `above` guards against an alias that holds itself."""
    source.values[path] = (node.start_mark.line + 1, node.start_mark.column + 1)
    if id(node) in above:
        problems.append(source.problem(path, "this alias holds itself"))
        return None
    above = above | {id(node)}
    if isinstance(node, SequenceNode):
        return [_value(child, (*path, index), source, problems, above) for index, child in enumerate(node.value)]
    if isinstance(node, MappingNode):
        mapping: dict[str, Any] = {}
        for key_node, child in node.value:
            key = str(key_node.value)
            at = (*path, key)
            position = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
            if key in mapping:
                first = source.keys[at][0]
                problems.append(Problem(str(source.file), *position, spell(at), f"said twice; first in line {first}"))
                continue
            source.keys[at] = position
            mapping[key] = _value(child, at, source, problems, above)
        return mapping
    if isinstance(node, ScalarNode):
        return _scalar(node, path, source, problems)
    raise TypeError(f"a node of kind {type(node).__name__}")


def _scalar(node: ScalarNode, path: Steps, source: Source, problems: list[Problem]) -> Any:
    """Read a scalar by the tag that YAML 1.2 gives it; dates and times stay text."""
    kind = str(node.tag).removeprefix(_TAG)
    text = str(node.value)
    try:
        match kind:
            case "null":
                return None
            case "bool":
                return _TRUTH[text.lower()]
            case "int":
                return int(text.replace("_", ""), 0 if text.lower().startswith(("0x", "0o")) else 10)
            case "float":
                return float(text.replace("_", "").replace(".inf", "inf").replace(".nan", "nan"))
            case "str" | "timestamp":
                return text
            case _:
                problems.append(source.problem(path, f"the tag {node.tag} is not used here", allowed="plain values"))
    except (ValueError, KeyError):
        problems.append(source.problem(path, f"{text!r} is no {kind}"))
    return None
