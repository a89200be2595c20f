"""TLS on both doors: a self-signed certificate for play, checked by our SDK, by mosquitto_sub and by a browser's kind of client."""

import asyncio
import dataclasses
import shutil
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from mqttown.credentials import Credentials
from mqttown.link import Address, Link
from mqttown.tls import trusting
from mqttown_broker.credentials import make_key
from mqttown_broker.gate import Gate
from mqttown_broker.keeper import Keeper
from mqttown_broker.mosquitto import MosquittoServer
from mqttown_broker.nats import NatsServer
from mqttown_broker.packets import RawClient
from mqttown_broker.tls import Tls, TlsError, self_signed
from mqttown_contract import topics

IN = topics.agent_in("helsinki", "kluuvi", "mira", "notice")


@dataclasses.dataclass
class Secured:
    port: int
    ws_port: int
    ca: Path
    key: str
    spectator: list[str]


@pytest.fixture(params=["nats", "mosquitto"])
async def secured(
    request: pytest.FixtureRequest, tmp_path: Path, register: Any, missing: Callable[[str], None]
) -> AsyncIterator[Secured]:
    tls = self_signed(tmp_path / "tls", "127.0.0.1")
    key = await register.put("mira")
    if request.param == "nats":
        server = NatsServer(tmp_path, tls=tls)
        await server.start()
        gate = Gate([server], "helsinki", register)
        await gate.start()
        yield Secured(server.mqtt_port, server.ws_port, tls.certificate, key, [])
        await gate.stop()
        await server.stop()
        return
    if shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin:/opt/homebrew/sbin") is None:
        missing("Mosquitto is not installed; on Debian: apt-get install mosquitto")
    spectator = make_key()
    ours = MosquittoServer(tmp_path, tls=tls)
    keeper = Keeper(ours, "helsinki", register, spectator, trust=trusting(tls.certificate))
    await keeper.start()
    yield Secured(ours.mqtt_port, ours.ws_port, tls.certificate, key, ["-u", "Spectator", "-P", spectator])
    await keeper.stop()


@pytest.mark.parametrize("websocket", [None, "/mqtt"])
@pytest.mark.parametrize("how", ["ca", "pin"])
async def test_the_sdk_comes_in(secured: Secured, how: str, websocket: str | None) -> None:
    port = secured.ws_port if websocket else secured.port
    address = Address("127.0.0.1", port, websocket, **{how: str(secured.ca)})  # type: ignore[arg-type]
    async with Link(address, "mira", secured.key) as link:
        await link.subscribe(topics.agent_in("helsinki", "kluuvi", "mira", "+"))
        assert link.connected


async def test_an_unknown_certificate_is_refused(secured: Secured, tmp_path: Path) -> None:
    stranger = self_signed(tmp_path / "stranger", "127.0.0.1")
    for address in (
        Address("127.0.0.1", secured.port, tls=True),
        Address("127.0.0.1", secured.port, ca=str(stranger.certificate)),
        Address("127.0.0.1", secured.port, pin=str(stranger.certificate)),
    ):
        with pytest.raises(ssl.SSLCertVerificationError):
            await asyncio.open_connection(address.host, address.port, ssl=address.tls_context())


async def test_credentials_carry_it(secured: Secured) -> None:
    known = Credentials("mira", secured.key, "helsinki", "kluuvi", "127.0.0.1", secured.port, str(secured.ca))
    async with Link(known.address, known.username, known.password) as link:
        assert link.connected
    assert dataclasses.replace(known, ca="system").address == Address("127.0.0.1", secured.port, tls=True)
    assert not dataclasses.replace(known, ca=None).address.tls


async def test_mosquitto_sub_comes_in(secured: Secured, missing: Callable[[str], None]) -> None:
    if shutil.which("mosquitto_sub") is None:
        missing("mosquitto_sub is not installed; on Debian: apt-get install mosquitto-clients")
    process = await asyncio.create_subprocess_exec(
        "mosquitto_sub", "-h", "127.0.0.1", "-p", str(secured.port), "--cafile", str(secured.ca), *secured.spectator, "-d",
        "-t", topics.everything("helsinki"), "-W", "2", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    told, _ = await process.communicate()
    assert b"received CONNACK (0)" in told, told
    assert b"SUBACK" in told, told


async def test_plain_words_get_no_answer(secured: Secured) -> None:
    client = await RawClient.open("127.0.0.1", secured.port)
    assert await client.connect("mira", secured.key) is None
    await client.close()


def test_a_certificate_is_made_once_and_its_key_is_ours_alone(tmp_path: Path) -> None:
    tls = self_signed(tmp_path / "tls", "town.example")
    assert tls.key.stat().st_mode & 0o077 == 0
    before = tls.certificate.read_bytes()
    assert self_signed(tmp_path / "tls", "town.example").certificate.read_bytes() == before
    assert self_signed(tmp_path / "tls", "other.example").certificate.read_bytes() != before
    assert tls.check() == tls


def test_what_does_not_belong_together_is_named(tmp_path: Path) -> None:
    one, other = self_signed(tmp_path / "one", "a.example"), self_signed(tmp_path / "other", "b.example")
    with pytest.raises(TlsError, match=r"--tls-cert .*certificate\.pem with --tls-key"):
        Tls(one.certificate, other.key).check()
    with pytest.raises(TlsError, match="No such file"):
        Tls(tmp_path / "none.pem", one.key).check()
