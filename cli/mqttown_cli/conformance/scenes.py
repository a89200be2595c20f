"""What is played with an agent, scene by scene: each provokes something, and notes what the agent makes of it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from mqttown_cli.conformance.program import Program
from mqttown_cli.conformance.report import Report
from mqttown_cli.conformance.tap import Tap
from mqttown_cli.conformance.town import PlayedTown, Said, accept
from mqttown_contract import topics
from mqttown_contract.errors import Code

__all__ = ["SCENES", "Play", "Scene"]

_RESEND_SECONDS: Final = (4.5, 15.0)
"""An action without a verdict is sent again not before the first, and at the latest by the second."""
_RETRY_AFTER: Final = 2.0
_GAP_SECONDS: Final = (0.9, 6.0)
_GENERATION_SECONDS: Final = 10.0
_AWAY_SECONDS: Final = 3.0
_RETURN_SECONDS: Final = 40.0
"""Back-off in the contract's own SDK may take up to 31 s."""
_ATTEMPTS: Final = 6
"""Connections a client may try within the seconds of absence without being called a storm."""
_FLOOD: Final = 100
_FAREWELL_SECONDS: Final = 5.0


@dataclass(slots=True)
class Play:
    """All that a scene needs."""

    town: PlayedTown
    tap: Tap
    program: Program
    report: Report


async def arrival(play: Play) -> None:
    """The agent starts, connects, listens, and says hello."""
    town, report = play.town, play.report
    refusable = (report.findings["connect.protocol"], report.findings["connect.client_id"])

    def ended() -> bool:
        return play.program.code is not None or any(found.outcome == "fail" for found in refusable)

    await town.until(lambda: town.hellos or ended(), max(20.0, town.patience))
    if not town.hellos:
        where = report.findings["connect.arrives"]
        rule = "connect.arrives" if where.outcome == "not shown" else "hello.first"
        code = play.program.code
        ending = "" if code is None else f"; the program ended with code {code}"
        refused = "; the broker refused it" if report.findings["connect.client_id"].outcome == "fail" else ""
        report.failed(rule, f"nothing came within {max(20.0, town.patience):g} s{ending}{refused}", *play.program.said)
        return
    if report.findings["hello.first"].outcome != "pass":
        await town.until(lambda: report.findings["subscribe.own"].outcome == "pass", 2.0)
        report.check("subscribe.own", report.findings["subscribe.own"].outcome == "pass", "it never subscribed to its in/")


async def first_actions(play: Play) -> None:
    """It is invited to act, and what it does is accepted."""
    for _ in range(2):
        await play.town.invite()
    if not play.town.actions:
        play.report.failed("action.acts", f"two invitations, and no action within {play.town.patience:g} s each")
    await play.town.settle()


async def rejections(play: Play) -> None:
    """Its actions are rejected with one code after the other; `rate_limited` tells it to wait."""
    town, report = play.town, play.report
    for code in (Code.NOT_POSSIBLE, Code.BAD_PARAMETERS, Code.NOT_ALLOWED, Code.MODERATED, Code.TOO_LATE, Code.MALFORMED):
        town.judge = _reject(code, None)
        await town.invite()
        await town.until(lambda: not town.undecided, 1.0)
    town.judge = _reject(Code.RATE_LIMITED, _RETRY_AFTER)
    if await town.invite() is not None and await town.until(lambda: not town.undecided, 1.0):
        told, sent = play.tap.now, len(town.actions)
        town.judge = accept
        await asyncio.sleep(0.3)
        sent = max(sent, len([said for said in town.actions if said.at <= told + 0.3]))  # on their way when it was told
        await town.observe("Are you still there?")
        await town.until(lambda: play.tap.now > told + _RETRY_AFTER - 0.1, _RETRY_AFTER)
        early = [said for said in town.actions[sent:] if said.at < told + _RETRY_AFTER - 0.1]
        detail = f"{len(early)} actions within the {_RETRY_AFTER:g} s that it was told to wait"
        report.check("reject.retry_after", not early, detail, *(said.payload for said in early))
    await town.settle()
    await _still_acts(play, "reject.goes_on", "it did not act any more after rejections")


async def silence(play: Play) -> None:
    """No verdict comes."""
    town, report = play.town, play.report
    town.judge = lambda _said: None
    first = await town.invite()
    if first is None:
        await town.settle()
        return
    earliest, latest = _RESEND_SECONDS

    def again() -> Said | None:
        return next((said for said in town.actions if said is not first and said.id == first.id), None)

    resent = await town.until(again, latest)
    if isinstance(resent, Said):
        report.passed("resend.again", f"after {resent.at - first.at:.1f} s", resent.payload)
        report.check("resend.patient", resent.at - first.at >= earliest, f"already after {resent.at - first.at:.1f} s")
    else:
        report.failed("resend.again", f"not within {latest:g} s; an action or its verdict that is lost stays lost", first.payload)
    await town.settle()


async def twice(play: Play) -> None:
    """The same observation comes twice, as it does where subscriptions overlap."""
    town, report = play.town, play.report
    before = {said.id for said in town.actions}
    seen = await town.observe(f"Good day! This is said once, after {town.words} times.")
    fresh = await town.until(lambda: {said.id for said in town.actions} - before, town.patience)
    await town.settle()
    if not fresh:
        return
    known = {said.id for said in town.actions}
    await town.tell("observation", seen)
    await asyncio.sleep(1.5)
    again = [said for said in town.actions if said.id not in known]
    report.check("duplicate.once", not again, f"{len(again)} more actions on {seen['id']}", *(said.payload for said in again))
    await town.settle()


async def unknown(play: Play) -> None:
    """Fields that no version of the wire knows, lists in parts, and counts of what was left out."""
    town = play.town
    shape = {"colour": "blue", "nested": [{"deep": {"er": [1, None, "x"]}}]}
    await town.observe(mood=shape, part=1, parts=3, more={"visible_agents": 7, "messages": 2, "nearby": 90}, v=1)
    await town.observe(memory_context={"memories": [], "novelty": shape}, because=["something-new"], weather_report=shape)
    verdict = {"generation": town.generation, "agent_id": town.agent, "action_id": "of-nobody", "tick": town.tick}
    town.seq += 1
    await town.tell("verdict", {"v": 1, "seq": town.seq, "status": "accepted", "events": [], "novelty": shape, **verdict})
    town.seq += 1
    told = {"v": 1, "generation": town.generation, "seq": town.seq, "code": "novelty", "text": "Nothing.", "novelty": shape}
    await town.tell("notice", told)
    clock = {"generation": town.generation, "tick": town.tick, "town_time": "2026-03-02T10:00:00", "speed": 60.0}
    await town.link.publish(topics.world(town.town, "clock"), {**clock, "state": "running", "novelty": shape})
    await town.settle()
    await _still_acts(play, "unknown.ignored", "it did not act any more after unknown fields")


async def gap(play: Play) -> None:
    """A number in `seq` stays missing."""
    town, report = play.town, play.report
    await town.settle()
    said = len(town.hellos)
    town.seq += 3
    await town.observe()
    at = play.tap.now
    soonest, latest = _GAP_SECONDS
    if await town.until(lambda: len(town.hellos) > said, latest):
        took = town.hellos[said].at - at
        report.passed("gap.hello", f"after {took:.1f} s", town.hellos[said].payload)
        report.check("gap.patient", took >= soonest, f"already after {took:.1f} s; messages may overtake each other")
    else:
        report.failed("gap.hello", f"no hello within {latest:g} s after seq jumped by four")
    await town.settle()


async def generation(play: Play) -> None:
    """The town starts anew while an action is undecided."""
    town, report = play.town, play.report
    town.judge = lambda _said: None
    first = await town.invite()
    said = len(town.hellos)
    sent = len(town.actions)
    town.generation += 1
    await town.open()
    at = play.tap.now
    greeted = await town.until(lambda: len(town.hellos) > said, _GENERATION_SECONDS)
    detail = f"no hello within {_GENERATION_SECONDS:g} s after status said generation {town.generation}: the town thinks it is away"
    report.check("generation.hello", bool(greeted), detail)
    if first is not None:
        again = await town.until(
            lambda: next((one for one in town.actions[sent:] if one.id == first.id and one.at >= at), None), _RESEND_SECONDS[1]
        )
        late = f"{first.id!r} was not sent again within {_RESEND_SECONDS[1]:g} s"
        report.check("generation.resend", again is not None, late, first.payload)
    await town.settle()


async def broker_gone(play: Play) -> None:
    """The connection breaks, and for some seconds nobody is let in."""
    town, report, tap = play.town, play.report, play.tap
    lines = tap.lines[:]
    said, before = len(town.hellos), {line.number for line in lines}
    tap.closed = True
    tap.refused.clear()
    tap.cut()
    await asyncio.sleep(_AWAY_SECONDS)
    tap.closed = False
    attempts = len(tap.refused)
    detail = f"{attempts} attempts within {_AWAY_SECONDS:g} s"
    report.check("reconnect.calm", attempts <= _ATTEMPTS, detail)
    back = await town.until(lambda: any(line.number not in before and line.client_id for line in tap.lines), _RETURN_SECONDS)
    if not report.check("reconnect.returns", bool(back), f"no new connection within {_RETURN_SECONDS:g} s"):
        return
    greeted = await town.until(lambda: len(town.hellos) > said, town.patience)
    report.check("reconnect.hello", bool(greeted), f"no hello within {town.patience:g} s of the new connection")
    await town.settle()
    await _still_acts(play, "reconnect.listens", "it did not act on what it was told on the new connection")


async def junk(play: Play) -> None:
    """What comes on its `in/` is not JSON, or not what the topic carries."""
    town = play.town
    for channel in ("observation", "verdict", "notice", "memory"):
        for payload in _JUNK:
            await town.tell(channel, payload)
    town.seq += 1
    strange = {"v": 1, "generation": "one", "seq": [], "tick": None, "observation": 7}
    for channel in ("observation", "verdict", "notice", "memory"):
        await town.tell(channel, strange)
    await town.link.publish(topics.world(town.town, "status"), b"\xff\x00{", qos=1)
    await town.settle()
    await _still_acts(play, "junk.survives", "it did not act any more after junk")


async def flood(play: Play) -> None:
    """A hundred observations at once, and no verdict for two seconds."""
    town = play.town
    town.judge = lambda _said: None
    for number in range(_FLOOD):
        town.tick += 1
        await town.observe(f"Number {number}.")
    await asyncio.sleep(2.0)
    await town.settle()
    await _still_acts(play, "flood.survives", "it did not act any more after a flood")


async def cafe(play: Play) -> None:
    """It stands in the café."""
    play.town.view = "cafe"
    await play.town.observe("Here we are.")
    await asyncio.sleep(min(2.0, play.town.patience))
    await play.town.settle()


async def farewell(play: Play) -> None:
    """It is asked to end."""
    town, report = play.town, play.report
    said, lines = len(town.farewells), play.tap.lines[:]
    ended = await play.program.ends(_FAREWELL_SECONDS)
    report.check("farewell.ends", ended, f"it still ran {_FAREWELL_SECONDS:g} s after SIGTERM")
    await town.until(lambda: len(town.farewells) > said, 0.5)
    by_will = report.findings["connect.will"].outcome == "pass" and not any(line.said_goodbye for line in lines)
    detail = "it went without `offline` on out/status, and left no Will that would say so"
    report.check("farewell.told", len(town.farewells) > said or by_will, detail)


_JUNK: Final = (b"", b"{", b"[]", b"null", b'"hello"', b"\xff\xfe\x00", b"{}", b'{"seq": 1e999}', b"[" * 5000)


def _reject(code: Code, retry_after: float | None) -> Callable[[Said], dict[str, Any]]:
    said: dict[str, Any] = {"status": "rejected", "code": code.value, "detail": "The play wants it so.", "path": "parameters"}
    return lambda _said: said | {"allowed": {"type": "object"}, "retry_after": retry_after}


async def _still_acts(play: Play, rule: str, detail: str) -> None:
    """Note whether the agent lives and acts when it is invited; an agent that never did can't be judged by it."""
    acted = await play.town.invite() or await play.town.invite()
    code = play.program.code
    if code:
        play.report.failed(rule, f"the program ended with code {code}", *play.program.said)
    elif acted is not None:
        play.report.passed(rule)
    elif play.report.findings["action.acts"].outcome == "pass":
        play.report.failed(rule, detail)
    await play.town.settle()


@dataclass(frozen=True, slots=True)
class Scene:
    """One scene, and the rule that is broken if the agent dies of it."""

    name: str
    act: Callable[[Play], Awaitable[None]]
    survival: str


SCENES: Final = (
    Scene("arrival", arrival, "hello.first"),
    Scene("first actions", first_actions, "action.acts"),
    Scene("twice", twice, "duplicate.once"),
    Scene("rejections", rejections, "reject.goes_on"),
    Scene("silence", silence, "resend.again"),
    Scene("unknown", unknown, "unknown.ignored"),
    Scene("gap", gap, "gap.hello"),
    Scene("generation", generation, "generation.hello"),
    Scene("broker gone", broker_gone, "reconnect.returns"),
    Scene("junk", junk, "junk.survives"),
    Scene("flood", flood, "flood.survives"),
    Scene("cafe", cafe, "action.acts"),
    Scene("farewell", farewell, "farewell.told"),
)
"""All scenes, in the order in which they are played."""
