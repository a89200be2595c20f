"""Where credentials are looked for, and what is told when they aren't there."""

import json
from pathlib import Path
from typing import Any

import pytest

from mqttown import Agent, Credentials, CredentialsError
from mqttown.link import Address

MIRA: dict[str, Any] = {"username": "mira", "password": "k", "town": "tiny", "district": "ranta", "host": "10.0.0.1", "port": 1884}
ENVIRONMENT = {
    "MQTTOWN_AGENT": "mira~pub",
    "MQTTOWN_KEY": "from the environment",
    "MQTTOWN_TOWN": "tiny",
    "MQTTOWN_DISTRICT": "ranta",
    "MQTTOWN_MQTT_HOST": "broker.example",
    "MQTTOWN_MQTT_PORT": "2883",
}


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory without a town, and an environment without credentials."""
    monkeypatch.chdir(tmp_path)
    for name in (*ENVIRONMENT, "MQTTOWN_CREDENTIALS", "MQTTOWN_DATA"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def write(file: Path, found: Any) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(found if isinstance(found, str) else json.dumps(found), encoding="utf-8")
    return file


def test_the_file_of_the_default_data_directory(empty_folder: Path) -> None:
    write(empty_folder / ".mqttown" / "agents" / "mira.json", {**MIRA, "topics": {}, "ws_url": "ws://…"})
    found = Credentials.find("mira")
    assert (found.agent, found.password, found.address) == ("mira", "k", Address("10.0.0.1", 1884))
    assert Agent("mira").me.id == "mira"


def test_the_file_of_another_data_directory(empty_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(empty_folder / "elsewhere" / "agents" / "mira~pub.json", {**MIRA, "username": "mira~pub"})
    monkeypatch.setenv("MQTTOWN_DATA", str(empty_folder / "elsewhere"))
    found = Credentials.find("mira~pub")
    assert (found.username, found.agent) == ("mira~pub", "mira")


def test_a_file_by_name(empty_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MQTTOWN_CREDENTIALS", str(write(empty_folder / "secret.json", MIRA)))
    assert Credentials.find().agent == "mira"


def test_the_environment_comes_first_if_it_means_this_agent(empty_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(empty_folder / ".mqttown" / "agents" / "otto.json", {**MIRA, "username": "otto"})
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    for name in (None, "mira", "mira~pub"):
        found = Credentials.find(name)
        assert (found.username, found.password) == ("mira~pub", "from the environment")
        assert found.address == Address("broker.example", 2883)
    assert Credentials.find("otto").password == "k"


def test_missing_credentials_are_told_with_the_way_to_make_them(empty_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        CredentialsError, match=r"no credentials in \.mqttown/agents/mira\.json; `mqttown agent new mira` makes them"
    ):
        Agent("mira")
    with pytest.raises(CredentialsError, match="give the agent's name, or set MQTTOWN_CREDENTIALS"):
        Agent()
    monkeypatch.setenv("MQTTOWN_AGENT", "mira")
    monkeypatch.setenv("MQTTOWN_KEY", "k")
    with pytest.raises(CredentialsError, match="the environment lacks town, district"):
        Credentials.find("mira")


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ("{", "is no JSON"),
        ("[]", "must be one JSON object"),
        ({**MIRA, "password": ""}, "lacks password"),
        ({**MIRA, "port": "mqtt"}, "port 'mqtt' in .* is no port: 1 to 65535"),
        ({**MIRA, "port": 0}, "port '0' in .* is no port"),
    ],
)
def test_what_is_wrong_with_a_file_is_told(empty_folder: Path, found: Any, told: str) -> None:
    with pytest.raises(CredentialsError, match=told):
        Credentials.read(write(empty_folder / "mira.json", found))
