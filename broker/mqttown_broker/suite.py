"""The grants suite: what a client that means harm tries, played against a running broker over real connections."""

import asyncio
import contextlib
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from mqttown_broker import grants
from mqttown_broker.packets import REFUSED, Closed, Message, RawClient
from mqttown_broker.target import NotHeld, Target, Visit
from mqttown_contract import topics
from mqttown_contract.types import MAX_PAYLOAD_BYTES

__all__ = ["CASES", "SUITE_VERSION", "Finding", "play"]

SUITE_VERSION: Final = 1
CASE_SECONDS: Final = 60.0
_numbers = itertools.count()


Case = Callable[[Visit], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of one case. `problem` is '' where the broker holds it."""

    case: str
    problem: str


async def play(target: Target) -> list[Finding]:
    """Play all cases, one after the other.

    Raises:
        OSError: the broker can't be reached.
    """
    return [Finding(name, await _problem(target, case)) for name, case in CASES.items()]


async def _problem(target: Target, case: Case) -> str:
    try:
        async with asyncio.timeout(CASE_SECONDS), target.visit() as visit:
            await case(visit)
    except NotHeld as held:
        return str(held)
    except Closed:
        return "the broker closed a connection that did nothing wrong"
    except TimeoutError:
        return "the broker did not answer, or did not pass on what it should"
    return ""


def _mark() -> bytes:
    return b"mark-%d" % next(_numbers)


async def _honest(visit: Visit) -> None:
    target, mean = visit.target, visit.target.mean
    town, agent, nobody = await visit.town(), await visit.mean(), await visit.spectator()
    out, heard = topics.agent_out(target.town, mean.district, mean.name, "hello"), _mark()
    await agent.publish(out, heard, qos=1)
    await town.until(heard)
    await agent.subscribe(topics.agent_in(target.town, mean.district, mean.name, "+"))
    await nobody.subscribe(topics.everything(target.town))
    told = _mark()
    await town.publish(topics.agent_in(target.town, mean.district, mean.name, "notice"), told, qos=1)
    await agent.until(told)
    clock = _mark()
    await town.publish(topics.world(target.town, "clock"), clock, qos=1)
    await nobody.until(clock)


async def _nothing_passes(visit: Visit, who: RawClient, forbidden: tuple[str, ...]) -> None:
    """See that nobody hears what is published to these topics, neither now nor as a newcomer."""
    town = await visit.town()
    for topic in forbidden:
        for qos, retain in ((0, False), (1, False), (1, True)):
            await who.publish(topic, b"forged", qos, retain)
    await _quiet(visit, town)


async def _quiet(visit: Visit, town: RawClient) -> None:
    """See that nothing forged has come to the town, nor comes to somebody who only now begins to listen."""
    target, end = visit.target, _mark()
    honest = await visit.other()
    await honest.publish(topics.agent_out(target.town, target.other.district, target.other.name, "hello"), end, qos=1)
    _none_forged(await _heard_until(town, end))
    late, end = await visit.town(), _mark()
    await honest.publish(topics.agent_out(target.town, target.other.district, target.other.name, "hello"), end, qos=1)
    _none_forged(await _heard_until(late, end))


async def _heard_until(client: RawClient, end: bytes) -> list[Message]:
    heard = []
    while (got := await client.message())[1] != end:
        heard.append(got)
    return heard


def _none_forged(heard: list[Message]) -> None:
    forged = [topic for topic, payload, _ in heard if payload == b"forged"]
    if forged:
        raise NotHeld(f"passed on to {', '.join(sorted(set(forged)))}")


async def _publish_foreign_out(visit: Visit) -> None:
    target, other = visit.target, visit.target.other
    foreign = tuple(topics.agent_out(target.town, other.district, other.name, channel) for channel in topics.OUT_CHANNELS)
    await _nothing_passes(visit, await visit.mean(), foreign)


async def _publish_in(visit: Visit) -> None:
    target = visit.target
    inward = tuple(
        topics.agent_in(target.town, one.district, one.name, channel)
        for one in (target.mean, target.other)
        for channel in topics.IN_CHANNELS
    )
    await _nothing_passes(visit, await visit.mean(), inward)


def _of_the_town(target: Target) -> tuple[str, ...]:
    town, mean = target.town, target.mean
    return (
        *(topics.world(town, channel) for channel in topics.WORLD_CHANNELS),
        *(topics.district(town, mean.district, channel) for channel in topics.DISTRICT_CHANNELS),
        *(topics.building(town, mean.district, "cafe", channel) for channel in topics.BUILDING_CHANNELS),
        *(topics.agent(town, mean.district, mean.name, channel) for channel in topics.AGENT_CHANNELS),
        topics.agent_out(f"{town}x", mean.district, mean.name, "action"),
    )


def _of_services(target: Target) -> tuple[str, ...]:
    out = tuple(topics.service_out(target.town, name, "command") for name in ("cli", "orchestrator", "host-1"))
    return (*out, topics.service_in(target.town, "cli", "answer"), topics.service_in(target.town, "orchestrator", "memory"))


async def _publish_town(visit: Visit) -> None:
    await _nothing_passes(visit, await visit.mean(), _of_the_town(visit.target))


async def _publish_service(visit: Visit) -> None:
    await _nothing_passes(visit, await visit.mean(), _of_services(visit.target))


async def _publish_as_spectator(visit: Visit) -> None:
    target, other = visit.target, visit.target.other
    own = topics.agent_out(target.town, other.district, other.name, "action")
    await _nothing_passes(visit, await visit.spectator(), (*_of_the_town(target), *_of_services(target), own))


def wide(target: Target) -> tuple[str, ...]:
    """Filters that cover what nobody outside may hear."""
    town, district, name = target.town, target.other.district, target.other.name
    plain = (
        "#",
        "+/#",
        "+/+/#",
        "mqttown/#",
        f"{topics.ROOT}/#",
        topics.everything(town),
        f"{topics.ROOT}/+/#",
        "$SYS/#",
        topics.agent_in(town, district, name, "+"),
        topics.agent_in(town, district, name, "#"),
        topics.agent_in(town, "+", "+", "#"),
        topics.agent_in(town, "+", name, "observation"),
        topics.agent_out(town, "+", "+", "+"),
        topics.agent_out(town, district, name, "#"),
        topics.agent(town, "+", "+", "#"),
        topics.agent(town, district, "+", "+"),
        f"{topics.ROOT}/{town}/+/+/+/+/+",
        f"{topics.ROOT}/{town}/agent/#",
        f"{topics.ROOT}/{town}/service/#",
        topics.service_out(town, "+", "+"),
    )
    return (*plain, f"$share/thieves/{topics.everything(town)}", f"$share/thieves/{topics.agent_in(town, '+', '+', '#')}")


async def _hears_nothing_private(visit: Visit, who: RawClient, own: grants.Grants) -> None:
    target, other = visit.target, visit.target.other
    town, clock = await visit.town(topics.world(target.town, "status")), topics.world(target.town, "clock")
    private = (
        *(topics.agent_in(target.town, other.district, other.name, channel) for channel in topics.IN_CHANNELS),
        *(topics.agent_out(target.town, other.district, other.name, channel) for channel in topics.OUT_CHANNELS),
        *_of_services(target),
        topics.world(target.town, "events"),
    )
    kept = _mark()
    for topic in private:
        await town.publish(topic, b"kept", 1, retain=True)
    try:
        for wanted in wide(target):
            with contextlib.suppress(Closed):
                await who.subscribe(wanted)
            if who.closed.is_set():
                raise NotHeld(f"the connection was closed at the subscription to {wanted}, in place of an answer")
        if await who.subscribe(clock) == REFUSED:
            raise NotHeld("the clock of the town is refused")
        for topic in private:
            await town.publish(topic, b"now", 1)
        await town.publish(clock, kept, 1)
        heard = await _heard_until(who, kept)
    finally:
        for topic in private:
            await town.publish(topic, b"", 1, retain=True)
    leaked = sorted({topic for topic, _, _ in heard if not own.may_receive(topic)})
    if leaked:
        raise NotHeld(f"delivered {', '.join(leaked)}")


async def _subscribe(visit: Visit) -> None:
    await _hears_nothing_private(visit, await visit.mean(), visit.target.mean.grants(visit.target.town))


async def _subscribe_as_spectator(visit: Visit) -> None:
    await _hears_nothing_private(visit, await visit.spectator(), grants.of_spectator(visit.target.town))


async def _will(visit: Visit, *, retain: bool) -> None:
    target, other = visit.target, visit.target.other
    town = await visit.town()
    for topic in (
        topics.world(target.town, "status"),
        topics.agent_out(target.town, other.district, other.name, "action"),
        topics.agent_in(target.town, other.district, other.name, "verdict"),
    ):
        forger = await visit.open()
        if await forger.connect(target.mean.name, target.mean.key, will=(topic, b"forged", retain)) != 0:
            continue  # refused outright, as good
        forger.cut()
        # Our coming back shows that the end of the former connection is past.
        await (await visit.mean()).close()
    await _quiet(visit, town)


async def _takeover(visit: Visit, *, name: str, key: str) -> None:
    target, other = visit.target, visit.target.other
    victim, town = await visit.other(), await visit.town(topics.world(target.town, "status"))
    await victim.subscribe(topics.agent_in(target.town, other.district, other.name, "+"))
    for clean in (True, False):
        thief = await visit.open()
        await thief.connect(name, key, client_id=other.name, clean=clean)
        here = _mark()
        await town.publish(topics.agent_in(target.town, other.district, other.name, "notice"), here, 1)
        try:
            await victim.until(here)
        except Closed:
            raise NotHeld(f"took over the client id of another agent ({'clean' if clean else 'unclean'} session)") from None
        if thief.received:  # whatever it is, it is not its own
            raise NotHeld("was handed messages of another agent")


async def _takeover_by_agent(visit: Visit) -> None:
    await _takeover(visit, name=visit.target.mean.name, key=visit.target.mean.key)


async def _takeover_by_spectator(visit: Visit) -> None:
    name, key = visit.target.spectator or ("", "")
    await _takeover(visit, name=name, key=key)


async def _wrong_keys(visit: Visit) -> None:
    for name, key in (
        (visit.target.mean.name, "wrong"),
        (visit.target.mean.name, ""),
        (visit.target.mean.name, visit.target.other.key),
        ("orchestrator", "wrong"),
        ("orchestrator", visit.target.mean.key),
        ("nobody-by-that-name", "wrong"),
    ):
        if await (await visit.open()).connect(name, key) == 0:
            raise NotHeld(f"{name} is let in by a wrong key")


async def _oversize(visit: Visit) -> None:
    target, mean = visit.target, visit.target.mean
    town, agent = await visit.town(), await visit.mean()
    with contextlib.suppress(Closed):
        await agent.publish(topics.agent_out(target.town, mean.district, mean.name, "action"), b"x" * (MAX_PAYLOAD_BYTES + 4_096))
    end, honest = _mark(), await visit.other()
    await honest.publish(topics.agent_out(target.town, target.other.district, target.other.name, "hello"), end, qos=1)
    if any(len(payload) > MAX_PAYLOAD_BYTES for _, payload, _ in await _heard_until(town, end)):
        raise NotHeld("an oversize payload is passed on")


async def _will_plain(visit: Visit) -> None:
    await _will(visit, retain=False)


async def _will_retained(visit: Visit) -> None:
    await _will(visit, retain=True)


CASES: Final[dict[str, Case]] = {
    "honest clients are served": _honest,
    "publish to a foreign out/, also retained": _publish_foreign_out,
    "publish to any in/, also retained": _publish_in,
    "publish to topics of the town, also retained": _publish_town,
    "publish to topics of services, also retained": _publish_service,
    "publish as a spectator": _publish_as_spectator,
    "subscribe beyond the grant: wildcards, shared, retained": _subscribe,
    "the same as a spectator": _subscribe_as_spectator,
    "a Will on a forbidden topic": _will_plain,
    "a retained Will on a forbidden topic": _will_retained,
    "another agent's client id": _takeover_by_agent,
    "an agent's client id, as a spectator": _takeover_by_spectator,
    "wrong keys": _wrong_keys,
    "an oversize payload": _oversize,
}
"""Name of each case and how it is played."""
