"""Everything that owners send and are answered has an example in the OpenAPI document, and each fits its schema."""

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from mqttown_dashboard.app import create_api
from mqttown_dashboard.examples import EXAMPLES

OWNERS = ("me", "accounts", "sessions", "claims", "presets", "jobs")
JSON = ("application/json", "application/problem+json")


@pytest.fixture(scope="module")
def openapi() -> dict[str, Any]:
    return create_api().openapi()


def bodies(openapi: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Where each JSON body belongs, how it is told, and its schema; of lists the schema of what is in them."""
    for path, operations in openapi["paths"].items():
        if path.removeprefix("/api/v1/").split("/")[0] not in OWNERS:
            continue
        for method, operation in operations.items():
            told = {"request": operation.get("requestBody", {}), **operation["responses"]}
            for which, body in told.items():
                contents = body.get("content", {})
                for content in (contents[kind] for kind in JSON if contents.get(kind, {}).get("schema")):
                    schema = content["schema"]
                    yield f"{method} {path} {which}", content, schema["items"] if schema.get("type") == "array" else schema


def examples_of(openapi: dict[str, Any], content: dict[str, Any], schema: dict[str, Any]) -> list[Any]:
    own = [entry["value"] for entry in content.get("examples", {}).values()]
    named = openapi["components"]["schemas"].get(schema.get("$ref", "").rpartition("/")[2], schema)
    return own or list(named.get("examples", []))


def test_every_body_has_an_example_that_fits(openapi: dict[str, Any]) -> None:
    seen = list(bodies(openapi))
    assert len(seen) > 200
    for where, content, schema in seen:
        examples = examples_of(openapi, content, schema)
        assert examples, f"{where} has no example"
        validator = Draft202012Validator({**schema, "components": openapi["components"]})
        for example in examples:
            assert [error.message for error in validator.iter_errors(example)] == [], where


def test_no_example_is_of_something_that_is_gone(openapi: dict[str, Any]) -> None:
    assert sorted(set(EXAMPLES) - set(openapi["components"]["schemas"])) == []
