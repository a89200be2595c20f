"""The town as a model: surveys without a trace, cuts, newcomers, forks, who knew what from whom."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from mqttown_agents.routine import Routine
from mqttown_cli.__main__ import app
from mqttown_cli.laboratory.fork import Fork, ForkError
from mqttown_cli.laboratory.measures.meeting import in_earshot as met_in_earshot
from mqttown_cli.laboratory.measures.registry import MEASURES
from mqttown_cli.laboratory.provenance import provenance
from mqttown_cli.laboratory.survey import QuestionError
from mqttown_cli.laboratory.taking import fork_of_run
from mqttown_cli.laboratory.town import InterventionError, Town
from mqttown_orchestrator.world.hearing import in_earshot

TINY = str(Path(__file__).parents[1] / "towns" / "tiny.json")
NEWS = "The lantern of Pihlajasaari burns blue again."
Run = Callable[..., tuple[dict[str, Any], Path]]


def lived(ticks: int, *doings: tuple[int, str, dict[str, Any]], **parameters: Any) -> Town:
    """A town that has lived for some ticks, with something done at some of them."""
    town = Town(**{"seed": 7, "town": TINY, **parameters})
    for tick in range(1, ticks + 1):
        for at, kind, data in doings:
            if at == tick:
                town.intervene(kind, data, "at")
        town.step()
    return town


def events(town: Town, kind: str) -> list[dict[str, Any]]:
    rows = town.tables()["events"].filter(pl.col("kind") == kind).to_dicts()
    return [{**row, "data": json.loads(row["data"])} for row in rows]


def test_a_survey_leaves_no_trace() -> None:
    asked, left_alone = (
        lived(200, (1, "plant", {"agent": "aino", "text": NEWS})),
        lived(200, (1, "plant", {"agent": "aino", "text": NEWS})),
    )
    about_something = {"knows": NEWS, "need": "food", "trait": "curious", "recall": "a blue lantern"}
    questions: list[dict[str, Any]] = [{"ask": ask, "about": about} for ask, about in about_something.items()]
    questions += [{"ask": "acquainted"}, {"ask": "mood"}, {"ask": "plans"}, {"ask": "choice", "options": ["cafe", "park"]}]
    for question in questions:
        answers = asked.survey(question)
        assert [answer["agent"] for answer in answers] == list(asked.minds)
        for answer in answers:
            filled = [name for name in ("boolean", "number", "text", "list") if answer[name] is not None]
            assert filled in ([], ["text" if answer["type"] == "choice" else answer["type"]])
    for town in (asked, left_alone):
        for _ in range(200):
            town.step()
    assert asked.digest() == left_alone.digest()
    assert asked.tables()["memories"].equals(left_alone.tables()["memories"])
    assert NEWS in asked.survey({"ask": "recall", "about": "a blue lantern"}, ["aino"])[0]["text"]
    with pytest.raises(QuestionError, match="acquainted"):
        asked.survey({"ask": "meaning of life"})
    with pytest.raises(QuestionError, match="needs 'about'"):
        asked.survey({"ask": "knows"})


def test_planted_news_is_ones_own_and_has_an_unbroken_chain() -> None:
    town = lived(400, (1, "plant", {"agent": "aino", "text": NEWS}))
    found = provenance(town.tables()["knows"], NEWS)
    assert len(found.chains) >= 3
    assert (found.broken(), found.false_knowers) == ({}, {})
    first = next(iter(found.chains.values()))
    assert (first[0].speaker, first[0].hearer) == (None, "aino")
    for agent, chain in found.chains.items():
        mind = town.minds[agent]
        assert isinstance(mind, Routine)
        assert mind.notebook.gossip.knows(NEWS)
        assert chain[-1].hearer == agent
    outside = [agent for agent in town.minds if agent not in found.chains]
    assert [agent for agent in outside if town.minds[agent].notebook.gossip.knows(NEWS)] == []  # type: ignore[attr-defined]


def test_who_says_what_they_never_heard_is_shown() -> None:
    rows = [
        (1, "e-1-0", "aino", None, NEWS, []),
        (5, "e-5-0", "otto", "leena", NEWS, []),
        (6, "e-6-0", "sami", "hanna", "x", ["e-1-0"]),
    ]
    found = provenance(pl.DataFrame(rows, schema=["tick", "event", "agent", "speaker", "text", "about"], orient="row"), NEWS)
    assert found.false_knowers == {"leena": "e-5-0", "hanna": "e-6-0"}
    assert list(found.broken()) == ["sami"]
    assert (
        provenance(pl.DataFrame(rows, schema=["tick", "event", "agent", "speaker", "text", "about"], orient="row"), "y").chains
        == {}
    )


def test_a_cut_keeps_words_from_a_group_and_mending_lets_them_through() -> None:
    free = lived(300, (1, "plant", {"agent": "aino", "text": NEWS}))
    others = [agent for agent in free.minds if agent != "aino"]
    heard = provenance(free.tables()["knows"], NEWS).chains
    assert set(heard) > {"aino"}
    cut = {"name": "alone", "from": ["aino"], "to": others}
    apart = lived(300, (1, "cut", cut), (1, "plant", {"agent": "aino", "text": NEWS}))
    assert list(provenance(apart.tables()["knows"], NEWS).chains) == ["aino"]
    assert any(row["speaker"] == "aino" and row["heard_by"] == [] for row in apart.tables()["speech"].to_dicts())
    censored = lived(300, (1, "cut", {**cut, "to": None, "words": ["Lantern"]}), (1, "plant", {"agent": "aino", "text": NEWS}))
    assert list(provenance(censored.tables()["knows"], NEWS).chains) == ["aino"]
    assert any(row["speaker"] == "aino" and row["heard_by"] for row in censored.tables()["speech"].to_dicts())
    mended = (2, "mend", {"name": "alone"}), (2, "mend", {"name": "alone-back"})
    again = lived(300, (1, "cut", cut), (1, "plant", {"agent": "aino", "text": NEWS}), *mended)
    assert set(provenance(again.tables()["knows"], NEWS).chains) > {"aino"}
    assert "altered" not in json.loads(_dump(again))


def _dump(town: Town) -> bytes:
    from mqttown_orchestrator.world.digest import dump  # noqa: PLC0415

    return dump(town.state)


def test_doors_prices_wages_rules_weather_and_words_to_all() -> None:
    town = lived(
        700,
        (1, "close", {"building": "cafe-satama"}),
        (1, "price", {"item": "pulla", "cents": 1}),
        (1, "wage", {"job": "all", "cents": 60_00}),
        (1, "rule", {"name": "earshot", "value": 1}),
        (10, "weather", {"weather": "snow"}),
        (20, "broadcast", {"text": NEWS}),
    )
    assert events(town, "weather")[0]["data"] == {"weather": "snow"}
    assert len(town.tables()["knows"].filter(pl.col("event") == events(town, "announced")[0]["id"])) == len(town.minds)
    wages = [row["data"] for row in events(town, "finished_work")]
    assert wages
    assert all(row["wage"] == row["minutes"] * 100 for row in wages)
    inside = town.tables()["events"].filter(pl.col("kind") == "arrived", pl.col("building") == "cafe-satama")
    assert set(inside["agent"]) <= {agent for agent, body in town.state.bodies.items() if body.job == "barista-satama"}
    bought = [row["data"] for row in events(town, "bought") if row["data"]["item"] == "pulla"]
    assert bought
    assert all(row["price"] == row["quantity"] for row in bought)
    caused = {row["cause"] for row in events(town, "weather") + events(town, "announced")}
    assert caused & {row["id"] for row in events(town, "intervened")}


def test_residents_come_and_go() -> None:
    newcomer = {"agent": "nina", "name": "Nina Salo", "district": "ranta", "like": "aino", "purse": 5000}
    town = lived(200, (5, "add", newcomer), (50, "remove", {"agents": ["otto"]}))
    assert "otto" not in town.state.bodies
    assert town.state.bodies["nina"].away_since is None
    acted = town.tables()["actions"].filter(pl.col("agent") == "nina")
    assert len(acted) > 3
    assert acted["tick"].min() == 6
    kinds = town.tables()["interventions"].select("kind", "event").rows()
    assert [kind for kind, _ in kinds] == ["add", "remove"]
    assert sum(town.state.accounts.values()) == 0
    with pytest.raises(ValueError, match="nobody here is called otto"):
        town.intervene("remove", {"agents": ["otto"]}, "at")


def test_groups() -> None:
    town = lived(1)
    assert town.choose({"where": {"home_district": "ranta"}, "except": ["aino"]})
    assert len(town.choose({"sample": 3})) == 3
    assert town.choose({"sample": 3}) == lived(1).choose({"sample": 3})
    assert town.choose({"where": {"sociable": {"above": 2000}}}) == []
    homes = dict(town.tables()["agents"].select("agent", "home_district").iter_rows())
    one_each = town.choose({"of_each": "home_district", "sample": 1})
    assert len(one_each) == len({homes[agent] for agent in one_each}) == len(set(homes.values())) > 1
    assert len(town.choose({"share": 0.5})) == round(len(homes) / 2)
    assert town.choose({"share": 0.001, "of_each": "home_district"}) == one_each, "one at least"
    with pytest.raises(ValueError, match="a share is above 0"):
        town.choose({"share": 4})
    with pytest.raises(ValueError, match="residents have no shoe_size"):
        town.choose({"sample": 1, "of_each": "shoe_size"})
    with pytest.raises(ValueError, match="residents have no shoe_size"):
        town.choose({"where": {"shoe_size": 44}})
    with pytest.raises(InterventionError, match="There is no rule gravity"):
        lived(2, (1, "rule", {"name": "gravity", "value": 1}))


def test_whom_residents_meet_is_to_whom_they_could_speak() -> None:
    town = lived(0)
    for _ in range(6):
        for _ in range(97):
            town.step()
        bodies, now = town.state.bodies, town.tables()["residents"]
        met = dict(zip(now["agent"], met_in_earshot(now), strict=True))
        awake = {agent for agent, body in bodies.items() if body.doing != "sleeping"}
        assert met == {agent: len(list(in_earshot(town.state, body))) if agent in awake else None for agent, body in bodies.items()}
        mean = MEASURES["met"](town.tables())
        assert mean == (pytest.approx(sum(met[agent] for agent in awake) / len(awake)) if awake else None)


def test_a_fork_goes_on_as_if_it_had_never_been_left(run: Run, tmp_path: Path) -> None:
    base = {
        "name": "base",
        "time_limit": 300,
        "parameters": {"town": TINY},
        "setup": [{"do": "plant", "agent": "aino", "text": NEWS}],
    }
    whole, out = run(base)
    told = CliRunner().invoke(app, ["experiment", "fork", str(tmp_path / "fork"), "--from", str(out), "--at", "120", "--json"])
    assert json.loads(told.stdout)["tick"] == 120
    goes_on = {"name": "goes-on", "time_limit": 180, "parameters": {"start": str(tmp_path / "fork")}}
    again, _ = run(goes_on)
    assert again["runs"][0]["state"] == whole["runs"][0]["state"]
    assert again["runs"][0]["facts"]["fork"]["tick"] == 120
    what_if, _ = run({**goes_on, "interventions": [{"at": 121, "do": "close", "building": "cafe-satama"}]})
    assert what_if["runs"][0]["state"] != whole["runs"][0]["state"]
    with pytest.raises(ForkError, match="come to tick 300"):
        fork_of_run(out, 0, 301)
    with pytest.raises(ForkError, match="is no fork"):
        Fork.read(out)


def test_chain_and_export_from_the_command_line(rumour: dict[str, Any], run: Run, tmp_path: Path) -> None:
    _, out = run({**rumour, "repetitions": 1})
    told = json.loads(CliRunner().invoke(app, ["experiment", "chain", str(out), "--fact", NEWS, "--json"]).stdout)
    assert told["broken"] == told["false_knowers"] == {}
    assert next(iter(told["chains"])) == "aino"
    for form, files in (("csv", 13), ("jsonl", 13), ("graphml", 4)):
        arguments = ["experiment", "export", str(out), "--out", str(tmp_path / form), "--format", form, "--pseudonymise"]
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == 0, done.output
        assert len(list((tmp_path / form).iterdir())) == files
    hidden = "\n".join(file.read_text(encoding="utf-8") for file in (tmp_path / "csv").iterdir())
    names = pl.read_parquet(out / "agents" / "0000.parquet")
    for name in [*names["agent"], *names["name"]]:
        assert name not in hidden
    assert pl.read_csv(tmp_path / "csv" / "agents.csv")["tagline"].null_count() == 12
