"""One contract for all brokers: what wire.md says of who may publish and subscribe what."""

import asyncio
import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import paho.mqtt.client as paho
import pytest

from mqttown_contract import topics
from mqttown_contract.types import MAX_PAYLOAD_BYTES

T = "helsinki"
D = "kluuvi"
REFUSED = 0x80
ANYTHING = topics.everything(T)

PUBLIC = (
    topics.world(T, "status"),
    topics.world(T, "clock"),
    topics.world(T, "events"),
    topics.district(T, D, "state"),
    topics.district(T, D, "people"),
    topics.building(T, D, "cafe", "state"),
    topics.building(T, D, "cafe", "events"),
    topics.agent(T, D, "mira", "card"),
    topics.agent(T, D, "mira", "presence"),
)
PRIVATE = (
    topics.agent_in(T, D, "mira", "observation"),
    topics.agent_in(T, D, "otto", "verdict"),
    topics.agent_out(T, D, "mira", "action"),
    topics.service_out(T, "cli", "command"),
    topics.service_in(T, "cli", "answer"),
)
STATES = tuple(topic for topic in PUBLIC if not topic.endswith(("/events", "/people")))
OWN_ELSEWHERE = topics.agent_out(T, "toolo", "mira", "action")
FORBIDDEN_TO_MIRA = (
    topics.agent_in(T, D, "mira", "observation"),
    topics.agent_out(T, D, "otto", "action"),
    OWN_ELSEWHERE,
    topics.agent(T, D, "mira", "card"),
    topics.world(T, "status"),
    topics.service_out(T, "orchestrator", "command"),
    topics.agent_out("espoo", D, "mira", "action"),
)
END = topics.agent_out(T, D, "mira", "hello")
_numbers = itertools.count()


def mark() -> bytes:
    """A payload that occurs once."""
    return b"mark-%d" % next(_numbers)


async def town_listens(stage: Any) -> Any:
    town = await stage.login("orchestrator")
    assert await town.subscribe(ANYTHING) == 0
    return town


@pytest.mark.parametrize("channel", ["+", "#", "observation"])
async def test_an_agent_hears_its_own_in(stage: Any, channel: str) -> None:
    town, mira = await stage.login("orchestrator"), await stage.login("mira")
    assert await mira.subscribe(topics.agent_in(T, D, "mira", channel)) == 0
    await town.publish(topics.agent_in(T, D, "mira", "observation"), b"seen")
    assert await mira.message() == (topics.agent_in(T, D, "mira", "observation"), b"seen", False)


async def test_a_subscription_at_qos_1_needs_no_further_grant(stage: Any) -> None:
    town, mira = await stage.login("orchestrator"), await stage.login("mira")
    assert await mira.subscribe(topics.agent_in(T, D, "mira", "+"), qos=1) == 1
    await town.publish(topics.agent_in(T, D, "mira", "verdict"), b"told", qos=1)
    assert (await mira.message())[1] == b"told"


async def test_mqtt_5_is_answered_as_documented(stage: Any) -> None:
    code = await (await stage.open()).connect(level=5)
    assert code == {"nats": 1, "amqtt": 1, "mosquitto": 0x87, "by-url": 0}[stage.name]
    if stage.name == "mosquitto":
        assert await (await stage.open()).connect("mira", stage.keys["mira"], level=5) == 0


@pytest.mark.parametrize("qos", [0, 1])
@pytest.mark.parametrize("name", ["mira", "mira~pub"])
async def test_an_agent_speaks_on_its_out(stage: Any, name: str, qos: int) -> None:
    town, mira = await town_listens(stage), await stage.login(name)
    await mira.publish(topics.agent_out(T, D, "mira", "action"), b"said", qos)
    assert (await town.message())[:2] == (topics.agent_out(T, D, "mira", "action"), b"said")


async def test_two_connections_of_an_agent_live_side_by_side(stage: Any) -> None:
    mira, second, town = await stage.login("mira"), await stage.login("mira~pub"), await town_listens(stage)
    assert await second.subscribe(topics.agent_in(T, D, "mira", "+")) == 0
    assert await mira.subscribe(topics.agent_in(T, D, "mira", "+")) == 0
    await town.publish(topics.agent_in(T, D, "mira", "notice"), b"both")
    assert (await mira.message())[1] == (await second.message())[1] == b"both"


async def test_an_agent_sees_states_cards_and_presences(stage: Any) -> None:
    town, mira = await stage.login("orchestrator"), await stage.login("mira")
    for topic in STATES:
        await town.publish(topic, b"kept", qos=1, retain=True)
    for wanted in (
        topics.world(T, "status"),
        topics.world(T, "clock"),
        topics.district(T, "+", "state"),
        topics.building(T, "+", "+", "state"),
        topics.agent(T, "+", "+", "card"),
        topics.agent(T, D, "mira", "presence"),
    ):
        assert await mira.subscribe(wanted) == 0
    seen = [await mira.message() for _ in STATES]
    assert sorted(seen) == sorted((topic, b"kept", True) for topic in STATES)


async def test_a_forbidden_publish_is_silent_and_goes_nowhere(stage: Any) -> None:
    town, mira, end = await town_listens(stage), await stage.login("mira"), mark()
    for topic in FORBIDDEN_TO_MIRA:
        if topic == OWN_ELSEWHERE and "district" not in stage.can:
            continue
        await mira.publish(topic, b"forged")
        await mira.publish(topic, b"forged", qos=1)
        await mira.publish(topic, b"forged", qos=1, retain=True)
    await mira.publish(END, end, qos=1)
    assert await town.until(end) == []
    late = await stage.login("dashboard")
    assert await late.subscribe(ANYTHING) == 0
    await town.publish(topics.world(T, "clock"), end)
    assert await late.until(end) == []


async def test_a_spectator_says_nothing(stage: Any) -> None:
    town, nobody, end = await town_listens(stage), await stage.login(), mark()
    for topic in (*PUBLIC, *PRIVATE):
        await nobody.publish(topic, b"forged", qos=1, retain=True)
    await town.publish(topics.world(T, "clock"), end)
    assert await town.until(end) == []


@pytest.mark.parametrize(
    "wanted",
    [
        "#",
        "+/#",
        ANYTHING,
        topics.agent_in(T, D, "otto", "+"),
        topics.agent_in(T, D, "+", "observation"),
        topics.agent_out(T, D, "mira", "+"),
        topics.agent_out(T, "+", "+", "+"),
        topics.agent(T, D, "mira", "#"),
        topics.agent(T, D, "+", "+"),
        topics.world(T, "events"),
        topics.building(T, D, "cafe", "events"),
        topics.service_in(T, "cli", "answer"),
        "$SYS/#",
    ],
)
@pytest.mark.needs("hostile")
async def test_a_subscription_beyond_the_grant_is_refused_or_filtered(stage: Any, wanted: str) -> None:
    town, mira, end = await stage.login("orchestrator"), await stage.login("mira"), mark()
    assert await mira.subscribe(topics.world(T, "clock")) == 0
    code = await mira.subscribe(wanted)
    assert code in {0, REFUSED}
    for topic in (*PUBLIC, *PRIVATE):
        await town.publish(topic, b"x")
    await town.publish(topics.world(T, "clock"), end)
    allowed = {*STATES, topics.agent_in(T, D, "mira", "observation")}
    assert set(await mira.until(end)) <= allowed
    if stage.name == "nats":
        assert code == REFUSED


async def test_a_spectator_sees_all_that_is_public_by_one_filter(stage: Any) -> None:
    town, nobody, end = await stage.login("orchestrator"), await stage.login(), mark()
    assert await nobody.subscribe(ANYTHING) == 0
    for topic in (*PRIVATE, *PUBLIC):
        await town.publish(topic, b"x", qos=1)
    await town.publish(topics.world(T, "clock"), end, qos=1)
    assert sorted(await nobody.until(end)) == sorted(PUBLIC)


@pytest.mark.needs("hostile")
async def test_a_spectator_gets_no_private_retained_message(stage: Any) -> None:
    town, nobody, end = await stage.login("orchestrator"), await stage.login(), mark()
    for topic in (*PRIVATE, topics.world(T, "status")):
        await town.publish(topic, b"kept", qos=1, retain=True)
    mira = await stage.login("mira")
    await mira.publish(topics.agent_out(T, D, "mira", "memory"), b"kept", qos=1, retain=True)
    assert await nobody.subscribe(ANYTHING) == 0
    assert await nobody.message() == (topics.world(T, "status"), b"kept", True)
    await town.publish(topics.world(T, "clock"), end)
    assert await nobody.until(end) == []


@pytest.mark.needs("hostile")
@pytest.mark.parametrize("wanted", ["mqttown/v1/helsinki/agent/+/+/+/action", "mqttown/v1/helsinki/+/#", "mqttown/#", "#"])
async def test_a_spectator_finds_no_way_around(stage: Any, wanted: str) -> None:
    town, nobody, end = await stage.login("orchestrator"), await stage.login(), mark()
    assert await nobody.subscribe(wanted) in {0, REFUSED}
    assert await nobody.subscribe(topics.world(T, "clock")) == 0
    for topic in PRIVATE:
        await town.publish(topic, b"x")
    await town.publish(topics.world(T, "clock"), end)
    assert await nobody.until(end) == []


@pytest.mark.needs("hostile")
@pytest.mark.parametrize("retain", [False, True])
async def test_a_will_on_a_forbidden_topic_is_not_sent(stage: Any, retain: bool) -> None:
    town, end = await town_listens(stage), mark()
    forger, honest = await stage.open(), await stage.open()
    await forger.connect("mira", stage.keys["mira"], will=(topics.world(T, "status"), b"forged", retain))
    await honest.connect("otto", stage.keys["otto"], will=(topics.agent_out(T, D, "otto", "status"), end, False))
    forger.cut()
    # The town learns of both ends in order of their coming: the second one's Will shows that the first is past.
    await asyncio.wait_for(forger.closed.wait(), 5)
    again = await stage.login("mira~pub")
    await again.publish(END, b"past", qos=1)
    assert await town.until(b"past") == []
    honest.cut()
    assert await town.until(end) == []
    late = await stage.login("dashboard")
    assert await late.subscribe(ANYTHING) == 0
    await town.publish(topics.world(T, "clock"), end)
    assert await late.until(end) == []


async def test_a_will_on_its_own_out_is_sent(stage: Any) -> None:
    town, mira = await town_listens(stage), await stage.open()
    await mira.connect("mira", stage.keys["mira"], will=(topics.agent_out(T, D, "mira", "status"), b"gone", False))
    mira.cut()
    assert (await town.message())[:2] == (topics.agent_out(T, D, "mira", "status"), b"gone")


@pytest.mark.parametrize("username", ["mira", "nobody-of-that-name", "orchestrator"])
async def test_a_wrong_key_is_refused(stage: Any, username: str) -> None:
    assert await (await stage.open()).connect(username, "wrong") in {4, 5}


async def test_a_name_without_a_key_is_refused(stage: Any) -> None:
    assert await (await stage.open()).connect("mira") in {4, 5}


@pytest.mark.needs("bind")
@pytest.mark.parametrize("clean", [True, False])
@pytest.mark.parametrize("client_id", ["otto", "mira~pub", "elsewhere", ""])
async def test_a_client_id_that_is_not_the_user_name_takes_over_nothing(stage: Any, client_id: str, clean: bool) -> None:
    otto, town = await stage.login("otto"), await stage.login("orchestrator")
    assert await otto.subscribe(topics.agent_in(T, D, "otto", "+")) == 0
    code = await (await stage.open()).connect("mira", stage.keys["mira"], client_id=client_id, clean=clean)
    # Mosquitto puts the user name in its place; an empty id needs a clean session by the protocol itself.
    assert code in ({5, 2} if stage.name == "nats" else {0, 2})
    await town.publish(topics.agent_in(T, D, "otto", "notice"), b"still here")
    assert (await otto.message())[1] == b"still here"


@pytest.mark.needs("bind")
@pytest.mark.parametrize("clean", [True, False])
@pytest.mark.parametrize("client_id", ["mira", "mira~any", "orchestrator", "host-7"])
async def test_a_spectator_can_not_take_a_registered_name_as_client_id(stage: Any, client_id: str, clean: bool) -> None:
    mira, town = await stage.login("mira"), await stage.login("orchestrator")
    assert await mira.subscribe(topics.agent_in(T, D, "mira", "+")) == 0
    assert await (await stage.open()).connect(client_id=client_id, clean=clean) == 5
    if stage.spectator_key:
        await (await stage.open()).connect("Spectator", stage.spectator_key, client_id=client_id, clean=clean)
    await town.publish(topics.agent_in(T, D, "mira", "notice"), b"still here")
    assert (await mira.message())[1] == b"still here"


@pytest.mark.needs("anonymous")
async def test_a_spectator_may_name_itself(stage: Any) -> None:
    assert await (await stage.open()).connect(client_id="just-watching") == 0


@pytest.mark.needs("live")
async def test_one_registered_now_connects_now(stage: Any) -> None:
    stage.keys["nina"] = await stage.register.put("nina")
    await stage.login("nina")


@pytest.mark.needs("live")
async def test_a_tag_has_its_own_key_once_it_is_made(stage: Any) -> None:
    key = await stage.register.put("mira", "phone")
    assert await (await stage.open()).connect("mira~phone", stage.keys["mira"]) == 5
    assert await (await stage.open()).connect("mira~other", key) == 5
    await stage.login("mira~phone", key=key)
    if "tags" in stage.can:
        await stage.login("mira~other")


@pytest.mark.needs("kick")
async def test_a_changed_key_ends_the_connection_by_the_old_one(stage: Any) -> None:
    mira, other = await stage.login("mira"), await stage.login("otto")
    old = stage.keys["mira"]
    stage.keys["mira"] = await stage.register.put("mira")
    await asyncio.wait_for(mira.closed.wait(), 2)
    assert not other.closed.is_set()
    assert await (await stage.open()).connect("mira", old) == 5
    await stage.login("mira")


@pytest.mark.needs("kick")
async def test_revocation_ends_live_connections_within_two_seconds(stage: Any) -> None:
    live = [await stage.login(name) for name in ("mira", "mira~pub")]
    await stage.register.revoke("mira")
    await asyncio.wait_for(asyncio.gather(*(one.closed.wait() for one in live)), 2)
    assert await (await stage.open()).connect("mira", stage.keys["mira"]) == 5


@pytest.mark.needs("kick")
async def test_a_key_ends_when_it_expires(stage: Any) -> None:
    key = await stage.register.put("nina", expires=datetime.now(UTC) + timedelta(seconds=1.5))
    nina = await stage.login("nina", key=key)
    await asyncio.wait_for(nina.closed.wait(), 4)
    assert await (await stage.open()).connect("nina", key) == 5


@pytest.mark.needs("size")
async def test_an_oversize_payload_goes_nowhere(stage: Any) -> None:
    town, mira, otto, end = await town_listens(stage), await stage.login("mira"), await stage.login("otto"), mark()
    await mira.publish(END, b"x" * 70_000)
    await otto.publish(topics.agent_out(T, D, "otto", "hello"), end, qos=1)
    assert await town.until(end) == []


async def test_the_largest_payload_passes(stage: Any) -> None:
    town, mira = await town_listens(stage), await stage.login("mira")
    await mira.publish(END, b"x" * MAX_PAYLOAD_BYTES)
    assert len((await town.message())[1]) == MAX_PAYLOAD_BYTES


@pytest.mark.parametrize(
    ("service", "topic", "passes"),
    [
        ("memory", topics.agent_in(T, D, "mira", "memory"), True),
        ("memory", topics.service_in(T, "dashboard", "memory"), True),
        ("memory", topics.service_out(T, "memory", "ready"), True),
        ("memory", topics.agent_in(T, D, "mira", "verdict"), False),
        ("gateway", topics.agent_in(T, D, "mira", "thought"), True),
        ("gateway", topics.agent_in(T, D, "mira", "memory"), False),
        ("host-1", topics.agent_out(T, D, "mira", "action"), True),
        ("host-1", topics.world(T, "clock"), False),
        ("cli", topics.service_out(T, "cli", "command"), True),
        ("cli", topics.service_out(T, "dashboard", "command"), False),
        ("dashboard", topics.agent_out(T, D, "mira", "action"), False),
        ("orchestrator", topics.agent_in(T, D, "mira", "verdict"), True),
    ],
)
async def test_a_service_publishes_what_its_work_needs(stage: Any, service: str, topic: str, passes: bool) -> None:
    town, process, end = (
        await stage.login("dashboard" if service == "orchestrator" else "orchestrator"),
        await stage.login(service),
        mark(),
    )
    assert await town.subscribe(ANYTHING) == 0
    await process.publish(topic, b"x", qos=1)
    closing = await stage.login("mira")
    await closing.publish(END, end, qos=1)
    assert await town.until(end) == ([topic] if passes else [])


@pytest.mark.parametrize(
    ("service", "wanted"),
    [
        ("memory", topics.agent_out(T, "+", "+", "memory")),
        ("memory", topics.building(T, "+", "+", "events")),
        ("memory", topics.service_out(T, "+", "recall")),
        ("gateway", topics.agent_out(T, "+", "+", "think")),
        ("host-1", topics.agent_in(T, "+", "+", "+")),
        ("host-1", topics.service_in(T, "host-1", "memory")),
        ("host-1", topics.district(T, "+", "people")),
        ("dashboard", ANYTHING),
        ("cli", topics.agent_in(T, D, "mira", "+")),
    ],
)
async def test_a_service_subscribes_what_its_work_needs(stage: Any, service: str, wanted: str) -> None:
    assert await (await stage.login(service)).subscribe(wanted) == 0


@pytest.mark.needs("hostile")
async def test_services_are_held_to_their_grants(stage: Any) -> None:
    town, memory, end = await stage.login("orchestrator"), await stage.login("memory"), mark()
    assert await memory.subscribe(topics.world(T, "clock")) == 0
    assert await memory.subscribe(topics.agent_in(T, "+", "+", "+")) in {0, REFUSED}
    await town.publish(topics.agent_in(T, D, "mira", "observation"), b"x")
    await town.publish(topics.world(T, "clock"), end)
    assert await memory.until(end) == []


async def test_mqtt_over_websocket(stage: Any) -> None:
    town, end = await town_listens(stage), mark()
    loop, connected = asyncio.get_running_loop(), asyncio.Event()
    client = paho.Client(
        paho.CallbackAPIVersion.VERSION2,
        client_id="mira",
        transport="websockets",
        protocol=paho.MQTTv311,
        reconnect_on_failure=False,
    )
    client.ws_set_options(path="/mqtt")
    client.username_pw_set("mira", stage.keys["mira"])
    client.on_connect = lambda *_: loop.call_soon_threadsafe(connected.set)
    await asyncio.to_thread(client.connect, "127.0.0.1", stage.ws_port)
    client.loop_start()
    try:
        await asyncio.wait_for(connected.wait(), 5)
        client.publish(END, end)
        assert await town.until(end) == []
    finally:
        client.disconnect()
        await asyncio.to_thread(client.loop_stop)
