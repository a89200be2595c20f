"""The connection that mends itself: a broker that is restarted, one that isn't there, one that says no."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import mqttown.link
import mqttown.me
from mqttown import Agent, Credentials, LinkError, Me, Observation, Refused
from mqttown.link import Address, Link
from mqttown_broker.credentials import Credential, hash_key, make_key
from mqttown_broker.gate import Gate
from mqttown_broker.nats import NatsServer
from mqttown_contract import topics


@pytest.fixture
def own_broker(tmp_path: Path, broker: Any) -> Iterator[Any]:
    """A broker for one test alone, which may stop it."""
    running = type(broker)(tmp_path)
    running.start()
    yield running
    running.stop()


async def test_after_a_restart_of_the_broker_it_listens_and_greets_again(
    own_broker: Any, script: Any, live: Callable[[Agent], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mqttown.link, "FIRST_DELAY", 0.1)
    monkeypatch.setattr(mqttown.me, "RESEND_SECONDS", 0.5)
    credentials = Credentials("juno", "a key", "tiny", "ranta", "127.0.0.1", own_broker.port)
    async with Link(Address("127.0.0.1", own_broker.port), client_id="town") as link:
        await link.subscribe(topics.agent_out("tiny", "ranta", "juno", "+"))
        town = type(script)(link, "juno")
        listening = asyncio.create_task(town.listen())
        agent = Agent(credentials=credentials)
        welcomed = asyncio.Event()

        @agent.on_observation
        async def look(_me: Me, _seen: Observation) -> None:
            welcomed.set()

        life = live(agent)
        assert "since_tick" not in await town.welcome(7)
        async with asyncio.timeout(5):
            await welcomed.wait()
        own_broker.stop()
        doing = asyncio.create_task(agent.me.do("wait"))
        own_broker.start()
        hello = await town.next("hello", 20)
        assert hello["since_tick"] == 7
        await town.observe(8, seq=1)
        action = await town.next("action", 20)
        await town.judge(action)
        assert (await doing).status == "accepted", "an action begun while the broker was away is sent once it is back"
        assert not life.done()
        listening.cancel()
        await asyncio.wait({listening})


async def test_no_broker_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(LinkError, match=f"no broker at 127.0.0.1:{port}"):
        async with Link(Address("127.0.0.1", port), client_id="mira", patience=0.3):
            pytest.fail("nobody listens there")


class Register:
    """A source of credentials in memory; `open` while it knows anybody."""

    def __init__(self, key: str) -> None:
        self._mira = {"": Credential("mira", "", hash_key(key), "agent", "ranta", None)}
        self.open = True
        self.refused = asyncio.Event()

    def known(self, name: str) -> Mapping[str, Credential] | None:
        return self._mira if name == "mira" and self.open else None

    async def read(self, name: str) -> Mapping[str, Credential] | None:
        if not self.open:
            self.refused.set()
        return self.known(name)


@pytest.fixture
async def guarded(tmp_path: Path) -> AsyncIterator[Credentials]:
    """Credentials of mira at a broker that looks at keys."""
    server = NatsServer(tmp_path)
    await server.start()
    key = make_key()
    gate = Gate([server], "tiny", Register(key))
    await gate.start()
    yield Credentials("mira", key, "tiny", "ranta", "127.0.0.1", server.mqtt_port)
    await gate.stop()
    await server.stop()


async def test_a_wrong_key_is_refused(guarded: Credentials) -> None:
    wrong = Credentials("mira", make_key(), guarded.town, guarded.district, guarded.host, guarded.port)
    with pytest.raises(Refused, match="the broker refuses 'mira'"):
        async with asyncio.timeout(5):
            await Agent(credentials=wrong).live()


async def test_who_was_let_in_before_comes_again_when_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server, key = NatsServer(tmp_path), make_key()
    register = Register(key)
    await server.start()
    gate = Gate([server], "tiny", register)
    await gate.start()
    try:
        link = Link(Address("127.0.0.1", server.mqtt_port), "mira", key)
        async with asyncio.timeout(60), link:
            register.open = False
            await gate.review("mira")
            await register.refused.wait()
            register.open = True  # a busy gate has time again
            await link._up.wait()
            monkeypatch.setattr("mqttown.link.REFUSED_SECONDS", 0.5)
            register.open = False
            await gate.review("mira")
            with pytest.raises(Refused, match="the broker refuses 'mira'"):
                async for _ in link:
                    pass
    finally:
        await gate.stop()
        await server.stop()


async def test_the_right_key_is_let_in_and_no_foreign_topic_granted(guarded: Credentials) -> None:
    link = Link(guarded.address, guarded.username, guarded.password)
    await link.subscribe(topics.agent_in(guarded.town, guarded.district, "mira", "+"))
    async with link:
        assert link.connected
        with pytest.raises(Refused, match=r"'mira' to subscribe to .*/otto/in/"):
            await link.subscribe(topics.agent_in(guarded.town, guarded.district, "otto", "+"))
        assert link.connected


async def test_subscribing_again_brings_what_is_retained_again(broker: Any) -> None:
    clock = topics.world("again", "clock")
    async with Link(Address("127.0.0.1", broker.port), client_id="asks-again") as link:
        await link.publish(clock, {"tick": 7}, retain=True, qos=1)
        await link.subscribe(clock)
        heard = aiter(link)
        async with asyncio.timeout(10):
            first = await anext(heard)
            await link.subscribe_again(clock)
            second = await anext(heard)
    assert first.json() == second.json() == {"tick": 7}
    assert second.retain
