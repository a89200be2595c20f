"""Hosted residents in a whole town: registered over REST and from a shell they walk and talk, claim, pause and go."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

pytestmark = [pytest.mark.town, pytest.mark.slow]
MIRA = """
id: mira
name: Mira Halonen
tagline: Counts the trams.
traits: {sociable: 950}
likes: [cafe, restaurant]
wakes: 06:05
job: cashier-kaisaniemi
relations: [{with: aino, kind: friend, warmth: 900}]
"""


class Owner:
    """Somebody with an account."""

    def __init__(self, api: str, name: str) -> None:
        self.api = api
        form = {"name": name, "password": "seven grey trams"}
        assert httpx.post(f"{api}/accounts", json=form, timeout=20).status_code == 201
        signed = httpx.post(f"{api}/sessions", json=form, timeout=20).json()
        self._headers = {"Authorization": f"Bearer {signed['access_token']}"}

    def send(self, method: str, path: str, **more: Any) -> httpx.Response:
        return httpx.request(method, f"{self.api}{path}", headers=self._headers, timeout=40, **more)

    def resident(self, name: str) -> dict[str, Any]:
        return dict(self.send("GET", f"/me/residents/{name}").json())


def until(condition: Callable[[], Any], seconds: float = 60.0) -> Any:
    """What `condition` gives once it is true."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.2)
    return found


def memories(town: Any, agent: str) -> int:
    """How many of its own are kept."""

    async def count() -> int:
        connection = await asyncpg.connect(town.running["database"])
        try:
            return int(await connection.fetchval("SELECT count(*) FROM memory.memories WHERE agent = $1", agent))
        finally:
            await connection.close()

    return asyncio.run(count())


@pytest.fixture(scope="module", autouse=True)
def fast(town: Any) -> None:
    """Twenty minutes of the town's a second."""
    town.cli("speed", "1200")


def test_a_persona_registered_over_rest_walks_and_talks(town: Any) -> None:
    anna = Owner(town.ready["api"], "anna")
    wrong = anna.send("POST", "/me/residents", json={"id": "mira", "name": "Mira", "job": "dragon"})
    assert (wrong.status_code, wrong.json()["path"]) == (409, "body.job")
    assert {"cashier-kaisaniemi", "barista-fazer"} <= set(wrong.json()["allowed"])
    assert {job["id"] for job in town.api("/jobs")} == set(wrong.json()["allowed"])
    made = anna.send("POST", "/me/residents/import", content=MIRA.encode())
    assert made.status_code == 201, made.text
    until(lambda: anna.resident("mira")["status"] == "running")
    kinds = until(lambda: _kinds(anna, "mira") if {"departed", "said", "started_work"} <= _kinds(anna, "mira") else None, 90)
    assert "came" in kinds
    thoughts = anna.send("GET", "/me/residents/mira/thoughts").json()["items"]
    assert any(thought["reasoning"] for thought in thoughts)
    assert anna.resident("mira")["milestones"]["first_talk"] is not None
    assert anna.send("POST", "/me/residents/mira/commands", json={"command": "pause"}).json()["status"] == "paused"
    until(lambda: anna.send("GET", "/agents/mira").json()["presence"] == "offline")
    assert anna.send("POST", "/me/residents/mira/commands", json={"command": "resume"}).status_code == 200
    until(lambda: anna.resident("mira")["status"] == "running")
    assert memories(town, "mira") > 0
    assert any("purse" in line for line in anna.send("DELETE", "/me/residents/mira").json()["goes"])
    assert memories(town, "mira") == 0
    assert anna.send("GET", "/agents/mira").status_code == 404
    again = anna.send("POST", "/me/residents", json={"id": "mira", "name": "Mira Again"})
    assert (again.status_code, again.json()["path"]) == (409, "body.agent")


def test_of_two_who_claim_at_once_one_gets_it_and_the_other_is_told_why(town: Any) -> None:
    owners = [Owner(town.ready["api"], name) for name in ("bert", "carl")]
    for owner, name in zip(owners, ("bea", "cilla"), strict=True):
        assert owner.send("POST", "/me/residents", json={"id": name, "name": name.title()}).status_code == 201
    houses = [
        house for house in town.api("/buildings?limit=1000")["items"] if house["price"] is not None and house["owner"] is None
    ]
    house = min(houses, key=lambda house: (house["price"], house["id"]))
    answers: list[httpx.Response] = []
    claims = [
        threading.Thread(target=lambda owner=owner: answers.append(owner.send("POST", "/claims", json={"building": house["id"]})))
        for owner in owners
    ]
    for claim in claims:
        claim.start()
    for claim in claims:
        claim.join()
    got, refused = sorted(answers, key=lambda answer: answer.status_code)
    assert (got.status_code, refused.status_code) == (201, 409), (got.text, refused.text)
    winner = got.json()["agent"]
    assert f"belongs to {winner}" in refused.json()["detail"]
    until(lambda: town.api(f"/buildings/{house['id']}")["owner"] == winner, 5)
    mine = [claim["building"] for owner in owners for claim in owner.send("GET", "/claims").json()]
    assert mine == [house["id"]]


@pytest.mark.parametrize("language", ["python", "javascript", "shell"])
def test_the_programs_to_begin_with_run_as_printed(
    town: Any, language: str, node: str, node_modules: Path, mosquitto_clients: None, tmp_path: Path
) -> None:
    owner = Owner(town.ready["api"], f"owner-{language}")
    made = owner.send("POST", "/agents", json={"id": f"visitor-{language}"}).json()
    file = {
        "python": tmp_path / "a.py",
        "javascript": node_modules.parent / f"{language}-{os.getpid()}.mjs",
        "shell": tmp_path / "a.sh",
    }
    file[language].write_text(made["snippets"][language], encoding="utf-8")
    command = {"python": [sys.executable], "javascript": [node], "shell": ["sh"]}[language]
    program = subprocess.Popen([*command, str(file[language])], stdout=subprocess.PIPE, start_new_session=True)
    try:
        until(lambda: owner.send("GET", f"/agents/visitor-{language}").json()["presence"] == "online")
        assert program.stdout is not None
        assert program.stdout.readline(), "it tells what it hears"
    finally:
        os.killpg(program.pid, signal.SIGKILL)
        program.communicate()
        file[language].unlink()


def test_the_same_from_a_shell(town: Any, tmp_path: Path) -> None:
    file = tmp_path / "shell.yaml"
    file.write_text(MIRA.replace("id: mira", "id: shelly"), encoding="utf-8")
    made = json.loads(town.cli("host", "new", str(file), "--json").stdout)
    assert (made["id"], made["owner"]) == ("shelly", "operator")
    assert "shelly" in town.cli("host", "list").stdout
    assert "sociable: 950" in town.cli("host", "show", "shelly").stdout
    assert "paused" in town.cli("host", "pause", "shelly").stdout
    file.write_text("id: shelly\nname: Shelly\ntraits:\n  socialble: 3\n", encoding="utf-8")
    wrong = town.cli("host", "new", str(file), check=False)
    assert wrong.returncode == 1
    assert f"{file}:4:3: traits.socialble: there is no such field" in wrong.stderr
    told = town.cli("host", "delete", "shelly", "--yes").stdout
    assert "goes:" in told
    assert "shelly is deleted" in told


def _kinds(owner: Owner, agent: str) -> set[str]:
    events = owner.send("GET", "/events", params={"agent": agent, "limit": 1000}).json()["items"]
    return {event["kind"] for event in events if event["agent"] == agent}
