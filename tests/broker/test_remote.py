"""A broker by URL."""

import socket
from typing import Any

import pytest

from mqttown_broker.nats import BrokerError
from mqttown_broker.remote import RemoteBroker, mosquitto_acl, rules


async def test_it_lets_us_in(stage: Any) -> None:
    key = stage.keys["orchestrator"]
    await RemoteBroker.from_url(f"mqtt://orchestrator:{key}@127.0.0.1:{stage.port}").check()
    if "anonymous" in stage.can:
        await RemoteBroker.from_url(f"mqtt://127.0.0.1:{stage.port}").check()
    with pytest.raises(BrokerError, match=rf"127\.0\.0\.1:{stage.port} refuses us: it does not"):
        await RemoteBroker.from_url(f"mqtt://orchestrator:wrong@127.0.0.1:{stage.port}").check()


async def test_nobody_there() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        with pytest.raises(BrokerError, match=f"127.0.0.1:{port} can't be reached"):
            await RemoteBroker("127.0.0.1", port).check()


@pytest.mark.parametrize("url", ["mosquito", "http://broker", "mqtt://", "mqtt://u:secret@host:port"])
def test_what_is_no_broker(url: str) -> None:
    with pytest.raises(BrokerError, match="--broker") as caught:
        RemoteBroker.from_url(url)
    assert "secret" not in str(caught.value)


def test_a_url_is_decoded_and_its_password_not_shown() -> None:
    broker = RemoteBroker.from_url("mqtt://town:p%40ss@broker.example")
    assert (broker.host, broker.port, broker.password) == ("broker.example", 1883, "p@ss")
    assert "p@ss" not in repr(broker)


def test_the_rules_for_an_operator() -> None:
    written = mosquitto_acl(rules("helsinki").items()).splitlines()
    assert written[0].startswith("topic ")
    block = written[written.index("user {agent}") :]
    assert "topic write mqttown/v1/helsinki/agent/{district}/{agent}/out/action" in block
    assert "topic read mqttown/v1/helsinki/agent/{district}/{agent}/in/#" in block
