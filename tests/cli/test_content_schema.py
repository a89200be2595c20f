"""JSON Schemas beside the content: current, valid, named in every file, and true to it."""

import re
from pathlib import Path

import jsonschema
import pytest

from mqttown_cli.content.load import content_folder
from mqttown_cli.content.schema import schema_texts, write_schemas
from mqttown_cli.content.source import read_source

CONTENT = content_folder()
FILES = sorted(CONTENT.rglob("*.yaml"))
OF_FOLDER = {"models": "models", "prose": "prose", "scenarios": "experiment"}
"""All files of these folders are of one kind."""


def test_schemas_are_current() -> None:
    for name, text in schema_texts().items():
        kept = (CONTENT / "schemas" / name).read_text(encoding="utf-8")
        assert kept == text, f"{name} is out of date: run `mqttown content schemas`"


def test_writing_gives_the_same_files(tmp_path: Path) -> None:
    assert {file.name: file.read_text(encoding="utf-8") for file in write_schemas(tmp_path)} == schema_texts()


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(CONTENT)))
def test_file_names_its_schema_and_fits_it(file: Path) -> None:
    first = file.read_text(encoding="utf-8").splitlines()[0]
    named = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first)
    assert named is not None
    schema = read_source(file.parent / named[1]).data
    assert Path(named[1]).name == OF_FOLDER.get(file.parent.name, file.stem) + ".schema.json"
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(read_source(file).data, schema, jsonschema.Draft202012Validator)
