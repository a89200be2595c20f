"""Tools: from `available_actions` to a model and back, with every parameter checked before anything is done."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

__all__ = ["BadCall", "Chosen", "read_call", "said", "tool", "tools_of"]

_MARKUP: Final = ("<|", "```", "</", "tool_call", "function_call", "available_actions", '{"', "[INST]")
"""What no resident says: the remains of a broken tool call or of a chat template."""
_LONGEST_REASON: Final = 400


class BadCall(ValueError):
    """The model's answer is no call that is possible now; the text tells the model why."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a model has chosen, and why in its own words."""

    action: str
    parameters: Mapping[str, Any]
    reasoning: str


def tool(name: str, description: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """A tool as a chat completion wants it."""
    return {"type": "function", "function": {"name": name, "description": description, "parameters": schema}}


def tools_of(actions: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The tools for some of `available_actions`; their schemas go in as they are."""
    return [
        tool(entry["action"], entry.get("description") or entry["action"], entry["parameters"])
        for entry in actions
        if entry.get("parameters") is not None
    ]


def read_call(thought: Mapping[str, Any], tools: Sequence[Mapping[str, Any]]) -> Chosen:
    """Take the call out of a model's answer: its first tool call, or JSON in its words.

    Args:
        thought: `messages.Thought` of the wire.
        tools: what it could choose from.

    Raises:
        BadCall: there is none, or it does not fit its schema.
    """
    content = (thought.get("message") or {}).get("content") or ""
    calls = thought.get("tool_calls") or []
    name, parameters = _of_call(calls[0]) if calls else _of_words(content)
    offered = {entry["function"]["name"]: entry["function"]["parameters"] for entry in tools}
    schema = offered.get(name)
    if schema is None:
        raise BadCall(f"{name!r} can't be done now; possible are: {', '.join(offered)}"[:_LONGEST_REASON])
    error = best_match(Draft202012Validator(schema).iter_errors(parameters))
    if error is not None:
        raise BadCall(f"{name}: {error.json_path}: {error.message}"[:_LONGEST_REASON])
    if name == "say" and any(mark in parameters["text"] for mark in _MARKUP):
        raise BadCall("say: $.text: these are no words that a person says")
    return Chosen(name, parameters, content.strip()[:_LONGEST_REASON] if calls else "")


def said(thought: Mapping[str, Any]) -> str:
    """A model's answer as the text that it is shown again when it is asked to mend it."""
    calls = thought.get("tool_calls") or []
    if calls:
        return f"{calls[0]['function']['name']} {calls[0]['function']['arguments']}"
    return str((thought.get("message") or {}).get("content") or "")


def _of_call(call: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    function = call["function"]
    return function["name"], _object(function["arguments"] or "{}")


def _of_words(content: str) -> tuple[str, dict[str, Any]]:
    """Small models often write the call down instead of making it."""
    start, end = content.find("{"), content.rfind("}")
    if start < 0 or end < start:
        raise BadCall("no tool was called; call exactly one")
    told = _object(content[start : end + 1])
    name = told.get("action", told.get("name"))
    parameters = told.get("parameters", told.get("arguments", {}))
    if not isinstance(name, str) or not isinstance(parameters, dict):
        raise BadCall('call a tool, or write {"action": …, "parameters": {…}} and nothing else')
    return name, parameters


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise BadCall(f"the parameters are no JSON: {error}") from error
    if not isinstance(value, dict):
        raise BadCall("the parameters are no JSON object")
    return value
