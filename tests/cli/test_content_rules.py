"""The rules of speech and conduct as content: a town's own, and mistakes in them with their place."""

import json
from pathlib import Path

import pytest

from mqttown_cli.content.load import find_town
from mqttown_cli.content.problem import ContentError
from mqttown_cli.content.rules import compile_rules, main, write_rules
from mqttown_orchestrator.rulebook import Rulebook, read_rulebook


def test_the_rules_that_come_with_mqttown(tmp_path: Path) -> None:
    write_rules(find_town("helsinki"), tmp_path / "rules.json")
    rules = read_rulebook(tmp_path / "rules.json")
    assert rules.moderation.lists
    assert rules.moderation.patterns
    assert rules.conduct.flag < rules.conduct.quarantine
    assert read_rulebook(None) == Rulebook()


def test_a_towns_own_rules_stand_in_for_the_general_ones(tmp_path: Path) -> None:
    (tmp_path / "moderation.yaml").write_text(
        "lists: [{id: own, says: no teapots, weight: 90, words: [teapot]}]\n", encoding="utf-8"
    )
    own = compile_rules(tmp_path)
    assert [listed["id"] for listed in own["moderation"]["lists"]] == ["own"]
    assert own["conduct"] == compile_rules(find_town("helsinki"))["conduct"]


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("patterns:\n  - {id: a, says: b, weight: 5, pattern: '('}\n", 2, "no regular expression"),
        ("thresholds: {mask: 90, hold: 50, reject: 95}\n", 1, "mask must not be above hold"),
        ("lists:\n  - id: a\n    says: b\n    weight: 500\n    words: [teapot]\n", 4, "500"),
        ("lists:\n  - {id: a, says: b, weight: 5, words: [aaaaa*]}\n", 2, "different letters"),
        ("list: []\n", 1, "unknown field 'list'"),
    ],
)
def test_mistakes(tmp_path: Path, text: str, line: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "moderation.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ContentError) as caught:
        compile_rules(tmp_path)
    (problem,) = caught.value.problems
    assert problem.line == line
    assert said in str(problem)
    assert main(str(tmp_path), str(tmp_path / "rules.json")) == 1
    assert said in capsys.readouterr().out
    assert not (tmp_path / "rules.json").exists()


def test_the_file_is_plain_json(tmp_path: Path) -> None:
    write_rules(find_town("helsinki"), tmp_path / "rules.json")
    assert set(json.loads((tmp_path / "rules.json").read_text(encoding="utf-8"))) == {"moderation", "conduct"}
