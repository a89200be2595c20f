"""The NATS server as a child."""

import asyncio
import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import pytest
from nats.aio.client import Client
from nats.errors import Error as NatsError

from mqttown_broker import nats as server_module
from mqttown_broker.credentials import Credential, hash_key
from mqttown_broker.gate import Gate
from mqttown_broker.nats import BrokerError, NatsServer
from mqttown_broker.remote import RemoteBroker


@pytest.mark.parametrize(("port", "flag"), [("mqtt_port", "--mqtt-port"), ("ws_port", "--ws-port")])
async def test_a_taken_port_is_named_with_its_flag(tmp_path: Path, port: str, flag: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "TAKEN_SECONDS", 0.0)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        with pytest.raises(BrokerError, match=rf"127\.0\.0\.1:{number} .*{flag}"):
            await NatsServer(tmp_path, **{port: number}).start()


async def test_port_0_takes_a_free_one_and_the_next_start_finds_the_store(tmp_path: Path) -> None:
    server = NatsServer(tmp_path)
    await server.start()
    os.kill(server.pid, 9)
    assert await server.wait() == -9
    await server.stop()
    again = NatsServer(tmp_path, mqtt_port=server.mqtt_port, ws_port=server.ws_port)
    await again.start()
    assert (again.mqtt_port, again.ws_port) == (server.mqtt_port, server.ws_port)
    await again.stop()


async def test_no_secret_is_written_and_nobody_else_reads_the_configuration(tmp_path: Path) -> None:
    server = NatsServer(tmp_path)
    await server.start()
    await server.stop()
    config = tmp_path / "broker" / "nats-server.conf"
    assert config.stat().st_mode & 0o077 == 0
    assert not any(seed in config.read_text() for seed in (server.keys.gate, server.keys.system, server.keys.issuer))
    assert server.keys.issuer not in repr(server.keys)


async def test_a_binary_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MQTTOWN_NATS_SERVER", str(tmp_path / "missing"))
    with pytest.raises(BrokerError, match="MQTTOWN_NATS_SERVER"):
        await NatsServer(tmp_path).start()
    monkeypatch.setenv("MQTTOWN_NATS_SERVER", sys.executable)
    with pytest.raises(BrokerError, match="ended with code"):
        await NatsServer(tmp_path).start()


class Mira:
    """A source that knows one agent, by the key 'key'."""

    _known: ClassVar = {"mira": {"": Credential("mira", "", hash_key("key"), "agent", "kluuvi")}}

    def known(self, name: str) -> Mapping[str, Credential] | None:
        return self._known.get(name)

    async def read(self, name: str) -> Mapping[str, Credential] | None:
        return self._known.get(name)


async def test_the_native_port_is_for_the_gate_alone(tmp_path: Path) -> None:
    server = NatsServer(tmp_path)
    await server.start()
    gate = Gate([server], "helsinki", Mira())
    await gate.start()
    agent = Client()
    try:
        await RemoteBroker("127.0.0.1", server.mqtt_port, "mira", "key").check()
        with pytest.raises(NatsError, match="Authorization Violation"):
            await agent.connect(
                f"nats://127.0.0.1:{server.client_port}", user="mira", password="key", allow_reconnect=False, error_cb=_silent
            )
    finally:
        await agent.close()
        await gate.stop()
        await server.stop()


async def test_a_gate_that_loses_its_server_says_so(tmp_path: Path) -> None:
    server = NatsServer(tmp_path)
    await server.start()
    gate = Gate([server], "helsinki", Mira())
    await gate.start()
    assert not gate.posts[0].deaf.is_set()
    await server.stop()
    await asyncio.wait_for(gate.posts[0].deaf.wait(), 5)
    await gate.stop()


async def test_a_connection_that_can_not_be_ended_is_worth_a_new_start(tmp_path: Path) -> None:
    server = NatsServer(tmp_path)
    await server.start()
    source = Mira()
    gate = Gate([server], "helsinki", source)
    await gate.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", server.mqtt_port)
    writer.write(b"\x10\x1b\x00\x04MQTT\x04\xc2\x00\x3c\x00\x04mira\x00\x04mira\x00\x03key")
    assert await reader.readexactly(4) == b"\x20\x02\x00\x00"
    source.known = lambda _name: None  # type: ignore[method-assign]
    await gate.posts[0]._system.close()
    gate.posts[0].deaf.clear()
    await gate.review("mira")
    assert gate.posts[0].deaf.is_set()
    await gate.stop()
    await server.stop()
    writer.transport.abort()


async def _silent(_error: Exception) -> None:
    """nats-py would print it."""
