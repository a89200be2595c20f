"""`mqttown up --broker-cluster 3`: one town behind three doors."""

import json
import os
import signal
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

pytestmark = [pytest.mark.town, pytest.mark.timeout(180)]


def test_an_agent_lives_behind_each_of_three_doors(start_town: Callable[..., Any], connect: Callable[..., Any]) -> None:
    town = start_town("--broker-cluster", "3", "--residents", "3", "--speed", "300", "--public", "--tls")
    assert [urlsplit(town.ready[door]).scheme for door in ("mqtt", "ws", "page")] == ["mqtts", "wss", "https"]
    doors = [urlsplit(url).port for url in town.ready["mqtt_all"]]
    assert len(set(doors)) == len(set(town.ready["ws_all"])) == 3
    assert town.ready["mqtt_all"][0] == town.ready["mqtt"]
    assert town.ready["ws_all"][0] == town.ready["ws"]
    agents = []
    for number, port in enumerate(doors):
        agent = connect({**town.new_agent(f"nora{number}"), "port": port})
        assert agent.hello()["agent_id"] == f"nora{number}"
        assert agent.act("a-1", "wait", {"ticks": 1})["status"] == "accepted"
        agents.append(agent)
    town.cli("agent", "revoke", "nora2")
    assert agents[2].disconnected.wait(2)

    first = int((town.data / "broker" / "mqttown-2" / "nats-server.pid").read_text())
    os.kill(first, signal.SIGKILL)
    assert agents[1].disconnected.wait(5)
    assert agents[0].act("a-2", "wait", {"ticks": 1})["status"] == "accepted"
    back = _again(connect, {**json.loads((town.data / "agents" / "nora1.json").read_text()), "port": doors[1]})
    assert back.act("a-3", "wait", {"ticks": 1})["status"] == "accepted"
    # An action at QoS 1 waits for the server that keeps such messages; if it was that one, its sender is cut off, and comes again.
    first_credentials = {**json.loads((town.data / "agents" / "nora0.json").read_text()), "port": doors[0]}
    first_agent = _again(connect, first_credentials) if agents[0].disconnected.is_set() else agents[0]
    assert first_agent.act("a-4", "wait", {"ticks": 1})["status"] == "accepted"
    assert town.stop() == 0


def _again(connect: Callable[..., Any], credentials: dict[str, Any]) -> Any:
    """Connect once the door is open again."""
    deadline = time.monotonic() + 30
    while True:
        try:
            return connect(credentials)
        except OSError:
            assert time.monotonic() < deadline, "the server did not come back"
            time.sleep(0.5)
