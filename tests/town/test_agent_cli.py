"""The command line towards a running town: agents, keys, tail, the clock, and what it says when something is wrong."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mqttown_broker.packets import RawClient
from mqttown_contract import topics

pytestmark = [pytest.mark.town, pytest.mark.timeout(120)]
MQTTOWN = str(Path(sys.executable).parent / "mqttown")
KICK_SECONDS = 2.0

Connect = Callable[[dict[str, Any]], Any]


@pytest.fixture(scope="module", autouse=True)
def quick(town: Any) -> None:
    """Ten ticks a second, so that answers come soon."""
    town.cli("speed", "600")


def refused(town: Any, *args: str) -> str:
    """A command that must fail with one sentence; returns it."""
    done = town.cli(*args, check=False)
    assert done.returncode == 1, done.stdout
    assert "Traceback" not in done.stderr
    sentence = str(done.stderr).strip()
    assert sentence.startswith("mqttown: ")
    return sentence


def test_a_new_agent_gets_credentials_and_three_ways(town: Any, connect: Connect) -> None:
    known = town.new_agent("nora", "--district", "kluuvi", "--tagline", "Counts the trams.")
    assert (known["username"], known["client_id"], known["district"], known["town"]) == ("nora", "nora", "kluuvi", "helsinki")
    assert known["port"] == town.mqtt_port
    assert known["ws_url"] == town.ready["ws"]
    assert known["topics"]["action"] == topics.agent_out("helsinki", "kluuvi", "nora", "action")
    file = town.data / "agents" / "nora.json"
    assert json.loads(file.read_text(encoding="utf-8")) == known
    assert file.stat().st_mode & 0o077 == 0, "a key is for its owner's eyes"
    assert connect(known).hello()["agent_id"] == "nora"
    card = town.api("/agents/nora")
    assert (card["name"], card["tagline"], card["kind"]) == ("Nora", "Counts the trams.", "external")

    shown = town.cli("agent", "new", "nils").stdout
    for way in ('Agent("nils")', "mqtt.connect", "mosquitto_sub", "mosquitto_pub", "nils~pub"):
        assert way in shown


def test_agents_are_listed(town: Any) -> None:
    town.new_agent("lena")
    listed = json.loads(town.cli("agent", "list", "--json").stdout)["items"]
    found = {agent["id"]: agent for agent in listed}
    assert len([agent for agent in listed if agent["kind"] == "hosted"]) == 25
    assert (found["lena"]["kind"], found["lena"]["name"]) == ("external", "Lena")
    assert list(found) == sorted(found)
    assert "lena " in town.cli("agent", "list").stdout


def test_a_second_key_opens_a_second_connection(town: Any, connect: Connect) -> None:
    first = connect(town.new_agent("kira"))
    second = json.loads(town.cli("agent", "key", "kira", "--tag", "pub", "--json").stdout)
    assert (second["username"], second["client_id"]) == ("kira~pub", "kira~pub")
    speaking = connect(second)
    speaking.send("hello", {})
    assert first.expect("observation")["agent_id"] == "kira"
    assert not first.disconnected.is_set()


def test_revoking_ends_the_live_connection(town: Any, connect: Connect) -> None:
    agent = connect(town.new_agent("rolf"))
    agent.hello()
    revoking = subprocess.Popen([MQTTOWN, "agent", "revoke", "rolf", "--data", str(town.data)], stdout=subprocess.PIPE, text=True)
    said, _ = revoking.communicate(timeout=30)
    assert revoking.returncode == 0
    assert "rolf is revoked" in said
    assert agent.disconnected.wait(KICK_SECONDS)
    assert not (town.data / "agents" / "rolf.json").exists()
    assert "rolf" not in [row["id"] for row in json.loads(town.cli("agent", "list", "--json").stdout)["items"]]
    assert "the name 'rolf' is taken" in refused(town, "agent", "new", "rolf")


def test_revoking_one_key_leaves_the_other(town: Any, connect: Connect) -> None:
    first = connect(town.new_agent("saga"))
    second = connect(json.loads(town.cli("agent", "key", "saga", "--tag", "old", "--json").stdout))
    first.hello()
    town.cli("agent", "revoke", "saga", "--tag", "old")
    assert second.disconnected.wait(KICK_SECONDS)
    assert first.hello()["agent_id"] == "saga"
    assert not first.disconnected.is_set()


async def tried(credentials: dict[str, Any]) -> int | None:
    """The broker's answer to somebody who wants to come in."""
    client = await RawClient.open(credentials["host"], credentials["port"])
    try:
        return await client.connect(credentials["username"], credentials["password"])
    finally:
        await client.close()


def test_a_key_is_changed_without_a_gap(town: Any, connect: Connect) -> None:
    first = connect(town.new_agent("tilda"))
    meanwhile = connect(json.loads(town.cli("agent", "key", "tilda", "--tag", "next", "--expires", "1h", "--json").stdout))
    meanwhile.hello()
    changed = json.loads(town.cli("agent", "rotate", "tilda", "--json").stdout)
    assert changed["password"] != first.known["password"]
    assert first.disconnected.wait(KICK_SECONDS), "the old key ends at once"
    assert meanwhile.act("between", "say", {"text": "I am still here."})["status"] == "accepted"
    again = connect(changed)
    assert again.act("after", "wait")["status"] == "accepted"
    assert not meanwhile.disconnected.is_set(), "the agent was connected all the time"
    assert asyncio.run(tried(first.known)) == 5, "not authorised"
    row = next(row for row in json.loads(town.cli("agent", "list", "--json").stdout)["items"] if row["id"] == "tilda")
    assert {"", "next"} <= {key["tag"] for key in row["keys"]}


def test_what_is_wrong_is_told_with_what_is_allowed(town: Any) -> None:
    assert "'Mira!' is no id: 1 to 48 lower-case letters, digits, - and _" in refused(town, "agent", "new", "Mira!")
    assert "the name 'aino' is taken" in (taken := refused(town, "agent", "new", "aino"))
    assert "allowed: a name that nobody has or had" in taken
    assert "'memory' is the name of a service" in refused(town, "agent", "new", "memory")
    nowhere = refused(town, "agent", "new", "olga", "--district", "atlantis")
    assert "there is no district 'atlantis'" in nowhere
    assert "kluuvi" in nowhere
    for command in (("agent", "revoke", "nemo"), ("agent", "key", "nemo", "--tag", "a"), ("quarantine", "nemo", "--why", "x")):
        assert "there is no agent 'nemo'" in refused(town, *command)
    assert "there is no agent 'nemo'" in refused(town, "tail", "nemo", "--count", "1")
    assert "'No' is no id of an agent" in refused(town, "tail", "No")
    verbs = refused(town, "permit", "aino", "dance")
    assert "should be 'move_to', 'say', 'wait'" in verbs
    assert "(parameters.allowed_actions[0])" in verbs


def test_tail_shows_what_an_agent_saw_sent_and_was_answered(town: Any, connect: Connect) -> None:
    agent = connect(town.new_agent("tove"))
    with subprocess.Popen(
        [MQTTOWN, "tail", "tove", "--count", "5", "--json", "--data", str(town.data)], stdout=subprocess.PIPE, text=True
    ) as tail:
        assert tail.stdout is not None
        lines = [json.loads(tail.stdout.readline())]  # the retained presence: it listens now
        agent.hello()
        agent.act("t-1", "say", {"text": "Is anybody there?"})
        lines += [json.loads(line) for line in tail.stdout]
        assert tail.wait(20) == 0
    assert len(lines) == 5
    assert lines[0]["channel"] == "presence"
    seen = {(line["direction"], line["channel"]) for line in lines}
    assert {("out", "hello"), ("in", "observation")} <= seen
    words = subprocess.run(
        [MQTTOWN, "tail", "tove", "--count", "1", "--data", str(town.data)], capture_output=True, text=True, check=True
    )
    assert words.stdout.startswith("is   presence")


def test_the_clock_is_paused_stepped_resumed_and_hurried(town: Any) -> None:
    assert "paused" in town.cli("pause").stdout
    clock = town.api("/clock")
    assert clock["state"] == "paused"
    town.cli("step", "3")
    deadline = time.monotonic() + 10
    while (now := town.api("/clock"))["tick"] < clock["tick"] + 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert now["tick"] == clock["tick"] + 3
    town.cli("speed", "1200")
    assert town.api("/clock")["tick"] == clock["tick"] + 3, "still paused"
    assert "goes on" in town.cli("resume").stdout
    while (now := town.api("/clock"))["tick"] < clock["tick"] + 6 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert (now["state"], now["speed"]) == ("running", 1200)
    assert now["tick"] >= clock["tick"] + 6
