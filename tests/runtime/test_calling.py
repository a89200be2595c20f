"""What a model without tools is held to: only what a grammar can hold of the tools' schemas."""

from typing import Any

from mqttown_contract.verbs import VERBS
from mqttown_runtime.gateway.calling import answer_format, call_of


def tool(verb: str) -> dict[str, Any]:
    return {"type": "function", "function": {"name": verb, "description": verb, "parameters": VERBS[verb].schema}}


def parameters(verb: str) -> dict[str, Any]:
    schema: dict[str, Any] = answer_format([tool(verb)])["json_schema"]["schema"]
    found: dict[str, Any] = schema["properties"]["parameters"]
    return found


def test_what_is_optional_and_can_not_be_held_is_left_out() -> None:
    assert set(parameters("say")["properties"]) == {"text"}
    assert parameters("say")["properties"]["text"] == {"type": "string", "minLength": 1, "maxLength": 120}
    assert parameters("sleep")["properties"]["until"]["pattern"] == VERBS["sleep"].schema["properties"]["until"]["pattern"]
    assert set(parameters("buy")["properties"]) == {"item", "quantity"}


def test_an_answer_is_a_call_or_none() -> None:
    assert call_of('{"action": "wait", "parameters": {"ticks": 5}}') is not None
    for words in (None, "", "wait", "[]", '{"action": 1, "parameters": {}}', '{"action": "wait", "parameters": []}'):
        assert call_of(words) is None
