"""A whole town day of routine minds on the pure world, in one process."""

import hashlib
import json
import os
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest

from mqttown_cli.bench.rehearsal import Rehearsal
from mqttown_contract.events import Event
from mqttown_orchestrator.world.inputs import ActionInput, TownInput

DAY = 1440
SECRET = "Zorbl has painted the seventh lamp green"


def live(town: Any, ticks: int = DAY, **options: Any) -> tuple[Rehearsal, list[Event]]:
    rehearsal = Rehearsal(town, 1, **options)
    return rehearsal, [event for _ in range(ticks) for event in rehearsal.tick().events]


def whisper(town: Any, resident: str, begin: int, *, talk: bool = True) -> list[Event]:
    """A stranger walks to a resident, tells the secret, and a town day passes; the `said` events."""
    rehearsal, said, done = Rehearsal(town, 1, talk=talk), [], False
    place = town["districts"][0]["id"]
    for tick in range(begin + DAY):
        also: list[Any] = []
        if tick == 0:
            also = [TownInput("register", "stranger", {"name": "Stranger", "district": place, "kind": "external"})]
        elif tick == 1:
            also = [TownInput("came", "stranger")]
        elif tick >= begin and not done:
            me, them = rehearsal.state.bodies["stranger"], rehearsal.state.bodies[resident]
            if me.building is not None and me.building == them.building and them.doing != "sleeping":
                also = [ActionInput("stranger", f"s-{tick}", "say", {"text": SECRET, "to": [resident]})]
            elif me.doing == "idle":
                also = [ActionInput("stranger", f"m-{tick}", "move_to", {"to": resident})]
        events = [event for event in rehearsal.tick(also).events if event.kind == "said"]
        done = done or any(event.agent == "stranger" for event in events)
        said += events
    return said


def knowers(said: list[Event]) -> dict[str, str]:
    """Who knows the secret, and the event they heard it in first; checks every link of every chain."""
    heard: dict[str, str] = {}
    for event in said:
        if SECRET in event.data["text"]:
            if event.agent != "stranger":
                assert event.about == [heard[str(event.agent)]], "passed on with where it was heard"
            for witness in event.witnesses:
                heard.setdefault(witness, event.id)
    return heard


def test_everybody_eats_sleeps_talks_and_works_if_employed(tiny_town: Any) -> None:
    rehearsal, events = live(tiny_town)
    did: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for event in events:
        did[str(event.agent)][event.kind] += 1
    for person in tiny_town["people"]:
        deeds = did[person["id"]]
        assert deeds["finished_meal"] >= 2, person["id"]
        assert deeds["fell_asleep"] >= 1, person["id"]
        assert deeds["said"] >= 5, person["id"]
        assert deeds["arrived"] >= 3, person["id"]
        assert (deeds["finished_work"] >= 1) == (person["job"] is not None), person["id"]
    assert rehearsal.rejected <= rehearsal.accepted // 20


def test_workers_leave_for_lunch_and_come_back(helsinki: Any) -> None:
    _, events = live(helsinki)
    shifts = Counter(event.agent for event in events if event.kind == "started_work")
    assert sum(1 for times in shifts.values() if times >= 2) >= 5


def test_talk_never_becomes_a_flood(helsinki: Any) -> None:
    _, events = live(helsinki)
    hours = Counter((event.agent, event.tick // 60) for event in events if event.kind == "said")
    assert max(hours.values()) <= 16  # at most 8 in any 60 minutes, so 16 in a clock hour's two windows
    by_agent = Counter(event.agent for event in events if event.kind == "said")
    assert max(by_agent.values()) <= 120


@pytest.mark.parametrize("resident", ["aino", "eero", "joonas"])
def test_a_made_up_sentence_reaches_three_others_by_word_of_mouth_and_not_everybody(helsinki: Any, resident: str) -> None:
    heard = knowers(whisper(helsinki, resident, begin=120))
    others = set(heard) - {"stranger", resident}
    assert resident in heard
    assert len(others) >= 3
    assert len(others) < len(helsinki["people"]) - 1


def test_with_talking_switched_off_it_stays_with_one(tiny_town: Any) -> None:
    assert set(knowers(whisper(tiny_town, "veikko", begin=120, talk=False))) == {"stranger", "veikko"}


def test_a_day_depends_on_the_seed_alone(tiny_town_file: Path, root: Path) -> None:
    program = (
        "import hashlib, json, sys\n"
        "from mqttown_cli.bench.rehearsal import Rehearsal\n"
        "from mqttown_orchestrator.world.digest import digest\n"
        "town = Rehearsal(json.load(open(sys.argv[1], encoding='utf-8')), int(sys.argv[2]))\n"
        "for _ in range(600): town.tick()\n"
        "print(digest(town.state))\n"
    )

    def run(seed: str, hash_seed: str) -> str:
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        command = [sys.executable, "-c", program, str(tiny_town_file), seed]
        return subprocess.run(command, env=environment, cwd=root, capture_output=True, text=True, check=True).stdout

    assert run("1", "1") == run("1", "2")
    assert run("1", "1") != run("2", "1")


def test_what_was_said_is_the_same_twice(tiny_town: Any) -> None:
    def day() -> str:
        _, events = live(json.loads(json.dumps(tiny_town)), 500)
        return hashlib.sha256(repr([(event.id, event.data) for event in events]).encode()).hexdigest()

    assert day() == day()
