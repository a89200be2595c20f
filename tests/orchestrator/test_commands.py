"""Commands of services: registration, keys, revocation, and that they are journaled and answered once."""

import json
from typing import Any

import pytest

from mqttown_contract import topics

HASH = "sha256:" + "a" * 64


@pytest.fixture
async def town(orchestrator: Any) -> Any:
    await orchestrator.start()
    return orchestrator


async def test_register_key_and_revoke(town: Any) -> None:
    cards = await town.client("cards", topics.agent("tiny", "+", "+", "card"), topics.agent("tiny", "+", "+", "presence"))
    answer = await town.command(
        "register", agent="mira", name="Mira", kind="external", district="keskus", tagline="new here", owner="Ada", key_hash=HASH
    )
    assert answer["status"] == "accepted"
    assert answer["result"]["home_district"] == "keskus"
    card = await cards.expect("card", lambda told: told["id"] == "mira")
    assert (card["tagline"], card["owner"], card["kind"], card["home_district"]) == ("new here", "Ada", "external", "keskus")
    assert card["rate"] == {"actions_per_minute": 100, "burst": 200, "undecided": 8}
    again = await town.command("key", agent="mira", tag="pub", key_hash=HASH)
    assert again["result"]["home_district"] == "keskus"
    rows = await town.rows("SELECT tag, kind, home_district, revoked FROM town.credentials WHERE agent = 'mira' ORDER BY tag")
    assert [(row["tag"], row["revoked"]) for row in rows] == [("", None), ("pub", None)]

    await town.command("revoke", agent="mira", tag="pub")
    rows = await town.rows("SELECT tag FROM town.credentials WHERE agent = 'mira' AND revoked IS NULL")
    assert [row["tag"] for row in rows] == [""]
    await town.command("revoke", agent="mira")
    assert not await town.rows("SELECT 1 FROM town.credentials WHERE agent = 'mira' AND revoked IS NULL")
    (row,) = await town.rows("SELECT revoked_tick FROM agents WHERE id = 'mira'")
    assert row["revoked_tick"] is not None
    gone = await town.command("register", agent="mira", name="Mira", kind="external", key_hash=HASH)
    assert (gone["status"], gone["path"]) == ("rejected", "parameters.agent")
    newcomer = await town.client("newcomer", topics.agent("tiny", "+", "+", "card"))
    await newcomer.expect("card", lambda told: told["id"] == "aino")
    assert not [topic for topic, _ in newcomer.heard if "/mira/" in topic], "its card is cleared"


async def test_who_comes_for_a_job_has_it_on_the_card(town: Any) -> None:
    cards = await town.client("cards", topics.agent("tiny", "+", "+", "card"))
    asked = {"agent": "mira", "name": "Mira", "kind": "hosted", "key_hash": HASH}
    refused = await town.command("register", **asked, job="dragon")
    assert (refused["path"], sorted(refused["allowed"])) == (
        "parameters.job", ["barista-satama", "clerk-tori", "cook-meri", "librarian", "teacher"]
    )  # fmt: skip
    assert (await town.command("register", **asked, job="librarian"))["status"] == "accepted"
    assert (await cards.expect("card", lambda told: told["id"] == "mira"))["job"] == "librarian"
    (row,) = await town.rows("SELECT data ->> 'job' AS job FROM town.events WHERE kind = 'registered' AND agent = 'mira'")
    assert row["job"] == "librarian"


@pytest.mark.parametrize(
    ("parameters", "path"),
    [
        ({"agent": "aino"}, "parameters.agent"),
        ({"agent": "host-7"}, "parameters.agent"),
        ({"agent": "orchestrator"}, "parameters.agent"),
        ({"agent": "Mira"}, "parameters.agent"),
        ({"district": "atlantis"}, "parameters.district"),
        ({"home": "rantakatu-1"}, "parameters.home"),
        ({"job": "dragon"}, "parameters.job"),
        ({"plan": "endless"}, "parameters.plan"),
        ({"key_hash": "secret"}, "parameters.key_hash"),
        ({"key": "secret"}, "parameters.key"),
    ],
)
async def test_bad_registrations(town: Any, parameters: dict[str, Any], path: str) -> None:
    asked = {"agent": "mira", "name": "Mira", "kind": "external", "key_hash": HASH, **parameters}
    answer = await town.command("register", **asked)
    assert (answer["status"], answer["path"]) == ("rejected", path), answer
    assert answer["detail"]
    rows = await town.rows("SELECT parameters::text, answer::text FROM town.commands")
    assert not [row for row in rows if "secret" in row["parameters"] + row["answer"]]


async def test_a_command_is_done_and_answered_once(town: Any) -> None:
    first = await town.command("register", command_id="same", agent="mira", name="Mira", kind="external", key_hash=HASH)
    again = await town.command("register", command_id="same", agent="mira", name="Mira", kind="external", key_hash=HASH)
    assert first == again
    await town.kill()
    await town.start()
    assert await town.command("register", command_id="same", agent="otso", name="Otso", kind="external", key_hash=HASH) == first
    (row,) = await town.rows("SELECT status, parameters FROM town.commands WHERE id = 'same'")
    assert row["status"] == "accepted"
    assert "key_hash" not in row["parameters"]


async def test_unknown_commands_and_owners_claims(town: Any) -> None:
    answer = await town.command("regster")
    assert (answer["code"], answer["path"]) == ("unknown_action", "command")
    assert "'register'" in answer["detail"]
    answer = await town.command("act_for", agent="aino", action="claim", parameters={"building": "nowhere"})
    assert answer["status"] == "rejected"
    answer = await town.command("act_for", agent="aino", action="claim", parameters={"building": "puisto"})
    assert (answer["status"], answer["code"]) == ("rejected", "not_possible")
    answer = await town.command("step", ticks=0)
    assert (answer["code"], answer["path"]) == ("bad_parameters", "parameters.ticks")
    client = await town.client("raw", topics.service_in("tiny", "cli", "answer"))
    await client.link.publish(topics.service_out("tiny", "cli", "command"), b"{")
    assert (await client.expect("in/answer"))["code"] == "malformed"


async def test_an_experimenter_changes_the_town_from_outside(town: Any) -> None:
    done = await town.command("intervene", kind="price", data={"item": "coffee", "cents": 5})
    assert done["status"] == "accepted"
    (row,) = await town.rows("SELECT id, tick, data FROM events WHERE kind = 'intervened'")
    assert (row["tick"], row["id"]) == (done["tick"], done["result"]["event"])
    for data in ({"item": "coffee"}, {"item": "coffee", "cents": -1}, {"item": ["coffee"], "cents": 5}):
        wrong = await town.command("intervene", kind="price", data=data)
        assert (wrong["status"], wrong["code"]) == ("rejected", "not_possible"), data
    unknown = await town.command("intervene", kind="flood", data={})
    assert "close" in unknown["allowed"]
    told = await town.command("intervene", by="helmi", kind="broadcast", data={"text": "The tram is late."})
    (row,) = await town.rows("SELECT what FROM town.audit WHERE kind = 'intervene' AND what ? 'by'")
    what = json.loads(row["what"])
    assert (what["by"], what["service"], what["parameters"]["kind"]) == ("helmi", "cli", "broadcast")
    (row,) = await town.rows("SELECT witnesses FROM events WHERE kind = 'announced'")
    assert told["status"] == "accepted"
    assert "aino" in row["witnesses"]


async def test_stop(town: Any) -> None:
    await town.command("stop")
    await town.last_words(town.processes[-1])
    assert town.processes[-1].returncode == 0
