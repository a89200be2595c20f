"""Stage `schema`: `malformed`, `unknown_action`, `bad_parameters`."""

import difflib
import functools
from typing import Any, Final

import orjson
from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from mqttown_contract.errors import Code, Refusal
from mqttown_contract.messages import Action
from mqttown_contract.types import ActionId
from mqttown_contract.verbs import VERBS
from mqttown_orchestrator.pipeline.arrival import Arrival

__all__ = ["check", "place", "read"]

_DEPTH: Final = 16
"""No verb has parameters that are nested deeper; so nothing deeper is read, hashed or stored."""
_ID: Final = TypeAdapter(ActionId)


def read(arrival: Arrival) -> Refusal | None:
    """Read the payload into the arrival, or say why it is `malformed`."""
    try:
        sent = orjson.loads(arrival.payload)
    except orjson.JSONDecodeError as error:
        return Refusal(Code.MALFORMED, f"not JSON in UTF-8: {error}", allowed=_envelope())
    if not isinstance(sent, dict):
        return Refusal(Code.MALFORMED, f"an action is a JSON object, this is {_kind(sent)}", allowed=_envelope())
    try:
        action = Action.model_validate(sent)
    except ValidationError as error:
        arrival.id = _readable_id(sent.get("id"))
        return _malformed(error.errors(include_url=False, include_context=False)[0])
    arrival.id = action.id
    if _suspicious(arrival.payload) and (fault := _unfit(action.parameters, "parameters", _DEPTH)) is not None:
        return fault
    arrival.action, arrival.parameters = action.action, action.parameters
    arrival.observation_id, arrival.expires_tick = action.observation_id, action.expires_tick
    arrival.reasoning, arrival.traceparent = action.reasoning, action.traceparent
    return None


def check(arrival: Arrival) -> Refusal | None:
    """Say whether there is such a verb, and whether the parameters fit its schema."""
    verb = VERBS.get(arrival.action)
    if verb is None:
        near = difflib.get_close_matches(arrival.action, VERBS, n=1, cutoff=0.4)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        return Refusal(Code.UNKNOWN_ACTION, f"there is no action {arrival.action!r}{hint}", path="action", allowed=list(VERBS))
    try:
        verb.parameters.model_validate(arrival.parameters)
    except ValidationError as error:
        return _bad_parameters(arrival.action, error.errors(include_url=False, include_context=False)[0])
    return None


def place(path: tuple[int | str, ...]) -> str:
    """A path like `parameters.to[1]`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def _malformed(error: ErrorDetails) -> Refusal:
    path = error["loc"]
    properties = _envelope()["properties"]
    allowed = properties.get(path[0]) if path else None
    if error["type"] == "missing":
        return Refusal(Code.MALFORMED, f"{place(path)} is missing", path=place(path), allowed=allowed)
    return Refusal(Code.MALFORMED, f"{place(path)}: {error['msg']}", path=place(path), allowed=allowed)


def _bad_parameters(action: str, error: ErrorDetails) -> Refusal:
    schema = VERBS[action].schema
    known: dict[str, Any] = schema.get("properties", {})
    path = error["loc"]
    where = place(("parameters", *path))
    field = str(path[0]) if path else ""
    if error["type"] == "extra_forbidden":
        near = difflib.get_close_matches(field, known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        takes = f"it takes {', '.join(known)}" if known else "it takes no parameters"
        return Refusal(Code.BAD_PARAMETERS, f"{action} has no parameter {field!r}{hint}: {takes}", path=where, allowed=list(known))
    allowed = known.get(field, schema)
    said = "is missing" if error["type"] == "missing" else error["msg"]
    return Refusal(Code.BAD_PARAMETERS, f"{where}: {said}", path=where, allowed=allowed)


def _readable_id(sent: Any) -> str | None:
    try:
        return _ID.validate_python(sent, strict=True)
    except ValidationError:
        return None


def _suspicious(payload: bytes) -> bool:
    """Whether it might hold what `_unfit` looks for: JSON can write U+0000 only like this, and nests only by brackets."""
    return b"\\u0000" in payload or payload.count(b"{") + payload.count(b"[") > _DEPTH


def _unfit(value: Any, path: str, depth: int) -> Refusal | None:
    """Refuse what no database keeps: U+0000, and nesting without end."""
    if isinstance(value, str):
        return Refusal(Code.MALFORMED, f"{path} holds the character U+0000", path=path) if "\x00" in value else None
    if not isinstance(value, dict | list):
        return None
    if depth == 0:
        return Refusal(Code.MALFORMED, f"{path} is nested deeper than {_DEPTH} levels", path=path)
    if isinstance(value, list):
        parts = ((part, f"{path}[{number}]") for number, part in enumerate(value))
    else:
        if any("\x00" in key for key in value):
            return Refusal(Code.MALFORMED, f"a name in {path} holds the character U+0000", path=path)
        parts = ((part, f"{path}.{key}") for key, part in value.items())
    return next((fault for part, where in parts if (fault := _unfit(part, where, depth - 1)) is not None), None)


def _kind(sent: Any) -> str:
    return {list: "an array", str: "a string", bool: "a boolean", int: "a number", float: "a number"}.get(type(sent), "null")


@functools.cache
def _envelope() -> dict[str, Any]:
    schema = Action.model_json_schema()
    return {"type": "object", "required": schema["required"], "properties": schema["properties"]}
