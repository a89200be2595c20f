"""`mqttown content`: what it prints and how it exits."""

import json
from pathlib import Path

from typer.testing import CliRunner

from mqttown_cli.content.command import app
from mqttown_cli.content.load import find_town

RUNNER = CliRunner()


def test_check_of_a_fine_town() -> None:
    result = RUNNER.invoke(app, ["check", "helsinki"])
    assert (result.exit_code, result.output) == (0, "helsinki: fine\n")


def test_check_takes_a_folder_and_prints_json() -> None:
    result = RUNNER.invoke(app, ["check", str(find_town("helsinki")), "--json"])
    assert (result.exit_code, json.loads(result.output)) == (0, {"ok": True, "problems": []})


def test_check_of_a_town_with_mistakes(tmp_path: Path) -> None:
    (tmp_path / "town.yaml").write_text("id: Bad Id\nname: X\n", encoding="utf-8")
    result = RUNNER.invoke(app, ["check", str(tmp_path)])
    assert result.exit_code == 1
    lines = result.output.splitlines()
    assert lines[-1] == f"{tmp_path}: {len(lines) - 1} mistakes"
    assert any(line.startswith(f"{tmp_path}/town.yaml:1:5: id: ") for line in lines)
    told = RUNNER.invoke(app, ["check", str(tmp_path), "--json"])
    assert told.exit_code == 1
    assert len(json.loads(told.output)["problems"]) == len(lines) - 1


def test_unknown_town_is_a_mistake() -> None:
    result = RUNNER.invoke(app, ["check", "helsinky"])
    assert result.exit_code == 1
    assert "did you mean 'helsinki'?" in result.output


def test_schemas_are_written_where_asked(tmp_path: Path) -> None:
    result = RUNNER.invoke(app, ["schemas", "--out", str(tmp_path)])
    assert result.exit_code == 0
    assert "people.schema.json" in {file.name for file in tmp_path.iterdir()}
