"""Attacks on the grants: what an agent, or nobody at all, tries to publish, hear, leave behind and take over at the broker."""

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from mqttown_broker.packets import REFUSED, Closed, RawClient
from mqttown_contract import topics

pytestmark = pytest.mark.town
T = "helsinki"
VICTIM, DISTRICT = "olga", "kallio"
Make = Callable[..., Awaitable[Any]]


async def drops(rogue: Any, witness: RawClient, *forbidden: tuple[str, bytes], retain: bool = False) -> None:
    """Publish what is forbidden and then something that is not: only that passes the broker."""
    for topic, payload in forbidden:
        await rogue.client.publish(topic, payload, 1, retain)
    end = b'{"status": "online", "session": "end"}'
    await rogue.client.publish(rogue.out("status"), end, 1)
    passed = []
    while (message := await witness.message())[1] != end:
        passed.append(message)
    assert [one for one in passed if (one[0], one[1]) in forbidden] == []


def action(text: str) -> bytes:
    return orjson.dumps({"id": "forged", "action": "say", "parameters": {"text": text}})


async def test_publish_to_a_foreign_out(rogue: Make, witness: RawClient) -> None:
    """Publish an action on another agent's `out/`.

    Dropped by the broker: a witness that hears every topic hears nothing of it, and the victim has done nothing.
    """
    await drops(await rogue(), witness, (topics.agent_out(T, DISTRICT, VICTIM, "action"), action("I am Olga")))


async def test_publish_to_a_foreign_in(rogue: Make, witness: RawClient, honest: Any) -> None:
    """Forge a verdict, an observation and a notice on another agent's `in/`, and on one's own.

    Dropped; the victim hears none of it.
    """
    attacker = await rogue()
    forged = b'{"forged": true}'
    mine = [(topics.agent_in(T, attacker.district, attacker.name, name), forged) for name in ("verdict", "observation", "memory")]
    theirs = [(topics.agent_in(T, DISTRICT, VICTIM, name), forged) for name in ("verdict", "observation", "notice", "thought")]
    await drops(attacker, witness, *mine, *theirs)
    assert [told for _, told in honest.heard if "forged" in told] == []


async def test_publish_to_town_topics(rogue: Make, witness: RawClient) -> None:
    """Say in the town's name that it is offline, that it is another time, and that a building has another owner; retained.

    Dropped; a newcomer is told the true status.
    """
    status = b'{"status": "offline", "generation": 999999}'
    await drops(
        await rogue(),
        witness,
        (topics.world(T, "status"), status),
        (topics.world(T, "clock"), b'{"tick": 0}'),
        (topics.district(T, DISTRICT, "state"), b"{}"),
        (topics.agent(T, DISTRICT, VICTIM, "card"), b'{"name": "Robbed"}'),
        (topics.agent(T, DISTRICT, VICTIM, "presence"), b'{"state": "offline"}'),
        retain=True,
    )


async def test_publish_a_service_command(rogue: Make, witness: RawClient, journal: Any) -> None:
    """Command the orchestrator in the name of the command line: pause, revoke the victim.

    Dropped; the journal holds no such command and the town goes on.
    """
    command = orjson.dumps({"id": "forged-1", "command": "revoke", "parameters": {"agent": VICTIM}})
    pause = orjson.dumps({"id": "forged-2", "command": "pause", "parameters": {}})
    names = ("cli", "dashboard", "orchestrator", "rogue")
    await drops(
        await rogue(), witness, *((topics.service_out(T, name, "command"), one) for name in names for one in (command, pause))
    )
    assert await journal.rows("SELECT id FROM town.commands WHERE id LIKE 'forged-%'") == []


WILD = (
    "#",
    "+/#",
    "mqttown/#",
    "mqttown/v1/helsinki/#",
    "mqttown/v1/helsinki/agent/#",
    "mqttown/v1/helsinki/agent/+/+/+/+",
    "mqttown/v1/helsinki/agent/+/+/in/+",
    "mqttown/+/+/+/+/+/in/#",
    "mqttown/v1/helsinki/agent/kallio/+/in/verdict",
    "mqttown/v1/+/agent/kallio/olga/#",
    "mqttown/v1/helsinki/service/#",
)


async def test_subscribe_to_every_wildcard(rogue: Make, honest: Any) -> None:
    """Subscribe to every wildcard that would cover another agent's `in/` and `out/`.

    Each is refused (SUBACK 0x80) or filtered: while the victim acts, nothing of its `in/` and `out/` arrives.
    """
    attacker = await rogue()
    for wanted in WILD:
        assert await attacker.client.subscribe(wanted) in {0, REFUSED}
    assert (await asyncio.to_thread(honest.act, "say", {"text": "Between us."}))["status"] == "accepted"
    await attacker.send("hello", {})
    heard = []
    while not (message := await attacker.client.message())[0].endswith("/in/observation"):
        heard.append(message[0])
    assert [topic for topic in heard if re.search(r"/(in|out)/", topic) and attacker.name not in topic] == []


async def test_subscribe_to_a_foreign_in(rogue: Make, honest: Any) -> None:
    """Subscribe to another agent's `in/`, by name.

    Refused with 0x80; nothing arrives while the victim gets its verdict.
    """
    attacker = await rogue()
    for channel in ("+", "#", "verdict", "observation"):
        assert await attacker.client.subscribe(topics.agent_in(T, DISTRICT, VICTIM, channel)) == REFUSED
    await asyncio.to_thread(honest.act, "wait", {"ticks": 1})
    with contextlib.suppress(TimeoutError):
        assert VICTIM not in (await attacker.client.message(0.5))[0]


async def test_a_spectator_overhears_private_topics(knock: Make, honest: Any) -> None:
    """Watch `T/#` without a name, to hear observations, verdicts and service commands.

    The filter works and is filtered: public topics arrive, none of `in/`, `out/` and `service/`.
    """
    spectator = await knock()
    assert await spectator.connect(client_id="just-looking") == 0
    assert await spectator.subscribe(topics.everything(T)) == 0
    await asyncio.to_thread(honest.act, "say", {"text": "Can you hear this?"})
    heard = [(await spectator.message())[0] for _ in range(50)]
    assert any(topic.endswith("/clock") for topic in heard)
    assert [topic for topic in heard if re.search(r"/(in|out|service)/", topic)] == []


async def test_a_spectator_speaks(knock: Make, witness: RawClient, rogue: Make) -> None:
    """Publish an action and a town status without a name.

    Dropped: a witness hears nothing of it.
    """
    spectator, marker = await knock("127.0.0.9"), await rogue()
    assert await spectator.connect(client_id="just-talking") == 0
    for topic in (topics.agent_out(T, DISTRICT, VICTIM, "action"), topics.world(T, "status")):
        await spectator.publish(topic, action("spectator"), 1)
    await drops(marker, witness, (topics.agent_out(T, DISTRICT, VICTIM, "action"), action("spectator")))


@pytest.mark.parametrize("retain", [False, True], ids=["plain", "retained"])
async def test_a_will_on_a_forbidden_topic(rogue: Make, knock: Make, witness: RawClient, retain: bool) -> None:
    """Leave a Will, plain and retained, that tells everybody the town is offline, and break the connection.

    The connection is refused or the Will is dropped: a witness hears nothing of it.
    """
    attacker = await rogue()
    will = (topics.world(T, "status"), b'{"status": "offline", "generation": 777}', retain)
    second = await knock()
    with contextlib.suppress(Closed):
        await second.connect(f"{attacker.name}~will", attacker.key, will=will)
    second.cut()
    await drops(attacker, witness, will[:2])
    newcomer = await knock()
    assert await newcomer.connect(client_id=f"newcomer-{retain}") == 0
    assert await newcomer.subscribe(topics.world(T, "status")) == 0
    assert orjson.loads((await newcomer.message())[1])["status"] == "online"


async def test_a_retained_message_reaches_a_newcomer(rogue: Make, knock: Make, witness: RawClient) -> None:
    """Leave retained messages on forbidden topics, for whoever subscribes later.

    Nothing is kept: a spectator who comes afterwards and takes everything finds none of them.
    """
    attacker, junk = await rogue(), b'{"left": "behind"}'
    kept = [(topics.building(T, DISTRICT, "made-up-house", "state"), junk), (topics.agent(T, DISTRICT, "made-up", "card"), junk)]
    await drops(attacker, witness, *kept, retain=True)
    newcomer = await knock()
    assert await newcomer.connect(client_id="late-newcomer") == 0
    assert await newcomer.subscribe(topics.everything(T)) == 0
    heard = [await newcomer.message() for _ in range(300)]
    assert [topic for topic, payload, _ in heard if payload == junk] == []


@pytest.mark.parametrize("clean", [True, False], ids=["clean", "unclean"])
async def test_take_over_a_foreign_client_id(rogue: Make, knock: Make, clean: bool) -> None:
    """Connect with one's own good key and another agent's client id, with a clean and an unclean session.

    Refused (code 5); the victim's connection and session are untouched.
    """
    attacker = await rogue()
    assert await (await knock()).connect(attacker.name, attacker.key, client_id=VICTIM, clean=clean) == 5


@pytest.mark.parametrize("client_id", [VICTIM, f"{VICTIM}~x", "orchestrator", "cli"])
async def test_take_over_a_client_id_without_a_name(knock: Make, client_id: str) -> None:
    """Connect without a name, with the client id of an agent or of a service, clean and unclean.

    Refused (code 5); whoever bears that id stays connected.
    """
    assert await (await knock()).connect(client_id=client_id) == 5
    assert await (await knock()).connect(client_id=client_id, clean=False) == 5


async def test_topics_in_the_brokers_own_spelling(rogue: Make, witness: RawClient) -> None:
    """Spell forbidden topics with dots, stars, doubled and trailing slashes, in the hope that the broker reads them another way.

    Dropped, or the connection is closed; nothing of it reaches a witness or the town.
    """
    attacker = await rogue()
    own = f"mqttown/v1/{T}/agent/{attacker.district}/{attacker.name}/out"
    spelled = (
        f"mqttown.v1.{T}.agent.{DISTRICT}.{VICTIM}.out.action",
        f"mqttown/v1/{T}/agent/{DISTRICT}/{VICTIM}/out.action",
        f"{own}/../../{VICTIM}/out/action",
        f"mqttown//v1/{T}/agent/{DISTRICT}/{VICTIM}/out/action",
        f"mqttown/v1/{T}/agent/{DISTRICT}/{VICTIM}/out/action/",
        f"mqttown/v1/{T}/agent/*/*/out/action",
        f"{own}/a/b",
    )
    for topic in spelled:
        with contextlib.suppress(Closed, TimeoutError):
            await attacker.client.publish(topic, action("spelled"), 1)
        if attacker.client.closed.is_set():
            break
    marker = await rogue()
    await marker.send("status", b'{"status": "online", "session": "end"}')
    while (message := await witness.message())[1] != b'{"status": "online", "session": "end"}':
        assert b"spelled" not in message[1], message[0]


async def test_system_topics(rogue: Make) -> None:
    """Subscribe to topics that begin with `$`, where brokers tell about themselves.

    Refused with 0x80.
    """
    attacker = await rogue()
    for wanted in ("$SYS/#", "$MQTT/#", "$JS/#", "$share/all/mqttown/#"):
        assert await attacker.client.subscribe(wanted) == REFUSED


def listening(process: int) -> set[int]:
    """Ports that a process listens on."""
    files = [link.readlink().name for link in Path(f"/proc/{process}/fd").iterdir()]
    sockets = {found[1] for name in files if (found := re.fullmatch(r"socket:\[(\d+)\]", name))}
    rows = [line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]]
    return {int(row[1].rpartition(":")[2], 16) for row in rows if row[3] == "0A" and row[9] in sockets}


def children(process: int) -> list[int]:
    stats = [path.read_text().rpartition(")")[2].split() for path in Path("/proc").glob("[0-9]*/stat")]
    names = [int(path.parent.name) for path in Path("/proc").glob("[0-9]*/stat")]
    return [name for name, stat in zip(names, stats, strict=False) if int(stat[1]) == process]


async def test_log_in_at_the_brokers_native_port(town: Any, rogue: Make) -> None:
    """Pass MQTT by: find the broker's native port on this machine and log in there, without a key, with one's own, as the town.

    All are refused: that port opens for the gate alone.
    """
    attacker = await rogue()
    (server,) = children(town.running["pids"]["gate"])
    native = listening(server) - {town.mqtt_port, int(town.running["ws"].rpartition(":")[2].partition("/")[0])}
    assert native
    for port in native:
        for login in ({}, {"user": attacker.name, "pass": attacker.key}, {"user": "orchestrator", "pass": "guess"}):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"CONNECT " + orjson.dumps({"verbose": True, **login}) + b"\r\nSUB > 1\r\nPING\r\n")
            answer = await asyncio.wait_for(reader.read(), 10)
            assert b"-ERR 'Authorization Violation'" in answer
            assert b"PONG" not in answer
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
