"""The same mind inline, in a container and outside, in lockstep: the same day, to the bit. And what each placement costs."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from mqttown_agents.population import known_in_town
from mqttown_dashboard.model_keys import seal
from mqttown_runtime.supervision.register import Register
from mqttown_runtime.supervision.spec import Spec

pytestmark = [pytest.mark.slow, pytest.mark.town]
TICKS = 150
SOMEBODY = "otto"
SEED = 11


def a_day(town: Any) -> tuple[Any, ...]:
    """Hashes of all ticks, and of the last state."""

    async def read() -> tuple[Any, ...]:
        connection = await asyncpg.connect(town.database)
        try:
            ticks = await connection.fetch("SELECT tick, inputs_hash, events_hash FROM town.ticks ORDER BY tick")
            last = await connection.fetchrow("SELECT tick, hash FROM town.snapshots ORDER BY tick DESC LIMIT 1")
            spoke = await connection.fetchval("SELECT count(*) FROM town.actions WHERE agent = $1", SOMEBODY)
        finally:
            await connection.close()
        return [tuple(row) for row in ticks], tuple(last), spoke

    return asyncio.run(read())


def place(town: Any, somebody: str, credentials: dict[str, Any] | None = None) -> dict[str, Any]:
    """Wish somebody into a container; before the town has ever run that only keeps them out of the host."""

    async def wish() -> dict[str, Any]:
        pool = await asyncpg.create_pool(town.database, min_size=1, max_size=1)
        try:
            register = Register(pool)
            await register.make()
            file = town.data / "town.json"
            person = {"id": somebody}
            if file.exists():
                compiled = json.loads(file.read_text())
                person = next(one for one in compiled["people"] if one["id"] == somebody)
            public, given = await register.seal(), None
            if credentials is not None and public is not None:  # outside there is no jailer to hand them to
                given = seal(json.dumps(credentials), public, f"handover {somebody}")
            await register.wish(somebody, Spec(persona=person), handover=given)
            return person
        finally:
            await pool.close()

    return asyncio.run(wish())


@pytest.fixture
def lived(start_town: Callable[..., Any]) -> Callable[[str], tuple[Any, ...]]:
    """Let a town live for some hours, with somebody placed; return its hashes."""

    def live(placement: str) -> tuple[Any, ...]:
        lockstep = ("--residents", "6", "--lockstep", "--speed", "0", "--for-ticks", str(TICKS), "--seed", str(SEED))
        town = start_town(*lockstep, *(["--sandbox"] if placement == "docker" else []))
        if placement != "inline":
            place(town, SOMEBODY)
            town.begin()
            credentials = json.loads(town.cli("agent", "key", SOMEBODY, "--tag", "out", "--json"))
            person = place(town, SOMEBODY, credentials)
            if placement == "outside":
                resident = run_outside(town, credentials, person)
        else:
            town.begin()
        assert town.process.wait(120) == 0, town.lines
        if placement == "outside":
            resident.terminate()
            assert resident.wait(10) == 0
        return a_day(town)

    return live


def run_outside(town: Any, credentials: dict[str, Any], person: dict[str, Any]) -> subprocess.Popen[bytes]:
    """The same program that runs in a container, as anybody's process."""
    compiled = json.loads((town.data / "town.json").read_text())
    told = {
        "mind": "routine", "person": person, "known": known_in_town(compiled, person["home"]),
        "seed": SEED, "talk": True, "lockstep": True,
    }  # fmt: skip
    for name, document in (("resident.json", told), ("credentials.json", credentials)):
        (town.data / name).write_text(json.dumps(document))
    environment = {"MQTTOWN_RESIDENT": str(town.data / "resident.json"), "MQTTOWN_CREDENTIALS": str(town.data / "credentials.json")}
    return subprocess.Popen([sys.executable, "-m", "mqttown_runtime.resident"], env={**os.environ, **environment}, cwd=Path.cwd())


def test_a_mind_lives_the_same_day_wherever_it_runs(lived: Callable[[str], tuple[Any, ...]]) -> None:
    inline = lived("inline")
    assert len(inline[0]) == TICKS
    assert inline[2] > 20  # the somebody in question does act
    assert lived("docker") == inline
    assert lived("outside") == inline
