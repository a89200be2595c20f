"""A file's values against its model: every mistake, with position and in words."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from mqttown_cli.content.problem import Problem, nearest
from mqttown_cli.content.source import Source, Steps

__all__ = ["validate"]

M = TypeVar("M", bound=BaseModel)


def validate(source: Source, model: type[M], problems: list[Problem]) -> M | None:
    """Make the model of what a file says.

    Args:
        source: the file.
        model: the kind of file.
        problems: mistakes are appended here.

    Returns:
        The model, or None if there was a mistake.
    """
    if not isinstance(source.data, dict):
        problems.append(source.problem((), f"holds {_named(source.data)}", allowed=f"fields {', '.join(model.model_fields)}"))
        return None
    try:
        return model.model_validate(source.data)
    except ValidationError as error:
        schema = model.model_json_schema()
        problems.extend(_problem(source, schema, dict(one)) for one in error.errors(include_url=False))
        return None


def _problem(source: Source, schema: Mapping[str, Any], error: Mapping[str, Any]) -> Problem:
    """Put one finding of pydantic into words, from the JSON Schema at that place."""
    steps: Steps = tuple(step for step in error["loc"] if step != "[key]")
    is_key = "[key]" in error["loc"]
    here = _schema_at(schema, steps[:-1] if is_key or error["type"] in {"extra_forbidden", "missing"} else steps)
    name = steps[-1] if steps else ""
    known = [str(key) for key in here.get("properties", {})]
    if error["type"] == "extra_forbidden":
        near, allowed = nearest(name, known)
        return source.problem(steps, f"unknown field {name!r}", allowed=allowed, near=near, key=True)
    if error["type"] == "missing":
        return source.problem(steps[:-1], f"the field {name!r} is missing", allowed=_allowed(_schema_at(schema, steps)))
    if is_key:
        names = _resolve(schema, here.get("propertyNames", {}))
        near, allowed = nearest(name, names.get("enum", []))
        return source.problem(
            steps, f"unknown name {name!r}", allowed=allowed if near or "enum" in names else _allowed(names), near=near, key=True
        )
    if error["type"] == "value_error":
        return source.problem(steps, str(error["msg"]).removeprefix("Value error, "))
    given = error.get("input")
    near = nearest(given, here.get("enum", []))[0] if isinstance(given, str) else None
    said = f"has {len(given)} entries" if isinstance(given, list) and error["type"].startswith("too_") else f"is {_named(given)}"
    return source.problem(steps, said, allowed=_allowed(here) or error["msg"], near=near)


def _schema_at(schema: Mapping[str, Any], steps: Steps) -> Mapping[str, Any]:
    here = _resolve(schema, schema)
    for step in steps:
        if isinstance(step, int):
            below = here.get("items", {})
        else:
            below = here.get("properties", {}).get(step, here.get("additionalProperties", {}))
        here = _resolve(schema, below if isinstance(below, Mapping) else {})
    return here


def _resolve(schema: Mapping[str, Any], part: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow `$ref`, and take the first option of an optional field."""
    if "$ref" in part:
        target = schema["$defs"][part["$ref"].removeprefix("#/$defs/")]
        return {**_resolve(schema, target), **{key: value for key, value in part.items() if key != "$ref"}}
    if "anyOf" in part:
        rest = {key: value for key, value in part.items() if key != "anyOf"}
        return {**_resolve(schema, part["anyOf"][0]), **rest}
    return part


def _allowed(schema: Mapping[str, Any]) -> str | None:
    """Say what a schema lets through, as short as can be."""
    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    parts = [str(schema["description"])] if "description" in schema else []
    kind = {"integer": "whole number", "string": "text", "object": "mapping", "array": "list"}.get(schema.get("type", ""))
    low, high = schema.get("minimum"), schema.get("maximum")
    if kind == "whole number":
        parts.append(f"whole number {low} to {high}" if low is not None else kind)
    elif kind == "list":
        parts.append(
            f"list of {schema.get('minItems', 0)} or more" + (f", at most {schema['maxItems']}" if "maxItems" in schema else "")
        )
    elif kind == "mapping" and "properties" in schema:
        parts.append("fields " + ", ".join(schema["properties"]))
    elif kind is not None:
        parts.append(kind)
    if "pattern" in schema:
        parts.append(f"pattern {schema['pattern']}")
    elif "maxLength" in schema:
        parts.append(f"{schema.get('minLength', 0)} to {schema['maxLength']} characters")
    return ", ".join(parts) or None


def _named(value: object) -> str:
    match value:
        case None:
            return "empty"
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case str():
            return f"the text {value[:60]!r}"
        case _:
            return f"{value!r}"
