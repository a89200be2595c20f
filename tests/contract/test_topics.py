"""Topics are made and parsed in one file, and the two agree."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqttown_contract import topics
from mqttown_contract.errors import TopicError
from mqttown_contract.types import ID_PATTERN, is_id, is_service_name

ids = st.from_regex(ID_PATTERN, fullmatch=True).filter(is_id)


@given(ids, ids, ids, st.sampled_from(topics.IN_CHANNELS))
def test_in_round_trip(town: str, district: str, agent: str, channel: str) -> None:
    parsed = topics.parse(topics.agent_in(town, district, agent, channel))
    assert parsed == topics.Topic(town, "agent", channel, district=district, subject=agent, direction="in")


@given(ids, ids, ids, st.sampled_from(topics.OUT_CHANNELS))
def test_out_round_trip(town: str, district: str, agent: str, channel: str) -> None:
    parsed = topics.parse(topics.agent_out(town, district, agent, channel))
    assert parsed == topics.Topic(town, "agent", channel, district=district, subject=agent, direction="out")


@given(ids, ids, ids, st.sampled_from(topics.BUILDING_CHANNELS))
def test_building_round_trip(town: str, district: str, building: str, channel: str) -> None:
    parsed = topics.parse(topics.building(town, district, building, channel))
    assert parsed == topics.Topic(town, "building", channel, district=district, building=building)


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "mqttown/v2/helsinki/world/clock",
        "mqttown/v1/helsinki/world/weather",
        "mqttown/v1/Helsinki/world/clock",
        "mqttown/v1/helsinki/agent/kluuvi/mira/out/observation",
        "mqttown/v1/helsinki/agent/kluuvi/*/out/action",
        "mqttown/v1/helsinki/agent/kluuvi/mi>ra/out/action",
        "mqttown/v1/helsinki/agent/kluuvi/mira/in/action",
        "mqttown/v1/helsinki/agent/kluuvi/mira",
        "mqttown/v1/helsinki/agent/kluuvi//out/action",
        "/mqttown/v1/helsinki/world/clock",
    ],
)
def test_foreign_topics_are_refused(topic: str) -> None:
    with pytest.raises(TopicError, match=r"topic|id"):
        topics.parse(topic)


@given(st.text(max_size=80))
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(TopicError):
        topics.parse(text)


def test_reserved_names() -> None:
    assert is_service_name("orchestrator")
    assert is_service_name("host-7")
    assert not is_service_name("host-x")
    assert not is_service_name("mira")
    assert not is_id("mira\n")
