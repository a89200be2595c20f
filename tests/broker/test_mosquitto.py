"""Mosquitto as our child: what is particular to it."""

import asyncio
import os
import sys
from pathlib import Path
from time import process_time
from typing import Any

import pytest

from mqttown_broker.credentials import Credential, hash_key, make_key, mosquitto_hash
from mqttown_broker.keeper import Keeper
from mqttown_broker.mosquitto import MosquittoServer
from mqttown_broker.nats import BrokerError
from mqttown_broker.packets import RawClient

SPECTATOR = "Spectator"


def test_a_hash_for_mosquitto_is_salted_and_of_its_form() -> None:
    first, second = mosquitto_hash("key"), mosquitto_hash("key")
    assert first != second
    assert first.split("$")[1:3] == ["7", "1"]


@pytest.mark.parametrize("stage", ["mosquitto"], indirect=True)
async def test_registering_one_among_ten_thousand(stage: Any) -> None:
    hashed, key_hash = mosquitto_hash("key"), hash_key("key")
    for number in range(10_000):
        name = f"agent-{number}"
        stage.register.credentials[name] = {"": Credential(name, "", key_hash, "agent", "kluuvi", mosquitto_hash=hashed)}
    await stage.register.changed(None)
    live = await stage.login("agent-77", key="key")
    before = process_time() + _processor_seconds(stage.server.pid)
    for number in range(7):
        key = await stage.register.put(f"new-{number}")
        await stage.login(f"new-{number}", key=key)
    # In processor time, ours and Mosquitto's, so that other tests beside this one have no part in it.
    took = (process_time() + _processor_seconds(stage.server.pid) - before) / 7
    assert took < 0.1, took
    assert not live.closed.is_set()


def _processor_seconds(process: int) -> float:
    """User and system time of a process so far; fields 14 and 15 of proc(5)'s `stat`."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize("stage", ["mosquitto"], indirect=True)
async def test_spectators_come_in_by_their_own_name_and_say_nothing(stage: Any) -> None:
    many = [await stage.login() for _ in range(5)]
    assert not any(one.closed.is_set() for one in many)
    assert await (await stage.open()).connect(SPECTATOR, "wrong") == 5


@pytest.mark.parametrize("stage", ["mosquitto"], indirect=True)
async def test_the_command_line_may_come_several_times_at_once(stage: Any) -> None:
    first, second = await stage.login("cli~00"), await stage.login("cli~ff")
    assert not first.closed.is_set()
    assert not second.closed.is_set()


async def test_which_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MQTTOWN_MOSQUITTO", str(tmp_path / "missing"))
    with pytest.raises(BrokerError, match="MQTTOWN_MOSQUITTO names"):
        await MosquittoServer(tmp_path).start("", "")
    monkeypatch.setenv("MQTTOWN_MOSQUITTO", sys.executable)
    with pytest.raises(BrokerError, match="does not say that it is a mosquitto"):
        await MosquittoServer(tmp_path).start("", "")
    old = tmp_path / "old"
    old.write_text("#!/bin/sh\necho 'mosquitto version 1.6.9'\n")
    old.chmod(0o755)
    monkeypatch.setenv("MQTTOWN_MOSQUITTO", str(old))
    with pytest.raises(BrokerError, match=r"is Mosquitto 1\.6\.9; 2\.0 or newer is needed"):
        await MosquittoServer(tmp_path).start("", "")
    monkeypatch.delenv("MQTTOWN_MOSQUITTO")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("mqttown_broker.mosquitto._PLACES", str(tmp_path))
    with pytest.raises(BrokerError, match="no mosquitto found: install it"):
        await MosquittoServer(tmp_path).start("", "")


@pytest.mark.parametrize("stage", ["mosquitto"], indirect=True)
async def test_what_is_written_is_read_by_us_alone(stage: Any, tmp_path: Path) -> None:
    folder = tmp_path / "broker" / "mosquitto"
    for file in folder.iterdir():
        if file.name != "mosquitto.pid":
            assert file.stat().st_mode & 0o077 == 0, file
    written = "".join(file.read_text() for file in folder.iterdir())
    assert not any(key in written for key in (*stage.keys.values(), stage.spectator_key))


async def test_a_taken_port_is_named(stage: Any, tmp_path: Path) -> None:
    if stage.name != "mosquitto":
        pytest.skip("of Mosquitto alone")
    with pytest.raises(BrokerError, match=f"{stage.port} .*--mqtt-port"):
        await MosquittoServer(tmp_path / "other", mqtt_port=stage.port).start("", "")


class Nobody:
    def names(self) -> list[str]:
        return []

    def known(self, _name: str) -> None:
        return None


@pytest.mark.parametrize("stage", ["mosquitto"], indirect=True)
async def test_a_key_without_a_hash_for_it_opens_nothing(stage: Any) -> None:
    key = make_key()
    stage.register.credentials["old"] = {"": Credential("old", "", hash_key(key), "agent", "kluuvi")}
    await stage.register.changed("old")
    assert await (await stage.open()).connect("old", key) == 5


async def test_an_end_of_mosquitto_is_seen(tmp_path: Path, missing: Any) -> None:
    server = MosquittoServer(tmp_path)
    keeper = Keeper(server, "helsinki", Nobody(), make_key())
    try:
        await keeper.start()
    except BrokerError as error:
        missing(str(error))
    watching = asyncio.create_task(server.wait())
    client = await RawClient.open("127.0.0.1", server.mqtt_port)
    client.listen()
    await server.stop()
    assert await asyncio.wait_for(watching, 5) is not None
    await client.close()
    await keeper.stop()
