"""`python -m mqttown_broker` as a process: ready, stopped, killed, started again."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from mqttown_broker.credentials import hash_key, make_key, mosquitto_hash, register, revoke
from mqttown_broker.packets import RawClient
from mqttown_broker.remote import RemoteBroker
from mqttown_contract import topics

Start = Callable[..., Any]


@pytest.fixture
async def start(tmp_path: Path, postgres_url: str) -> AsyncIterator[Start]:
    started: list[asyncio.subprocess.Process] = []

    async def launch(**more: str) -> asyncio.subprocess.Process:
        settings = {
            "MQTTOWN_TOWN": "helsinki", "MQTTOWN_DATABASE": postgres_url, "MQTTOWN_DATA": str(tmp_path), "MQTTOWN_MQTT_PORT": "0",
            "MQTTOWN_WS_PORT": "0", "MQTTOWN_SERVICE_KEYS": json.dumps({"cli": "a key"}), **more,
        }  # fmt: skip
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "mqttown_broker", env={**os.environ, **settings},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        started.append(process)
        return process

    yield launch
    for process in started:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def ready(process: asyncio.subprocess.Process) -> dict[str, Any]:
    assert process.stdout is not None
    async with asyncio.timeout(20):
        line = await process.stdout.readline()
    assert line.startswith(b"ready "), line
    return dict(json.loads(line[6:]))


@pytest.mark.parametrize("broker", ["nats", "amqtt", "mosquitto"])
async def test_it_opens_and_stops_in_time(start: Start, broker: str) -> None:
    process = await start(MQTTOWN_BROKER=broker)
    ports = await ready(process)
    await RemoteBroker("127.0.0.1", ports["mqtt_port"], "cli", "a key").check()
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), 2) == 0


async def test_killed_with_its_child_it_starts_again_on_the_same_ports(start: Start) -> None:
    first = await start()
    ports = await ready(first)
    first.kill()
    again = await start(MQTTOWN_MQTT_PORT=str(ports["mqtt_port"]), MQTTOWN_WS_PORT=str(ports["ws_port"]))
    assert await ready(again) == ports
    await RemoteBroker("127.0.0.1", ports["mqtt_port"], "cli", "a key").check()


async def test_it_ends_with_a_word_when_its_server_dies(start: Start, tmp_path: Path) -> None:
    process = await start()
    await ready(process)
    os.kill(int((tmp_path / "broker" / "nats-server.pid").read_text()), signal.SIGKILL)
    _, said = await asyncio.wait_for(process.communicate(), 5)
    assert process.returncode == 1
    assert b"nats-server ended" in said


@pytest.fixture
def small_disk(tmp_path: Path, missing: Callable[[str], None]) -> Iterator[Path]:
    """A disk of its own, in memory."""
    place = tmp_path / "disk"
    place.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mounting, capture_output=True, check=False).returncode != 0:
        missing("a disk that is really full needs root, and to be allowed to mount a small one")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


async def test_it_closes_while_the_disk_is_full_and_opens_when_there_is_room(start: Start, small_disk: Path) -> None:
    orchestrator = {"MQTTOWN_DATA": str(small_disk), "MQTTOWN_SERVICE_KEYS": json.dumps({"cli": "a key", "orchestrator": "o key"})}
    process = await start(**orchestrator)
    client = await RawClient.open("127.0.0.1", (await ready(process))["mqtt_port"])
    assert await client.connect("orchestrator", "o key") == 0
    full = small_disk / "everything-else"
    with full.open("wb", buffering=0) as out:
        for block in (1024 * 1024, 4096, 1):
            with contextlib.suppress(OSError):
                while True:
                    out.write(b"x" * block)
    for _ in range(4):  # a block of its store may have had room left
        await client.publish(topics.world("helsinki", "events"), b"x" * 60_000, retain=True)
    _, said = await asyncio.wait_for(process.communicate(), 20)
    assert (process.returncode, b"is the disk full?" in said) == (1, True), said
    await client.close()
    again = await start(**orchestrator)
    assert await asyncio.wait_for(again.wait(), 20) == 1
    full.unlink()
    ports = await ready(await start(**orchestrator))
    await RemoteBroker("127.0.0.1", ports["mqtt_port"], "cli", "a key").check()


async def test_a_broker_by_url_gets_its_rules_written(start: Start, tmp_path: Path) -> None:
    theirs = await ready(await start())
    ours = await start(MQTTOWN_BROKER=f"mqtt://cli:a%20key@127.0.0.1:{theirs['mqtt_port']}")
    told = await ready(ours)
    assert told["mqtt_port"] == theirs["mqtt_port"]
    assert "user {agent}" in (tmp_path / "broker-rules.txt").read_text()
    assert told["rules"] == str(tmp_path / "broker-rules.txt")


@pytest.mark.parametrize(
    ("settings", "code", "words"),
    [
        ({"MQTTOWN_TOWN": "No Id"}, 3, b"town"),
        ({"MQTTOWN_BROKER": "amqtt", "MQTTOWN_HOST": "192.0.2.1"}, 1, b"trusted agents"),
        ({"MQTTOWN_SERVICE_KEYS": '{"mira": "x"}'}, 3, b"'mira' is no service"),
        ({"MQTTOWN_BROKER": "amqtt", "MQTTOWN_PUBLIC": "true"}, 1, b"does not hold the grants against strangers"),
        ({"MQTTOWN_BROKER": "mqtt://town:secret@127.0.0.1:9", "MQTTOWN_PUBLIC": "true"}, 1, b"nobody has shown that 127.0.0.1:9"),
        ({"MQTTOWN_BROKER": "mqtt://town:secret@192.0.2.1:1883"}, 1, b"nobody has shown that 192.0.2.1:1883"),
        ({"MQTTOWN_TLS_CERT": "/none.pem"}, 3, b"give both or none"),
        ({"MQTTOWN_TLS_CERT": "/none.pem", "MQTTOWN_TLS_KEY": "/none.pem"}, 1, b"--tls-cert /none.pem"),
    ],
)
async def test_bad_settings_are_named(start: Start, settings: dict[str, str], code: int, words: bytes) -> None:
    process = await start(**settings)
    _, said = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == code
    assert words in said


@pytest.mark.parametrize("broker", ["nats", "mosquitto"])
async def test_no_key_is_ever_in_a_log(start: Start, broker: str, tmp_path: Path, postgres_url: str) -> None:
    spectator, good, wrong = "s" * 43, make_key(), "w" * 43
    connection = await asyncpg.connect(postgres_url)
    process = await start(MQTTOWN_BROKER=broker, MQTTOWN_SPECTATOR_KEY=spectator)
    ports = await ready(process)
    await register(connection, "leo", "kluuvi", hash_key(good), mosquitto=mosquitto_hash(good))
    assert process.stderr is not None
    for key, code in ((good, 0), (wrong, 5)):
        for _ in range(50):  # Mosquitto is told of a new key a moment later
            client = await RawClient.open("127.0.0.1", ports["mqtt_port"])
            got = await client.connect("leo", key)
            await client.close()
            if got == code:
                break
            await asyncio.sleep(0.1)
        assert got == code
    await revoke(connection, "leo")
    await connection.close()
    process.send_signal(signal.SIGTERM)
    told, said = await process.communicate()
    assert b"leo" in said or broker == "mosquitto"
    for secret in (good, wrong, spectator, "a key"):
        assert secret.encode() not in told + said
        assert _files_with(tmp_path, secret.encode()) == []


def _files_with(folder: Path, secret: bytes) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file() and secret in file.read_bytes()]
