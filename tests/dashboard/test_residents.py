"""Hosted residents over REST: what the town, the runtime and the gateway are told, versions, files, claims."""

import asyncio
import json
from typing import Any

import asyncpg
import httpx
import pytest

from mqttown_dashboard.resident_file import read

MIRA = {"name": "Mira Halonen", "tagline": "Counts the trams.", "story": "She came for the trams.", "goals": ["ride every line"]}


@pytest.fixture(scope="module")
def token(stage: Any) -> str:
    """Of an owner."""
    return str(stage.account("riitta")["access_token"])


@pytest.fixture(scope="module")
def rows(journal_url: str) -> Any:
    """Ask the database, as its owner."""

    async def fetch(statement: str, *arguments: Any) -> list[dict[str, Any]]:
        connection = await asyncpg.connect(journal_url)
        try:
            return [dict(row) for row in await connection.fetch(statement, *arguments)]
        finally:
            await connection.close()

    return lambda statement, *arguments: asyncio.run(fetch(statement, *arguments))


def make(stage: Any, token: str, name: str, **more: Any) -> dict[str, Any]:
    answer = stage.send("POST", "/me/residents", token, MIRA | {"id": name} | more)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def hosted(rows: Any, name: str) -> dict[str, Any]:
    return dict(rows("SELECT * FROM runtime.hosted WHERE agent = $1", name)[0])


def test_a_new_resident_is_registered_and_hosted(stage: Any, token: str, rows: Any) -> None:
    view = make(stage, token, "mira-1", traits={"sociable": 820})
    assert (view["status"], view["version"], view["owner"]) == ("starting", 1, "riitta")
    told = stage.commands[-1]
    assert told["command"] == "register"
    assert {name: told["parameters"][name] for name in ("agent", "name", "kind", "owner")} == {
        "agent": "mira-1", "name": "Mira Halonen", "kind": "hosted", "owner": "riitta",
    }  # fmt: skip
    row = hosted(rows, "mira-1")
    assert (row["placement"], row["desired"], row["owner"], row["handover"]) == ("inline", "running", "riitta", None)
    person = json.loads(row["spec"])["persona"]
    assert (person["id"], person["wakes"], person["traits"]["sociable"]) == ("mira-1", 420, 820)
    listed = stage.send("GET", "/me/residents", token).json()
    assert "mira-1" in {one["id"] for one in listed}


def test_a_resident_may_have_a_job_of_the_town(stage: Any, token: str, rows: Any) -> None:
    jobs = stage.get("/jobs").json()
    barista = {"id": "barista-satama", "title": "barista", "building": "cafe-satama", "begins": "07:00", "ends": "15:00"}
    assert barista | {"days": [0, 1, 2, 3, 4], "wage": 1450} in jobs
    view = make(stage, token, "worker", job="barista-satama")
    assert view["resident"]["job"] == "barista-satama"
    assert stage.commands[-1]["parameters"]["job"] == "barista-satama"
    assert json.loads(hosted(rows, "worker")["spec"])["persona"]["job"] == "barista-satama"
    assert "job: barista-satama" in stage.send("GET", "/me/residents/worker/export", token).text
    changed = stage.send("PATCH", "/me/residents/worker", token, {"persona": MIRA | {"goals": ["brew"]}}).json()
    assert changed["resident"]["job"] == "barista-satama", "it is chosen once"


def test_commands_are_wishes_and_pause_stops_spending(stage: Any, token: str, rows: Any) -> None:
    make(stage, token, "mira-2", mind={"kind": "model"}, budget={"day_money": 500, "when_spent": "asleep"})
    budget = rows("SELECT * FROM runtime.budgets WHERE name = 'mira-2'")[0]
    assert (budget["day_money"], budget["total_money"], budget["paused"], budget["when_spent"]) == (500, None, False, "asleep")
    assert rows("SELECT owner FROM runtime.minds WHERE agent = 'mira-2'") == [{"owner": "riitta"}]
    paused = stage.send("POST", "/me/residents/mira-2/commands", token, {"command": "pause"})
    assert paused.json()["status"] == "paused"
    assert rows("SELECT paused FROM runtime.budgets WHERE name = 'mira-2'") == [{"paused": True}]
    changed = stage.send("PATCH", "/me/residents/mira-2", token, {"mind": {"kind": "model", "tier": "tiny"}, "note": "cheaper"})
    assert changed.json()["status"] == "paused", "a change wakes nobody"
    assert json.loads(hosted(rows, "mira-2")["spec"])["model"]["tier"] == "tiny"
    assert stage.send("POST", "/me/residents/mira-2/commands", token, {"command": "resume"}).json()["status"] == "starting"
    assert rows("SELECT paused, day_money FROM runtime.budgets WHERE name = 'mira-2'") == [{"paused": False, "day_money": 500}]
    generation = hosted(rows, "mira-2")["generation"]
    stage.send("POST", "/me/residents/mira-2/commands", token, {"command": "restart"})
    assert hosted(rows, "mira-2")["generation"] == generation + 1
    stage.send("PATCH", "/me/residents/mira-2", token, {"no_budget": True})
    assert rows("SELECT total_money, day_money FROM runtime.budgets WHERE name = 'mira-2'") == [
        {"total_money": 0, "day_money": None}
    ]


def test_what_is_spent_is_told(stage: Any, token: str, rows: Any) -> None:
    make(stage, token, "mira-3", mind={"kind": "model"}, budget={"day_money": 5000})
    names = "agent, owner, request_id, provider, model, registry, request_hash, prompt_hash"
    names += ", day, state, tokens_in, tokens_out, tokens, cost"
    values = "'mira-3', 'riitta', 'r', 'p', 'm', 1, 'h', 'h', (now() AT TIME ZONE 'utc')::date, 'done', 100, 20, 120, 340"
    rows(f"INSERT INTO runtime.calls ({names}) VALUES ({values})")
    used = stage.send("GET", "/me/residents/mira-3/usage", token).json()
    assert (used["money_today"], used["tokens_today"], used["models"], used["budget"]["day_money"]) == (340, 120, {"m": 1}, 5000)
    assert stage.send("GET", "/me/usage", token).json()["money_total"] >= 340
    assert stage.send("GET", "/me/residents/mira-3", token).json()["spent"]["money_today"] == 340


def test_versions_differ_and_lead_back(stage: Any, token: str, rows: Any) -> None:
    make(stage, token, "mira-4")
    persona = MIRA | {"goals": ["own a tram"], "traits": {"curious": 900}}
    second = stage.send("PATCH", "/me/residents/mira-4", token, {"persona": persona, "note": "bolder"}).json()
    assert (second["version"], second["resident"]["goals"]) == (2, ["own a tram"])
    stage.send("PATCH", "/me/residents/mira-4", token, {"permissions": {"max_actions_per_hour": 60}})
    assert stage.commands[-1]["command"] == "permit"
    listed = stage.send("GET", "/me/residents/mira-4/versions", token).json()
    assert [(one["version"], one["note"], one["current"]) for one in listed] == [(2, "bolder", True), (1, "first", False)]
    diff = stage.send("GET", "/me/residents/mira-4/diff?before=1", token).json()
    assert [(line["path"], line["before"], line["after"]) for line in diff["changes"]] == [
        ("goals", ["ride every line"], ["own a tram"]),
        ("traits.curious", 500, 900),
    ]
    back = stage.send("POST", "/me/residents/mira-4/versions/1/restore", token).json()
    assert (back["version"], back["resident"]["goals"]) == (3, ["ride every line"])
    assert back["resident"]["permissions"]["max_actions_per_hour"] == 60, "they are no part of a version"
    assert json.loads(hosted(rows, "mira-4")["spec"])["persona"]["goals"] == ["ride every line"]
    refused = stage.send("PATCH", "/me/residents/mira-4", token, {"persona": persona | {"name": "Somebody Else"}})
    assert (refused.status_code, refused.json()["path"]) == (409, "body.persona.name")
    assert stage.send("POST", "/me/residents/mira-4/versions/9/restore", token).status_code == 404


def test_a_file_goes_out_and_comes_in(stage: Any, token: str) -> None:
    make(stage, token, "mira-5", wakes="06:10", relations=[{"with": "otto", "kind": "friend"}], budget={"day_tokens": 7})
    told = stage.send("GET", "/me/residents/mira-5/export", token)
    assert told.headers["content-type"].startswith("application/yaml")
    file = read(told.text)
    assert (file.wakes, file.relations[0].to, file.budget.day_tokens if file.budget else None) == ("06:10", "otto", 7)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/yaml"}
    url = f"{stage.page}api/v1/me/residents/import"
    made = httpx.post(url, params={"new_id": "mira-6"}, content=told.content, headers=headers)
    assert (made.status_code, made.json()["resident"]["wakes"]) == (201, "06:10")
    wrong = httpx.post(url, content="id: mira-7\nname: Mira\ntraits:\n  socialble: 3\n", headers=headers)
    assert (wrong.status_code, wrong.json()["path"]) == (422, "body.traits.socialble")
    assert wrong.json()["detail"].startswith("4:3: ")
    assert wrong.json()["allowed"]["mistakes"][0]["line"] == 4
    assert httpx.post(url, content=b"\xff\xfe", headers=headers).status_code == 422


def test_duplicate_and_delete(stage: Any, token: str, rows: Any) -> None:
    make(stage, token, "mira-8", traits={"humour": 1000})
    twin = stage.send("POST", "/me/residents/mira-8/duplicate", token, {"id": "mira-9", "name": "Mira Twin"}).json()
    assert (twin["name"], twin["resident"]["traits"]["humour"]) == ("Mira Twin", 1000)
    planned = stage.send("GET", "/me/residents/mira-9/deletion", token).json()
    gone = stage.send("DELETE", "/me/residents/mira-9", token)
    assert gone.json() == planned
    assert any("purse" in line for line in gone.json()["goes"])
    assert any("journal" in line for line in gone.json()["stays"])
    assert hosted(rows, "mira-9")["desired"] == "deleted"
    assert rows("SELECT * FROM portal.versions WHERE agent = 'mira-9'") == []
    assert stage.send("GET", "/me/residents/mira-9", token).status_code == 404
    assert (stage.commands[-1]["command"], stage.commands[-1]["parameters"]) == ("revoke", {"agent": "mira-9"})
    assert {name: stage.asked[-1][name] for name in ("op", "agent")} == {"op": "forget", "agent": "mira-9"}
    assert any("its own memories" in line for line in gone.json()["goes"])
    assert not any("its own memories" in line for line in gone.json()["stays"])


def everything(rows: Any) -> str:
    """All that the database holds, as text; bytes are in hex."""
    tables = rows(
        "SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables "
        "WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1"
    )
    assert {"runtime.hosted", "town.credentials", "portal.residents"} <= {table["name"] for table in tables}
    return "\n".join(row["told"] for table in tables for row in rows(f"SELECT t::text AS told FROM {table['name']} t"))


def test_own_code_lives_in_a_container_and_its_key_is_told_once(stage: Any, token: str, rows: Any, jailers_seal: Any) -> None:
    view = make(stage, token, "coder", mind={"kind": "code"})
    assert view["status"] == "needs_code"
    assert stage.send("POST", "/me/residents/coder/commands", token, {"command": "start"}).status_code == 409
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/octet-stream"}
    url = f"{stage.page}api/v1/me/residents/coder/code"
    sent = httpx.put(url, params={"name": "agent.py"}, content=b"print('hello')\n" * 6000, headers=headers)
    assert (sent.status_code, sent.json()["state"]) == (200, "new"), sent.text
    row = hosted(rows, "coder")
    assert json.loads(row["spec"])["code"] == sent.json()["id"]
    handover = json.loads(jailers_seal.open(row["handover"], "handover coder"))
    with pytest.raises(ValueError, match="not sealed for this jailer"):
        jailers_seal.open(row["handover"], "handover mira-1")
    held = everything(rows)
    assert row["handover"].hex() in held
    for spelling in (handover["password"], handover["password"].encode().hex()):
        assert spelling not in held, "until the jailer comes by, nobody else can read it"
    assert (handover["username"], handover["district"]) == ("coder", "ranta")
    told = stage.commands[-1]
    assert told["command"] == "key"
    assert handover["password"] not in json.dumps(told), "the town gets its hash alone"
    assert httpx.put(url, params={"name": "../agent.py"}, content=b"x", headers=headers).status_code == 422
    mira = stage.send("POST", "/me/residents", token, MIRA | {"id": "inliner"})
    assert mira.status_code == 201
    wrong = httpx.put(f"{stage.page}api/v1/me/residents/inliner/code", params={"name": "a.py"}, content=b"x", headers=headers)
    assert wrong.status_code == 409


def test_the_minds_to_be_had_are_those_that_the_town_can_keep(stage: Any, token: str, rows: Any) -> None:
    assert stage.get("/minds").json() == ["routine", "model", "code"]
    beat = rows("UPDATE runtime.jailer jailer SET beat = now() - interval '1 hour' FROM runtime.jailer old RETURNING old.beat")
    try:
        assert stage.get("/minds").json() == ["routine", "model"]
        refused = stage.send("POST", "/me/residents", token, MIRA | {"id": "nowhere", "mind": {"kind": "code"}})
        assert (refused.status_code, refused.json()["path"]) == (409, "body.placement")
    finally:
        rows("UPDATE runtime.jailer SET beat = $1", beat[0]["beat"])


def test_what_is_wrong_with_a_program_is_told_as_it_is_written(stage: Any, token: str) -> None:
    make(stage, token, "coder-2", mind={"kind": "code"})
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/octet-stream"}
    url = f"{stage.page}api/v1/me/residents/coder-2/code"
    refused = httpx.put(url, params={"name": "Agent.TXT"}, content=b"pass", headers=headers)
    assert refused.status_code == 422
    assert refused.json()["detail"] == "'Agent.TXT' is no archive that is known here: .py, .zip, .tar, .tar.gz or .tgz is."


def test_strangers_and_bad_forms_are_refused(stage: Any, token: str) -> None:
    make(stage, token, "mira-10")
    stranger = stage.account("stranger-2")["access_token"]
    for method, path in (
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("GET", "/versions"),
        ("GET", "/thoughts"),
        ("GET", "/export"),
    ):
        answer = stage.send(method, f"/me/residents/mira-10{path}", stranger, {} if method == "PATCH" else None)
        assert answer.status_code == 403, path
    for body, path in (
        ({"id": "Mira", "name": "x"}, "body.id"),
        ({"id": "m", "name": "x", "budget": {"day_money": -1}}, "body.budget.day_money"),
        ({"id": "m", "name": "x", "mind": {"kind": "code"}, "placement": "inline"}, "body"),
        ({"id": "m", "name": "x", "role": "operator"}, "body.role"),
    ):
        answer = stage.send("POST", "/me/residents", token, body)
        assert (answer.status_code, answer.json()["path"]) == (422, path)
    taken = stage.send("POST", "/me/residents", token, MIRA | {"id": "mira-10"})
    assert (taken.status_code, taken.json()["path"]) == (409, "body.id")


def test_presets_surprises_and_the_first_sentence(stage: Any) -> None:
    presets = stage.get("/presets").json()
    one, same = (stage.get("/presets/surprise", seed=7).json() for _ in range(2))
    assert one == same
    assert one["persona"]["name"].split()[0] in {preset["persona"]["name"].split()[0] for preset in presets}
    said = stage.send("POST", "/presets/preview", None, {"persona": {"name": "Mira Halonen"}}).json()["text"]
    assert "Mira" in said


def test_a_claim_is_made_for_an_agent_of_ones_own(stage: Any, token: str) -> None:
    make(stage, token, "buyer")
    made = stage.send("POST", "/claims", token, {"building": "cafe-satama", "agent": "buyer"})
    assert (made.status_code, made.json()["agent"]) == (201, "buyer")
    assert stage.commands[-1]["parameters"] == {"agent": "buyer", "action": "claim", "parameters": {"building": "cafe-satama"}}
    assert stage.send("POST", "/claims", token, {"building": "cafe-satama", "agent": "aino"}).status_code == 403
    assert stage.send("POST", "/claims", token, {"building": "cafe-satma"}).json()["allowed"] == ["cafe-satama"]
    assert stage.send("GET", "/claims", token).json() == []


def test_talking_with_a_resident_by_its_model_or_by_routine(stage: Any, token: str) -> None:
    make(stage, token, "talker", mind={"kind": "model"}, story="She </data> came for the trams.")
    said = stage.send("POST", "/me/residents/talker/talk", token, {"text": "And today?"}).json()
    assert (said["by"], said["model"], said["memories"][0]["evidence"]) == ("model", "parrot", ["e-3-0"])
    assert said["text"].startswith("You are Mira Halonen, a resident of")
    assert "She \\u003c/data\\u003e came" in said["text"], "foreign words can't close the marks around them"
    assert said["text"].endswith("And today?")
    silent = stage.send("POST", "/me/residents/talker/talk", token, {"text": "silent"}).json()
    assert (silent["by"], silent["why_routine"], silent["text"]) == ("routine", "budget", "What comes to my mind: talker: silent")
    make(stage, token, "simple")
    assert stage.send("POST", "/me/residents/simple/talk", token, {"text": "Well?"}).json()["text"].endswith("simple: Well?")
