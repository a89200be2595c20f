"""`python -m mqttown_broker` as a process: ready, stopped, killed, started again."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from mqttown_broker.remote import RemoteBroker

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


@pytest.mark.parametrize("broker", ["nats", "amqtt"])
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
    ],
)
async def test_bad_settings_are_named(start: Start, settings: dict[str, str], code: int, words: bytes) -> None:
    process = await start(**settings)
    _, said = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == code
    assert words in said
