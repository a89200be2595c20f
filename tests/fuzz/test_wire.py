"""Whatever comes in from an agent or a service: a refusal at most, never an exception, and the world stays as it is."""

import asyncio
from collections import Counter
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.fuzz.conftest import EXAMPLES, dumped, payloads, well_formed

from mqttown import Agent, Credentials
from mqttown.link import Incoming
from mqttown_cli.conformance.packets import PacketError, PacketReader
from mqttown_contract import topics
from mqttown_contract.errors import Code, TopicError
from mqttown_contract.messages import MemoryRequest
from mqttown_memory.requests import RequestError, ServiceMemoryRequest, parse, refusal
from mqttown_orchestrator.world.digest import digest

fuzz = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


async def test_actions_are_judged_and_the_world_waits(orchestrator: Any, tried: Counter[str]) -> None:
    """Each payload gets one verdict or none, and what it leads to is one step that journals and replays."""

    @fuzz
    @given(st.booleans().flatmap(lambda good: well_formed.map(dumped) if good else payloads))
    def try_one(payload: bytes) -> None:
        before = digest(orchestrator.town.state)
        orchestrator.told.clear()
        orchestrator.parts.receive(orchestrator.topic("action"), payload, False)
        assert digest(orchestrator.town.state) == before, "an action changes nothing before its tick"
        told = [orjson.loads(message) for _, message in orchestrator.told]
        assert len(told) <= 1
        assert all(verdict["code"] in set(Code) or verdict["status"] == "accepted" for verdict in told)
        tried[told[0]["code"] or "again" if told else "queued or dropped"] += 1
        tick = orchestrator.town.tick
        happened, written, record = orchestrator.parts.service.step()
        orchestrator.town.tick = happened.tick
        assert happened.tick == tick + 1
        assert len(record.actions) == len(happened.verdicts) <= 1
        assert all(orjson.loads(event) for event in written)
        orchestrator.parts.outbox.verdicts(happened)
        for decision in happened.verdicts:
            tried[f"decided {decision.status}"] += 1

    try_one()


async def test_hellos_statuses_commands_and_recollections(orchestrator: Any, tried: Counter[str]) -> None:
    places = [
        orchestrator.topic("hello"), orchestrator.topic("status"), topics.service_out("tiny", "cli", "command"),
        topics.service_in("tiny", "orchestrator", "memory"),
    ]  # fmt: skip

    @fuzz
    @given(st.sampled_from(places), payloads)
    def try_one(topic: str, payload: bytes) -> None:
        before = digest(orchestrator.town.state)
        orchestrator.told.clear()
        orchestrator.parts.receive(topic, payload, False)
        assert digest(orchestrator.town.state) == before
        notices = [orjson.loads(message) for _, message in orchestrator.told]
        assert all(notice["code"] == "malformed" and notice["text"] for notice in notices)
        tried["notice" if notices else "taken or dropped"] += 1

    try_one()


@fuzz
@given(
    st.text(max_size=60)
    | st.lists(st.sampled_from(["mqttown", "v1", "tiny", "agent", "ranta", "mira", "out", "action", "+", "#", ""])).map("/".join)
)
def test_topics_are_parsed_or_refused(topic: str) -> None:
    try:
        found = topics.parse(topic)
    except TopicError:
        return
    assert found.town


async def test_topics_that_are_none_reach_nobody(orchestrator: Any, tried: Counter[str]) -> None:
    @fuzz
    @given(st.text(max_size=60), payloads)
    def try_one(topic: str, payload: bytes) -> None:
        before = digest(orchestrator.town.state)
        orchestrator.parts.receive(topic, payload, False)
        assert digest(orchestrator.town.state) == before
        tried["dropped"] += 1

    try_one()


@pytest.mark.parametrize("model", [MemoryRequest, ServiceMemoryRequest])
def test_memory_requests_are_read_or_refused(model: type[MemoryRequest], tried: Counter[str]) -> None:
    @fuzz
    @given(payloads)
    def try_one(payload: bytes) -> None:
        try:
            parse(payload, model)
        except RequestError as error:
            said = orjson.loads(refusal(error))
            tried[said["code"]] += 1
        else:
            tried["read"] += 1

    try_one()
    assert set(tried) <= {*Code, "read"}


def test_an_agent_of_our_sdk_survives_whatever_it_is_told(tried: Counter[str]) -> None:
    credentials = Credentials("mira", "k", "tiny", "ranta")
    names = [topics.agent_in("tiny", "ranta", "mira", name) for name in ("observation", "verdict", "notice", "memory", "thought")]

    async def take(agent: Agent, topic: str, payload: bytes) -> None:
        await agent._take(Incoming(topic, payload, retain=False))
        agent._end_gap()
        agent.me.detach()

    @fuzz
    @given(st.sampled_from([*names, topics.world("tiny", "status"), "junk"]), payloads)
    def try_one(topic: str, payload: bytes) -> None:
        asyncio.run(take(Agent(credentials=credentials), topic, payload))
        tried["borne"] += 1

    try_one()


@fuzz
@given(st.lists(st.binary(max_size=60), max_size=6))
def test_the_packet_reader_of_the_kit_reads_or_refuses(slices: list[bytes]) -> None:
    reader = PacketReader()
    try:
        for data in slices:
            reader.feed(data)
    except PacketError:
        return
