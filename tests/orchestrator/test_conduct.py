"""Unusual conduct: routine residents never look it; who repeats, circles money or floods does, and is held until released."""

import random
from collections import defaultdict
from typing import Any

import pytest

from mqttown_cli.bench.rehearsal import Rehearsal
from mqttown_cli.content.load import find_town
from mqttown_cli.content.rules import compile_rules
from mqttown_orchestrator.pipeline.conduct import Circle, Profile, Signs, circling, sameness, score
from mqttown_orchestrator.rulebook import Conduct
from mqttown_orchestrator.world.inputs import ActionInput


@pytest.fixture(scope="module")
def rules() -> Conduct:
    return Conduct.model_validate(compile_rules(find_town("helsinki"))["conduct"])


@pytest.mark.parametrize("tick_seconds", [1.0, 0.05])
def test_no_routine_resident_is_flagged_in_a_day(tiny_town: Any, rules: Conduct, tick_seconds: float) -> None:
    rehearsal = Rehearsal(tiny_town, 1)
    profiles: defaultdict[str, Profile] = defaultdict(lambda: Profile(rules))
    highest, actions = 0, 0
    for tick in range(1440):
        for entry in rehearsal._inputs:
            if isinstance(entry, ActionInput):
                profile, actions = profiles[entry.agent], actions + 1
                profile.acted(tick * tick_seconds, entry.parameters.get("text") if entry.verb == "say" else None)
                highest = max(highest, score(profile.signs(), rules))
        rehearsal.tick()
    assert len(profiles) == len(tiny_town["people"])
    assert actions > 300
    assert highest < rules.flag, highest


def test_the_formulas() -> None:
    assert sameness(["a"] * 16) == 1.0
    assert sameness([str(number) for number in range(16)]) == pytest.approx(0.0)
    assert sameness(["a"] * 8 + ["b"] * 8) == pytest.approx(0.75)
    assert circling([("a", "b", 5), ("b", "a", 5)]) == 1.0
    assert circling([("a", "b", 5), ("b", "c", 5), ("c", "a", 5)]) == 1.0, "circles of any length"
    assert circling([("a", "b", 5), ("a", "c", 7)]) == 0.0
    assert circling([]) == 0.0


def test_an_even_or_a_bursting_pace_alone_holds_nobody(rules: Conduct) -> None:
    steady = Profile(rules)
    for number in range(2000):
        steady.acted(number * 1.0, f"sentence {number}")
    assert 0 < score(steady.signs(), rules) < rules.flag, "every program is even"
    bursting, at = Profile(rules), 0.0
    for _ in range(400):
        at += 10.0
        bursting.acted(at, None)
    for _ in range(200):
        at += 0.05
        bursting.acted(at, None)
    signs = bursting.signs()
    assert signs.pace == 1.0
    assert score(signs, rules) < rules.quarantine


def test_chatty_people_are_not_flagged(rules: Conduct) -> None:
    luck, person, at = random.Random(5), Profile(rules), 0.0
    common = ["ok", "yes", "hello", "good morning", "thanks"]
    for number in range(1000):
        at += luck.expovariate(1 / 15)
        person.acted(at, luck.choice(common) if luck.random() < 0.4 else f"I saw {number} ducks today")
        assert score(person.signs(), rules) < rules.flag


def test_the_same_sentence_again_and_again_is_flagged_and_with_a_beat_held(rules: Conduct) -> None:
    shouter = Profile(rules)
    for number in range(64):
        shouter.acted(number * 1.0, "Buy my soup!")
    assert shouter.signs() == Signs(sameness=1.0, rhythm=1.0)
    assert score(shouter.signs(), rules) >= rules.quarantine


def test_money_in_circles(rules: Conduct) -> None:
    ring = Circle(rules)
    for number in range(24):
        ring.gave(f"bot-{number % 3}", f"bot-{(number + 1) % 3}", 50)
    assert score(Signs(circling=ring.sign), rules) >= rules.quarantine
    family = Circle(rules)
    for number in range(24):
        family.gave("mother", f"child-{number % 3}", 50)
    assert family.sign == 0.0
    assert Circle(rules).sign == 0.0


async def test_who_spams_is_held_until_the_operator_releases(orchestrator: Any) -> None:
    await orchestrator.start()
    spam = await orchestrator.join("spam", owner="Ada")
    await spam.hello()
    code, number = None, 0
    while code is None:
        verdict = await spam.act(f"s-{number}", "say", {"text": "Buy my soup!"})
        code, number = verdict["code"], number + 1
        assert number < 200
    assert code == "quarantined"
    assert verdict["retry_after"] > 0
    assert not any(word in verdict["detail"] for word in ("score", "sameness", "rhythm"))
    assert (await spam.expect("in/notice", lambda told: told["code"] == "quarantined"))["text"]
    flags = await orchestrator.rows("SELECT id, agent, owner, score FROM town.flags ORDER BY id")
    assert {(row["agent"], row["owner"]) for row in flags} == {("spam", "Ada")}
    assert flags[-1]["score"] >= 85
    await orchestrator.stop()
    await orchestrator.start()
    await spam.hello()
    assert (await spam.act("still", "wait"))["code"] == "quarantined", "over a restart"
    await orchestrator.command("release", agent="spam")
    assert (await spam.act("free", "say", {"text": "Sorry."}))["status"] == "accepted"
    answer = await orchestrator.command("clear_flag", id=flags[-1]["id"])
    assert answer["status"] == "accepted"
    rows = await orchestrator.rows("SELECT kind FROM town.audit WHERE agent = 'spam' ORDER BY n")
    kinds = [row["kind"] for row in rows]
    assert kinds[0] == "register"
    assert kinds[-2:] == ["quarantine", "release"]
    assert set(kinds[1:-2]) == {"flag"}


async def test_a_fleet_that_says_one_sentence_is_flagged(orchestrator: Any) -> None:
    await orchestrator.start()
    fleet = [await orchestrator.join(f"bot-{number}", owner="Ada") for number in range(4)]
    for bot in fleet:
        await bot.hello()
    for number in range(6):
        for bot in fleet:
            assert (await bot.act(f"f-{number}", "say", {"text": "Buy my soup!"}))["status"] == "accepted", "few words each"
    flags = await orchestrator.rows("SELECT owner, agent FROM town.flags")
    assert {row["owner"] for row in flags} == {"Ada"}


async def test_an_id_with_other_content_is_told_so(orchestrator: Any) -> None:
    await orchestrator.start()
    mira = await orchestrator.join("mira")
    await mira.hello()
    first = await mira.act("one", "say", {"text": "first"})
    again = await mira.act("one", "say", {"text": "first"}, reasoning="sent again")
    assert (again["events"], again["tick"]) == (first["events"], first["tick"])
    assert mira.count("in/notice") == 0, "sending again is fine"
    assert (await mira.act("one", "say", {"text": "second"}))["events"] == first["events"]
    notice = await mira.expect("in/notice")
    assert notice["code"] == "id_reused"
    assert "'one'" in notice["text"]
