"""Mistakes in content are found, all of them, and told with file, line and column."""

import gzip
import json
import shutil
from pathlib import Path

import pytest

from mqttown_cli.content.check import check
from mqttown_cli.content.load import content_folder, find_town, load
from mqttown_cli.content.problem import ContentError, Problem
from mqttown_cli.content.source import read_source

HELSINKI = content_folder() / "towns" / "helsinki"


@pytest.fixture
def town(tmp_path: Path) -> Path:
    folder = tmp_path / "helsinki"
    shutil.copytree(HELSINKI, folder)
    for general in (content_folder() / "general").glob("*.yaml"):
        shutil.copy(general, folder / general.name)
    shutil.copytree(content_folder() / "prose", folder / "prose")
    return folder


def spoil(file: Path, right: str, wrong: str) -> tuple[int, int]:
    """Replace the first `right` by `wrong`, and return line and column of the sign ▸ in it, which is taken out."""
    text = file.read_text(encoding="utf-8").replace(right, wrong, 1)
    assert "▸" in text, f"{right!r} is not in {file.name}"
    before, _, after = text.partition("▸")
    file.write_text(before + after, encoding="utf-8")
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def only(problems: list[Problem]) -> Problem:
    assert len(problems) == 1, "\n".join(map(str, problems))
    return problems[0]


def test_helsinki_has_no_mistakes() -> None:
    assert check(load(HELSINKI)) == []


# file, right, wrong with a sign where it is wrong, said, allowed, nearest
SHAPES = [
    ("people.yaml", "sociable: 380", "sociable: ▸1380", "1380", "0 to 1000", None),
    ("people.yaml", "wakes: 06:40", "wakes: ▸24:40", "'24:40'", "HH:MM", None),
    ("people.yaml", "likes: [cafe, park]", "likes: [▸kafe, park]", "'kafe'", "cafe, restaurant", "cafe"),
    ("people.yaml", "age: 71", "age: ▸old", "'old'", "years, whole number 16 to 110", None),
    ("people.yaml", "id: fatima", "id: ▸Fatima!", "'Fatima!'", "pattern", None),
    ("jobs.yaml", "days: mon-fri", "days: ▸mon-fry", "'mon-fry'", "mon-fri", None),
    ("jobs.yaml", "wage: 1650", "wage: ▸a lot", "'a lot'", "cents an hour", None),
    ("places.yaml", "price: 380", "price: ▸0", "0", "cents", None),
    ("kinds.yaml", "opens: 07:00", "opens: ▸7 am", "'7 am'", "HH:MM", None),
    ("kinds.yaml", "  museum:", "  ▸musem:", "unknown name 'musem'", "museum", "museum"),
    ("weather.yaml", "start: clear", "start: ▸cleer", "'cleer'", "clear, cloudy, rain, snow, fog", "clear"),
    ("town.yaml", "timezone: Europe/Helsinki", "timezone: ▸here & now", "'here & now'", "IANA", None),
    ("items.yaml", "eat_minutes: 10", "▸eat_minuts: 10", "unknown field 'eat_minuts'", "eat_minutes", "eat_minutes"),
]
REFERENCES = [
    ("people.yaml", "home: liisankatu-27", "home: ▸liisankatu-72", "'liisankatu-72'", "known ids", "liisankatu-27"),
    ("people.yaml", "home: liisankatu-27", "home: ▸cafe-engel", "of kind cafe", "home", None),
    ("people.yaml", "job: nurse-diacor", "job: ▸nurse-dyacor", "no job 'nurse-dyacor'", "known ids", "nurse-diacor"),
    ("people.yaml", "with: arvo, kind: acquaintance", "with: ▸avro, kind: acquaintance", "no person 'avro'", "known ids", "arvo"),
    ("people.yaml", "wakes: 06:15", "wakes: ▸08:15", "the shift is 08:00-15:30", "20 min before the shift", None),
    ("jobs.yaml", "building: cafe-ekberg", "building: ▸cafe-eckberg", "'cafe-eckberg'", "known ids", "cafe-ekberg"),
    ("jobs.yaml", "building: karl-fazer-cafe, kind: cafe", "building: ▸karl-fazer-cafe, kind: bar", "of kind cafe", "bar", None),
    (
        "jobs.yaml",
        "from: 10:00, to: 17:30, days: mon-fri",
        "from: ▸01:00, to: 17:30, days: mon-fri",
        "out of hours",
        "09:00 to 20:00",
        None,
    ),
    (
        "jobs.yaml",
        "to: 17:30, days: tue-sat",
        "to: 17:30, days: ▸mon-sat",
        "works on mon-sat, but ateneum is open tue-sun",
        None,
        None,
    ),
    ("places.yaml", "item: pulla", "item: ▸pula", "no item 'pula'", "known ids", "pulla"),
    ("places.yaml", "building: cafe-java", "building: ▸cafe-ekberg", "'cafe-ekberg' is already in line 5", None, None),
    ("kinds.yaml", "item: kebab", "item: ▸kebap", "no item 'kebap'", "known ids", "kebab"),
    ("items.yaml", "company: 0}, eat_minutes: 12", "company: 0}, eat_minutes: ▸0", "takes no time to eat", None, None),
    ("weather.yaml", "rain: {clear: 30, cloudy: 270", "▸rain: {clear: 31, cloudy: 270", "the chances sum to 1001", "1000", None),
    ("crowd.yaml", "{{ first }} is {{ age }}", "▸{{ first }} is {{ aged }}", "unknown variable 'aged'", "age", "age"),
    ("prose/talk.yaml", "  ask_news:", "  ▸ask_newz:", "nobody speaks from a group 'ask_newz'", "ask_news", "ask_news"),
]


@pytest.mark.parametrize("mistakes", [SHAPES, REFERENCES], ids=["shapes", "references"])
def test_every_mistake_is_told_where_it_stands(
    town: Path, mistakes: list[tuple[str, str, str, str, str | None, str | None]]
) -> None:
    where = [spoil(town / file, right, wrong) for file, right, wrong, *_ in mistakes]
    problems = check(load(town))
    for (file, _, _, what, allowed, near), (line, column) in zip(mistakes, where, strict=True):
        problem = next(found for found in problems if (found.file, found.line) == (str(town / file), line) and what in found.what)
        if file != "crowd.yaml":
            assert problem.column == column, problem
        assert problem.nearest == near, problem
        assert (problem.allowed is None) if allowed is None else (allowed in str(problem.allowed)), problem
        assert str(problem).startswith(f"{town / file}:{line}:{problem.column}: ")


def test_unknown_field_points_at_the_key_and_names_the_nearest(town: Path) -> None:
    line, _ = spoil(town / "people.yaml", "    tagline:", "    ▸tag_line:")
    unknown, missing = sorted(check(load(town)), key=lambda problem: "missing" in problem.what)
    assert (unknown.line, unknown.column) == (line, 5)
    assert unknown.what == "unknown field 'tag_line'"
    assert unknown.nearest == "tagline"
    assert missing.what == "the field 'tagline' is missing"
    assert missing.path == "people[0]"


def test_key_said_twice_names_the_first(town: Path) -> None:
    line, _ = spoil(town / "town.yaml", "name: Helsinki", "▸id: helsinki")
    problem = next(problem for problem in check(load(town)) if "twice" in problem.what)
    assert (problem.line, problem.column) == (line, 1)
    assert f"line {line - 1}" in problem.what


def test_what_is_no_yaml_is_told_where_it_breaks(town: Path) -> None:
    line, _ = spoil(town / "items.yaml", "energy: 90, company: 0}", "energy: 90, company: 0▸")
    problem = next(problem for problem in check(load(town)) if "not YAML" in problem.what)
    assert problem.line in (line, line + 1)


def test_relation_must_be_answered_with_its_counterpart(town: Path) -> None:
    spoil(town / "people.yaml", "with: leena, kind: child", "with: leena, kind: ▸parent")
    here, there = check(load(town))
    assert (here.allowed, there.allowed) == ("child", "child")
    assert here.path.startswith("people[")
    assert here.path.endswith(".kind")


def test_relation_needs_one_back(town: Path) -> None:
    spoil(town / "people.yaml", "      - {with: veikko, kind: neighbour, warmth: 720}\n", "▸\n")
    problem = only(check(load(town)))
    assert problem.what == "'aino' has no relation back"


@pytest.mark.parametrize(
    ("right", "wrong", "what", "near"),
    [
        ("{{ text }}", "{{ tekst }}", "unknown variable 'tekst'", "text"),
        ("{{ text }}", "{{ text | upper }}", "changes the words that it passes on", None),
        ("{{ text }}", "{{ text }", "not a jinja template", None),
        ("{{ text }}", "something", "does not say {{ text }}", None),
    ],
)
def test_template_that_does_not_hold(town: Path, right: str, wrong: str, what: str, near: str | None) -> None:
    text = (town / "prose" / "news.yaml").read_text(encoding="utf-8")
    head, _, templates = text.partition("templates:")
    (town / "prose" / "news.yaml").write_text(head + "templates:" + templates.replace(right, wrong, 1), encoding="utf-8")
    problem = only(check(load(town)))
    assert problem.path == "groups.pass_on.templates[0]"
    assert problem.what.startswith(what)
    assert problem.nearest == near
    assert problem.line == head.count("\n") + 2
    assert problem.column == 9


def test_missing_group_of_prose_is_a_mistake(town: Path) -> None:
    spoil(town / "prose" / "talk.yaml", "  ask_news:", "  ▸ask_newz:")
    problems = check(load(town))
    assert {problem.nearest for problem in problems} == {"ask_news", None}
    assert any(problem.what == "no file here has the group 'ask_news'" for problem in problems)


def test_a_town_without_a_readable_map_says_so(town: Path) -> None:
    (town / "map.json.gz").write_bytes(gzip.compress(json.dumps({"buildings": []}).encode()))
    assert "lacks town, districts, streets, drawing" in only(check(load(town))).what
    homeless = json.loads(gzip.decompress((HELSINKI / "map.json.gz").read_bytes()))
    homeless["buildings"] = [building for building in homeless["buildings"] if building["kind"] != "home"]
    (town / "map.json.gz").write_bytes(gzip.compress(json.dumps(homeless).encode(), 1))
    assert any(problem.what == "nobody can live here" for problem in check(load(town)))
    (town / "map.json.gz").write_bytes(b"no gzip")
    assert "can't be read" in only(check(load(town))).what


def test_unknown_town_names_the_nearest() -> None:
    with pytest.raises(ContentError) as error:
        find_town("helsinky")
    assert error.value.problems[0].nearest == "helsinki"


def test_an_alias_that_holds_itself_is_refused(tmp_path: Path) -> None:
    (tmp_path / "loop.yaml").write_text("a: &x\n  b: *x\n", encoding="utf-8")
    with pytest.raises(ContentError, match="holds itself"):
        read_source(tmp_path / "loop.yaml")
