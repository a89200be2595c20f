"""Filters inside filters, by the rules of MQTT 3.1.1, section 4.7."""

import pytest

from mqttown_broker.grants import covers, matches, of_agent, of_service, of_spectator
from mqttown_broker.nats import permissions


@pytest.mark.parametrize(
    ("granted", "wanted", "inside"),
    [
        ("a/b", "a/b", True),
        ("a/b", "a/c", False),
        ("a/+", "a/b", True),
        ("a/+", "a/+", True),
        ("a/+", "a/#", False),
        ("a/+", "a", False),
        ("a/b", "a/+", False),
        ("a/#", "a", True),
        ("a/#", "a/+/c", True),
        ("a/#", "#", False),
        ("#", "#", True),
        ("a/+/c", "a/b/c/d", False),
        ("a/+/c/d", "a/b/c", False),
    ],
)
def test_covers(granted: str, wanted: str, inside: bool) -> None:
    assert covers(granted, wanted) is inside


def test_topics_of_the_broker_itself_match_nothing() -> None:
    assert not matches("#", "$SYS/broker/clients")


def test_a_district_binds() -> None:
    mira = of_agent("helsinki", "kluuvi", "mira")
    assert mira.may_publish("mqttown/v1/helsinki/agent/kluuvi/mira/out/action")
    assert not mira.may_publish("mqttown/v1/helsinki/agent/toolo/mira/out/action")
    assert not mira.may_receive("mqttown/v1/helsinki/agent/toolo/mira/in/observation")


def test_no_service_by_that_name() -> None:
    with pytest.raises(ValueError, match="'mira' is no service"):
        of_service("helsinki", "mira")


def test_nats_would_take_an_empty_list_for_everything() -> None:
    given = permissions(of_spectator("helsinki"))
    assert given["pub"] == {"deny": [">"]}
    assert given["sub"]["allow"] == ["mqttown.v1.helsinki", "mqttown.v1.helsinki.>"]
    assert "mqttown.v1.helsinki.agent.*.*.in.>" in given["sub"]["deny"]


def test_nats_subjects_of_an_agent() -> None:
    given = permissions(of_agent("helsinki", "kluuvi", "mira"))
    channels = ("hello", "status", "action", "memory", "think")
    assert given["pub"] == {"allow": [f"mqttown.v1.helsinki.agent.kluuvi.mira.out.{channel}" for channel in channels]}
    assert given["sub"]["allow"][:2] == [
        "mqttown.v1.helsinki.agent.kluuvi.mira.in",
        "mqttown.v1.helsinki.agent.kluuvi.mira.in.>",
    ]
