"""What a stranger tries at a town: the open topics, the grants, hellos, and one action after the other."""

import asyncio
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, Final

from pydantic import ValidationError

from mqttown.link import Refused
from mqttown_cli.conformance.report import Report
from mqttown_cli.conformance.stranger import Heard, Stranger
from mqttown_contract import topics
from mqttown_contract.catalogue import CHANNELS
from mqttown_contract.errors import TopicError
from mqttown_contract.messages import Observation, Verdict
from mqttown_contract.types import MAX_OBSERVED, MAX_PAYLOAD_BYTES, MAX_UNDECIDED, MAX_VISIBLE
from mqttown_contract.verbs import VERBS

__all__ = ["TOWN_SCENES", "TownScene"]

TownScene = Callable[[Stranger, Report], Awaitable[None]]
_RETAINED_SECONDS: Final = 2.0
_QUIET_SECONDS: Final = 1.5
_BURST: Final = 40
_TRACE: Final = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
_MODELS: Final = {channel.name: channel.message for channel in CHANNELS}


async def retained(stranger: Stranger, report: Report) -> None:
    """What the town keeps for newcomers."""
    town = stranger.known.town
    filters = (
        topics.world(town, "status"), topics.world(town, "clock"), topics.district(town, "+", "state"),
        topics.building(town, "+", "+", "state"), topics.agent(town, "+", "+", "card"), topics.agent(town, "+", "+", "presence"),
    )  # fmt: skip
    await stranger.link.subscribe(*filters)
    await asyncio.sleep(_RETAINED_SECONDS)
    found = list(stranger.heard)
    status = [one for one in found if one.topic == filters[0]]
    online = status and isinstance(status[-1].message, dict) and status[-1].message.get("status") == "online"
    report.check("status.online", bool(online), "no retained status `online`", *(one.payload for one in status[-1:]))
    report.check("clock.retained", any(one.topic == filters[1] for one in found), "no retained clock")
    for one in found:
        if one.payload:  # an empty one takes a retained message back
            _parses(one, report, "retained.parses")


async def foreign(stranger: Stranger, report: Report) -> None:
    """What it may not hear, and where it may not speak."""
    town, district = stranger.known.town, stranger.known.district
    wanted = {
        "grants.foreign": topics.agent_in(town, "+", "+", "+"),
        "grants.events": topics.building(town, "+", "+", "events"),
        "subscribe.refused": topics.everything(town),
    }
    refused = {}
    for rule, name in wanted.items():
        try:
            await stranger.link.subscribe(name)
        except Refused:
            refused[rule] = name
    began = len(stranger.heard)
    forged = topics.agent_out(town, district, "somebody-else", "hello")
    await stranger.link.publish(forged, {}, qos=1)
    await stranger.link.publish(topics.world(town, "clock"), {"generation": 0, "tick": -1}, qos=1)
    await asyncio.sleep(_QUIET_SECONDS)
    parsed = [(one, topics.parse(one.topic)) for one in stranger.heard[began:] if _is_topic(one.topic)]
    private = [one.topic for one, topic in parsed if topic.direction == "in" and topic.subject != stranger.known.agent]
    events = [one.topic for one, topic in parsed if topic.channel == "events"]
    fakes = [one.payload for one in stranger.heard[began:] if one.channel == "clock" and _field(one, "tick") == -1]
    report.check("grants.foreign", not private, f"{len(private)} messages for others came", *private[:3])
    report.check("grants.events", not events, f"{len(events)} messages with public events came", *events[:3])
    report.check("grants.publish", not fakes, "a clock that the stranger had published came to it", *fakes[:1])
    detail = "granted without a word; what is beyond the grant is filtered"
    report.check("subscribe.refused", "subscribe.refused" in refused, detail, wanted["subscribe.refused"])


async def hellos(stranger: Stranger, report: Report) -> None:
    """Hello, plain and with each of its fields."""
    first = await stranger.hello()
    if not report.check("hello.answered", first is not None, f"no observation with seq 1 within {stranger.patience:g} s"):
        return
    assert first is not None
    _observation(first, report)
    brief = await stranger.hello(detail="brief")
    named = brief is not None and all("parameters" not in offer for offer in brief.message["available_actions"])
    report.check("hello.brief", named, "a brief observation has parameters", *([brief.payload] if brief else []))
    await asyncio.sleep(1.1)
    began = len(stranger.heard)
    for _ in range(5):
        await stranger.send("hello", {})
    await asyncio.sleep(_QUIET_SECONDS)
    answers = [one for one in stranger.heard[began:] if one.channel == "observation" and _field(one, "seq") == 1]
    report.check("hello.merged", 1 <= len(answers) <= 3, f"five hellos at once were answered {len(answers)} times in 1.5 s")
    began = len(stranger.heard)
    await stranger.send("hello", b"[]")
    notice = await stranger.find("notice", lambda told: bool(told.get("text")), began)
    report.check("hello.malformed", notice is not None, "no notice", *([notice.payload] if notice else []))


async def verdicts(stranger: Stranger, report: Report) -> None:
    """One verdict for each action, the same for the same id, in the order of arrival."""
    await stranger.hello()
    tag = secrets.token_hex(3)
    said = await stranger.act(f"{tag}-once", "say", {"text": "Good day from the conformance kit."}, traceparent=_TRACE)
    if said is None:
        report.failed("verdict.one", f"no verdict within {stranger.patience:g} s")
        return
    report.check("verdict.trace", said.message.get("traceparent") == _TRACE, "it does not come back", said.payload)
    again = await stranger.act(f"{tag}-once", "say", {"text": "Good day from the conformance kit."})
    same = again is not None and _gist(again) == _gist(said)
    report.check("verdict.same", same, "another verdict for the same id", said.payload, *([again.payload] if again else []))
    strange = await stranger.act(f"{tag}-odd", "wait", {"ticks": 1}, novelty={"a": [1]}, confidence=0.5)
    report.check("verdict.unknown", strange is not None and strange.message["status"] == "accepted", "an unknown field was refused")
    began = len(stranger.heard)
    order = [f"{tag}-order-{number}" for number in range(4)]
    for name in order:
        await stranger.send("action", {"id": name, "action": "wait", "parameters": {}})
    for name in order:
        await stranger.verdict(name, began)
    told = [
        one.message["action_id"] for one in stranger.heard[began:] if one.channel == "verdict" and _field(one, "action_id") in order
    ]
    report.check("verdict.order", told == order, f"sent {order}, judged {told}")
    counted = Counter(told)
    report.check("verdict.one", all(counted[name] == 1 for name in order), f"verdicts by id: {dict(counted)}")
    await _since(stranger, report, said)


async def _since(stranger: Stranger, report: Report, said: Heard) -> None:
    """What was witnessed is told again on request."""
    events, tick = said.message.get("events") or [], said.message["tick"]
    seen = await stranger.hello(since_tick=max(0, tick - 1))
    if not events or seen is None:
        report.unseen("hello.since", "the town did not let it speak")
        return
    told = [event["id"] for event in seen.message["observation"]["environment"]["events"]]
    counted = seen.message.get("more") or {}
    detail = f"{events[0]} is not among {told}"
    report.check("hello.since", events[0] in told or "events" in counted, detail, seen.payload)


async def refusals(stranger: Stranger, report: Report) -> None:
    """Each code that a stranger can provoke by itself."""
    tag = secrets.token_hex(3)
    began = len(stranger.heard)
    await stranger.send("action", b"{this is no JSON")
    _refused(await stranger.verdict(None, began), report, "malformed", None)
    await stranger.send("action", {"id": f"{tag}-half", "action": "wait"})
    _refused(await stranger.verdict(f"{tag}-half", began), report, "malformed", "parameters")
    anew = await stranger.act(f"{tag}-half", "wait")
    report.check("code.anew", anew is not None and anew.message["status"] == "accepted", "its id stayed refused")
    near = _refused(await stranger.act(f"{tag}-verb", "mov_to", {"to": "x"}), report, "unknown_action", "action")
    if near is not None:
        helped = "move_to" in near["detail"] and "move_to" in (near["allowed"] or [])
        report.check("code.unknown_action", helped, "neither the nearest verb nor the known ones are named", near)
    _refused(await stranger.act(f"{tag}-field", "wait", {"tics": 3}), report, "bad_parameters", "parameters.tics")
    _refused(await stranger.act(f"{tag}-to", "move_to", {"to": "no-such-place-in-town"}), report, "not_possible", "parameters.to")
    _refused(await stranger.act(f"{tag}-late", "wait", {}, expires_tick=0), report, "too_late", "expires_tick")
    rude = await stranger.act(f"{tag}-rude", "say", {"text": "You wanker!"})
    if rude is not None and rude.message["status"] == "accepted":
        report.unseen("code.moderated", "the town let an insult pass; its list may be another")
    else:
        _refused(rude, report, "moderated", "parameters.text")


async def too_many(stranger: Stranger, report: Report) -> None:
    """More actions at once than may be undecided; each gets its verdict all the same."""
    tag, began = secrets.token_hex(3), len(stranger.heard)
    names = [f"{tag}-many-{number}" for number in range(_BURST)]
    for name in names:
        await stranger.send("action", {"id": name, "action": "wait", "parameters": {}})
    for name in names:
        await stranger.verdict(name, began)
    counted = Counter(name for name in names for _ in stranger.verdicts(name))
    report.check("verdict.one", all(counted[name] == 1 for name in names), f"verdicts by id: {dict(counted)}")
    limited = [told for name in names for told in stranger.verdicts(name) if told["code"] == "rate_limited"]
    if not limited:
        report.unseen("code.rate_limited", f"the town decided {_BURST} actions faster than {MAX_UNDECIDED} could pile up")
        return
    hinted = all((told["retry_after"] or 0) > 0 and told["detail"] for told in limited)
    report.check("code.rate_limited", hinted, "no retry_after, or no words", limited[0])
    await asyncio.sleep(min(2.0, limited[0]["retry_after"] or 0) + 0.5)
    again = await stranger.act(str(limited[0]["action_id"]), "wait")
    report.check("code.anew", again is not None and again.message["status"] == "accepted", "its id stayed refused", limited[0])


async def oversize(stranger: Stranger, report: Report) -> None:
    """A payload above 64 KiB."""
    tag = secrets.token_hex(3)
    await stranger.send("action", {"id": f"{tag}-huge", "action": "say", "parameters": {"text": "x" * MAX_PAYLOAD_BYTES}})
    await asyncio.sleep(0.5)
    await stranger.hello()
    after = await stranger.act(f"{tag}-after", "wait")
    detail = "it got a verdict, or nothing was judged after it"
    report.check("size.refused", after is not None and not stranger.verdicts(f"{tag}-huge"), detail)


async def memory(stranger: Stranger, report: Report) -> None:
    """A question to the memory."""
    began, name = len(stranger.heard), f"m-{secrets.token_hex(3)}"
    await stranger.send("memory", {"id": name, "op": "recall", "query": "what was said", "k": 3})
    found = await stranger.find("memory", lambda told: told.get("id") == name, began)
    report.check("memory.answers", found is not None, f"no answer within {stranger.patience:g} s")


async def everything_heard(stranger: Stranger, report: Report) -> None:
    """What all messages have in common: size, generation, and numbers without a gap."""
    await stranger.hello()
    for number in range(5):
        await stranger.act(f"{secrets.token_hex(3)}-{number}", "wait")
    own = [one for one in stranger.heard if one.channel in {"observation", "verdict", "notice"} and isinstance(one.message, dict)]
    for one in stranger.heard:
        report.check("size.told", len(one.payload) <= MAX_PAYLOAD_BYTES, f"{len(one.payload):,} bytes on {one.topic}")
    for one in own:
        named = isinstance(one.message.get("generation"), int) and isinstance(one.message.get("seq"), int)
        report.check("generation.named", named, "no generation or no seq", one.payload)
        _parses(one, report, "observation.parses")
    last = max(number for number, one in enumerate(own) if one.channel == "observation" and one.message["seq"] == 1)
    numbers = sorted(one.message["seq"] for one in own[last:])
    report.check("seq.gapless", numbers == list(range(1, len(numbers) + 1)), f"since the last hello came {numbers}")


TOWN_SCENES: Final[tuple[tuple[str, TownScene], ...]] = (
    ("retained", retained),
    ("foreign", foreign),
    ("hellos", hellos),
    ("verdicts", verdicts),
    ("refusals", refusals),
    ("too many", too_many),
    ("memory", memory),
    ("oversize", oversize),
    ("everything heard", everything_heard),
)
"""All scenes, in the order in which they are played."""


def _parses(one: Heard, report: Report, rule: str) -> None:
    try:
        topic = topics.parse(one.topic)
        middle = f"_{topic.direction}" if topic.direction else ""
        _MODELS[f"{topic.scope}{middle}_{topic.channel}"].model_validate(one.message)
    except (TopicError, ValidationError) as error:
        report.failed(rule, f"{one.topic}: {str(error).partition(chr(10))[0]}", one.payload)
    else:
        report.passed(rule)


def _observation(heard: Heard, report: Report) -> None:
    _parses(heard, report, "observation.parses")
    try:
        seen = Observation.model_validate(heard.message)
    except ValidationError:
        return
    perceived = seen.observation
    most = (len(perceived.visible_agents), len(perceived.messages), len(perceived.environment.events))
    within = most[0] <= MAX_VISIBLE and max(most[1:]) <= MAX_OBSERVED
    report.check("observation.limits", within, f"{most[0]} others, {most[1]} messages, {most[2]} events")
    offers = [offer for offer in seen.available_actions if offer.action in VERBS]
    good = bool(offers) and all((offer.parameters or {}).get("type") == "object" for offer in offers)
    report.check(
        "observation.schemas", good, "an offer whose parameters are no JSON Schema of an object, or no offer", heard.payload
    )


def _refused(heard: Heard | None, report: Report, code: str, path: str | None) -> dict[str, Any] | None:
    rule = f"code.{code}"
    if heard is None:
        report.failed(rule, "no verdict")
        return None
    try:
        verdict = Verdict.model_validate(heard.message)
    except ValidationError as error:
        report.failed(rule, f"the verdict is none: {error.errors()[0]['msg']}", heard.payload)
        return None
    told = (verdict.code.value if verdict.code else None, verdict.path)
    if not report.check(rule, told == (code, path) and bool(verdict.detail), f"it said {told}, not {(code, path)}", heard.payload):
        return None
    if code != "moderated":
        report.check(rule, verdict.allowed is not None, "it does not say what would have been allowed", heard.payload)
    return dict(heard.message)


def _gist(heard: Heard) -> dict[str, Any]:
    return {
        name: heard.message.get(name) for name in ("action_id", "tick", "status", "code", "detail", "path", "allowed", "events")
    }


def _field(heard: Heard, name: str) -> Any:
    return heard.message.get(name) if isinstance(heard.message, dict) else None


def _is_topic(topic: str) -> bool:
    try:
        topics.parse(topic)
    except TopicError:
        return False
    return True
