"""Documents made from the contract."""

import jsonschema
import pytest
from jsonschema import Draft202012Validator

from mqttown_contract.documents import asyncapi, schemas
from mqttown_contract.verbs import VERBS


@pytest.mark.parametrize("name", sorted(schemas()))
def test_schema_is_valid(name: str) -> None:
    Draft202012Validator.check_schema(schemas()[name])


def test_verb_schema_refuses_what_the_verb_does_not_know() -> None:
    for verb in VERBS.values():
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({"surprise": 1}, verb.schema)


def test_asyncapi_references_resolve() -> None:
    document = asyncapi()

    def resolve(node: object) -> None:
        if isinstance(node, dict):
            if "$ref" in node:
                target: object = document
                for step in node["$ref"].removeprefix("#/").split("/"):
                    assert isinstance(target, dict)
                    assert step in target, node["$ref"]
                    target = target[step]
            for value in node.values():
                resolve(value)
        elif isinstance(node, list):
            for value in node:
                resolve(value)

    resolve(document)
    assert {operation["action"] for operation in document["operations"].values()} == {"send", "receive"}
