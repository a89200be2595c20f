"""The one door: bytes go through unread, in both directions, with a limit, and nowhere else."""

import asyncio
import os
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mqttown.link import Address, Link
from mqttown_runtime.sandbox.door import CONNECTIONS, Door, Doorkeeper


@pytest.fixture
async def echo() -> AsyncIterator[Address]:
    """A server that says everything again."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(65536):
            writer.write(chunk)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield Address("127.0.0.1", server.sockets[0].getsockname()[1])
    server.close()


def config(tmp_path: Path, agent: str = "mira") -> Path:
    folder = tmp_path / agent / "config"
    folder.mkdir(parents=True)
    return folder


async def test_bytes_go_through_unread(tmp_path: Path, echo: Address) -> None:
    folder = config(tmp_path)
    door = Door(folder, echo)
    await door.open()
    said = os.urandom(100_000)
    reader, writer = await asyncio.open_unix_connection(str(folder / "broker.sock"))
    writer.write(said)
    assert await reader.readexactly(len(said)) == said
    writer.close()
    mode = (folder / "broker.sock").stat().st_mode
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o660
    await door.close()


async def test_the_broker_is_reached_through_it(tmp_path: Path, broker_port: int) -> None:
    folder = config(tmp_path)
    door = Door(folder, Address("127.0.0.1", broker_port))
    await door.open()
    async with Link(Address(socket=str(folder / "broker.sock")), client_id="inside") as link:
        await link.subscribe("door/test")
        await link.publish("door/test", {"through": "the door"}, qos=1)
        async for message in link:
            assert message.json() == {"through": "the door"}
            break
    await door.close()


async def test_so_many_connections_and_no_more(tmp_path: Path, echo: Address) -> None:
    folder = config(tmp_path)
    door = Door(folder, echo)
    await door.open()
    inside = []
    for _ in range(CONNECTIONS):
        reader, writer = await asyncio.open_unix_connection(str(folder / "broker.sock"))
        writer.write(b"x")
        assert await reader.readexactly(1) == b"x"
        inside.append(writer)
    reader, writer = await asyncio.open_unix_connection(str(folder / "broker.sock"))
    assert await reader.read() == b""
    for one in [*inside, writer]:
        one.close()
    await door.close()


async def test_a_flood_is_let_through_at_its_rate(tmp_path: Path, echo: Address) -> None:
    folder = config(tmp_path)
    door = Door(folder, echo, up=100_000)
    await door.open()
    reader, writer = await asyncio.open_unix_connection(str(folder / "broker.sock"))
    loop = asyncio.get_running_loop()
    began = loop.time()
    writer.write(b"x" * 150_000)  # a second's worth at once, and half a second for the rest
    await reader.readexactly(150_000)
    assert loop.time() - began >= 0.4
    writer.close()
    await door.close()


async def test_no_broker_is_a_closed_door(tmp_path: Path, unused_tcp_port: int) -> None:
    folder = config(tmp_path)
    door = Door(folder, Address("127.0.0.1", unused_tcp_port), patience=0.3)
    await door.open()
    reader, writer = await asyncio.open_unix_connection(str(folder / "broker.sock"))
    assert await reader.read() == b""
    writer.close()
    await door.close()


async def test_a_dead_doorkeepers_socket_is_replaced_and_a_new_cell_gets_a_door(tmp_path: Path, echo: Address) -> None:
    folder = config(tmp_path)
    keeper, after = Doorkeeper(tmp_path, echo), Doorkeeper(tmp_path, echo)
    await keeper.look()
    await after.look()  # as if the first had been killed
    config(tmp_path, "juno")
    await after.look()
    for agent in ("mira", "juno"):
        reader, writer = await asyncio.open_unix_connection(str(tmp_path / agent / "config" / "broker.sock"))
        writer.write(b"x")
        assert await reader.readexactly(1) == b"x"
        writer.close()
    (folder / "broker.sock").unlink()
    folder.rmdir()
    await after.look()
    assert [agent for agent, _ in after._doors] == [str(tmp_path / "juno" / "config")]
    await keeper.close()
    await after.close()
