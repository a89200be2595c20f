"""How a model is told of tools: as such, or by a JSON Schema for its answer where its server or chat template knows none."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

__all__ = ["answer_format", "call_of", "with_tools_in_words"]

_LONGEST_TEXT: Final = 120
_SHOWN_CHOICES: Final = 4
"""More than that are left to the schema, which a model can't but hold; its prompt tells what is there in any case."""
_MOST_ENTRIES: Final = 4
_MOST_CHOICES: Final = 40
"""A small model loses itself in more than that; and each bound ends an answer before its tokens do."""
_HELD: Final = ("^([01][0-9]|2[0-3]):[0-5][0-9]$",)
"""Patterns that a grammar holds; others are left to the check of the answer."""


def with_tools_in_words(messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The messages, with the tools told at the end of the first that is no system message: what changes least comes first.

    Servers keep what they have worked out for the beginning of a prompt.

    Args:
        messages: of a chat completion.
        tools: likewise.
    """
    lines = ["You can do one of these:", *(_line(tool["function"]) for tool in tools)]
    lines.append('Answer with one JSON object and nothing else: {"action": …, "parameters": {…}}')
    words = "\n".join(lines)
    told = [dict(message) for message in messages]
    first = next((message for message in told if message["role"] != "system"), told[-1])
    first["content"] = f"{first['content']}\n\n{words}"
    return told


def answer_format(tools: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """`response_format` that leaves a model nothing to write but a call of one of the tools.

    What it may write is a part of what the tools' schemas allow: an id only out of the examples, and texts and lists of a length
    that fits into the answer.
    """
    calls = [_call(tool["function"]) for tool in tools]
    schema = calls[0] if len(calls) == 1 else {"anyOf": calls}
    return {"type": "json_schema", "json_schema": {"name": "call", "schema": schema}}


def call_of(content: str | None) -> Mapping[str, Any] | None:
    """The call that an answer in `answer_format` is, as a model with tools would have made it; None if it is none."""
    try:
        told = json.loads(content or "")
        name, parameters = told["action"], told["parameters"]
    except (ValueError, KeyError, TypeError):
        return None
    if not isinstance(name, str) or not isinstance(parameters, dict):
        return None
    return {"id": "call-0", "type": "function", "function": {"name": name, "arguments": json.dumps(parameters, ensure_ascii=False)}}


def _call(function: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"action": {"const": function["name"]}, "parameters": _narrowed(function["parameters"])},
        "required": ["action", "parameters"],
        "additionalProperties": False,
    }


def _narrowed(schema: Any) -> Any:
    """The schema without what a grammar can't or needn't hold, and with bounds."""
    if isinstance(schema, list):
        return [_narrowed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("type") == "string" and (schema.get("enum") or schema.get("examples")):
        return {"type": "string", "enum": list(schema.get("enum") or schema["examples"])[:_MOST_CHOICES]}
    narrow = {key: _narrowed(part) for key, part in schema.items() if key not in ("description", "default", "examples", "title")}
    if narrow.get("type") == "string" and narrow.get("pattern") not in _HELD:
        narrow.pop("pattern", None)
        narrow = {"minLength": 1, **narrow, "maxLength": min(_LONGEST_TEXT, narrow.get("maxLength", _LONGEST_TEXT))}
    if "properties" in narrow:
        needed = schema.get("required", ())
        narrow["properties"] = {
            name: part for name, part in narrow["properties"].items() if name in needed or _held(schema["properties"][name])
        }
    if narrow.get("type") == "array":
        narrow["maxItems"] = min(_MOST_ENTRIES, narrow.get("maxItems", _MOST_ENTRIES))
    return narrow


def _held(schema: Mapping[str, Any]) -> bool:
    """Whether a grammar holds what a property may be; one that need not be there is left out if not."""
    inner = schema.get("items", {}) if schema.get("type") == "array" else schema
    pattern = inner.get("pattern")
    return pattern is None or pattern in _HELD or bool(inner.get("enum") or inner.get("examples"))


def _line(function: Mapping[str, Any]) -> str:
    schema = function["parameters"]
    required = schema.get("required", ())
    told = [_property(name, part, needed=name in required) for name, part in schema.get("properties", {}).items()]
    return f"- {function['name']}: {function['description']}" + (f" Parameters: {'; '.join(told)}." if told else "")


def _property(name: str, schema: Mapping[str, Any], *, needed: bool) -> str:
    inner = schema.get("items", {}) if schema.get("type") == "array" else schema
    choices = inner.get("enum") or inner.get("examples") or ()
    few = 0 < len(choices) <= _SHOWN_CHOICES
    what = f"one of {', '.join(map(str, choices))}" if few else inner.get("description", inner.get("type", ""))
    return f"{name}{'' if needed else ' (optional)'}: {'list, each ' if inner is not schema else ''}{what}"
