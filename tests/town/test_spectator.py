"""What a spectator sees on the wire, with a client that is not ours."""

import json
import subprocess
from typing import Any

import pytest

from mqttown_contract import messages, topics

pytestmark = [pytest.mark.town, pytest.mark.timeout(120)]


def test_mosquitto_sub_sees_all_that_is_public_and_nothing_else(town: Any, mosquitto_clients: None) -> None:
    done = subprocess.run(
        ["mosquitto_sub", "-p", str(town.mqtt_port), "-t", topics.everything("helsinki"), "-v", "-W", "8"],
        capture_output=True,
        text=True,
        check=False,
    )
    seen = [line.split(" ", 1) for line in done.stdout.splitlines()]
    parsed = [(topics.parse(topic), json.loads(payload)) for topic, payload in seen]
    kinds = {(topic.scope, topic.channel) for topic, _ in parsed}
    assert {
        ("world", "status"),
        ("world", "clock"),
        ("district", "state"),
        ("building", "state"),
        ("agent", "card"),
        ("agent", "presence"),
    } <= kinds
    assert [topic for topic, _ in parsed if topic.direction or topic.scope == "service"] == []
    models = {
        ("world", "status"): messages.WorldStatus,
        ("world", "clock"): messages.Clock,
        ("world", "events"): messages.Events,
        ("district", "state"): messages.DistrictState,
        ("district", "people"): messages.People,
        ("district", "events"): messages.Events,
        ("building", "state"): messages.BuildingState,
        ("building", "events"): messages.Events,
        ("agent", "card"): messages.Card,
        ("agent", "presence"): messages.Presence,
    }
    for topic, payload in parsed:
        models[topic.scope, topic.channel].model_validate(payload)
    assert len({topic.subject for topic, _ in parsed if topic.channel == "card"}) == 25
