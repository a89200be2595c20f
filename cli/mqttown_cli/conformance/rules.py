"""What is asked of an agent and of a town: each rule with its id, its weight, and the sentence that it comes from."""

from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["AGENT_RULES", "TOWN_RULES", "Level", "Rule"]

Level = Literal["MUST", "SHOULD"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Attributes:
        id: like `action.fresh_id`.
        level: breaking a MUST fails the whole; a SHOULD is told.
        asks: what is asked, in a few words.
        sentence: where it comes from, word for word out of `page`.
        page: below `docs/`.
    """

    id: str
    level: Level
    asks: str
    sentence: str
    page: str = "wire.md"


def _by_id(*rules: Rule) -> dict[str, Rule]:
    return {rule.id: rule for rule in rules}


_NAMED: Final = "A user name is `{agent}` or `{agent}~{tag}`, and client id = user name."
_COMPLETE: Final = "Everything is UTF-8 JSON and complete on MQTT 3.1.1, so any client and any broker will do."
_OWN: Final = "its own `in/+` (and `in/#`); `world/status`, `world/clock`; every `state`, `card`, `presence`"
_HELLO: Final = "every field is optional, `{}` will do. It is answered by a fresh observation with `seq` 1."
_AGAIN: Final = "A gap, a new generation (in `status` or `clock`), or doubt means: say hello."
_RESEND: Final = "No verdict within 5 s, or a new generation: send the action again with the same `id`."
_WINDOW: Final = (
    "For an agent's last 256 decided actions the same `id` gets the same verdict and no second effect; that window is part of the "
    "journaled state."
)
_SIZE: Final = "A payload is at most 65,536 bytes, and that binds the town too:"
_ACTION: Final = "Only `id`, `action` and `parameters` are required."
_MERGED: Final = "At most one hello a second is answered; more are merged."
_UNKNOWN: Final = "Unknown fields are ignored, except inside `parameters`."
_EIGHT: Final = "At most eight actions of an agent are undecided at a time; a ninth is `rate_limited`."
_SEQ: Final = "every `in/` message of the town carries `generation` and `seq`."
_GAP: Final = "Order across topics is no promise: wait a second before calling a gap a gap."
_LATE_WILL: Final = "An `offline` whose `session` is not the present one is ignored (a late Will)."
_WHY: Final = (
    "A rejection says which of these codes, in words a person understands, which field (`path`), and what would have been allowed:"
)
_OVERSIZE: Final = "An oversize payload gets no verdict: the broker drops it or closes."
_FORGOTTEN: Final = "`malformed`, `rate_limited` and `quarantined` are not remembered: the same `id` is judged anew."
_GRANTED: Final = "A subscription beyond the grant is answered with 0x80 or filtered."
_BACK_OFF: Final = "Reconnect with a back-off of more than a second: the server holds back a client id that comes again sooner."

AGENT_RULES: Final = _by_id(
    Rule("connect.arrives", "MUST", "connects to the broker that its environment names", _COMPLETE),
    Rule("connect.protocol", "MUST", "speaks MQTT 3.1.1", _COMPLETE),
    Rule("connect.client_id", "MUST", "has its user name as client id", _NAMED),
    Rule("connect.will", "SHOULD", "leaves a Will on its own out/status", "`A/out/status` | agent, also its Will | no |"),
    Rule("connect.session", "SHOULD", "names the same session in Will and hello", _LATE_WILL),
    Rule("subscribe.granted", "MUST", "subscribes only to what it may", _OWN),
    Rule("subscribe.own", "MUST", "listens to its own in/", _OWN),
    Rule("subscribe.qos", "SHOULD", "subscribes at QoS 0", "**Subscribe at QoS 0.**", "broker.md"),
    Rule("publish.granted", "MUST", "publishes only on its own out/", "agent | its own `out/`: the channels below"),
    Rule("publish.size", "MUST", "sends no payload above 65,536 bytes", _SIZE),
    Rule("publish.retain", "SHOULD", "retains nothing", "Retained messages on `out/` are ignored."),
    Rule("hello.first", "MUST", "says hello once it listens", _HELLO),
    Rule("hello.well_formed", "MUST", "says hello as JSON with fields of the right kinds", _HELLO),
    Rule("hello.rate", "SHOULD", "says hello no more than once a second", _MERGED),
    Rule("action.acts", "MUST", "acts at all; a silent agent can't be judged", "Self-contained: an agent that has seen only this message can act sensibly"),
    Rule("action.well_formed", "MUST", "sends actions that are JSON with id, action and parameters", _ACTION),
    Rule("action.verb", "MUST", "uses verbs and parameters of the contract", "Verbs of v1 and their parameters:"),
    Rule("action.fresh_id", "MUST", "uses a new id for a new action", _WINDOW),
    Rule("action.eight", "MUST", "has at most eight actions undecided", _EIGHT),
    Rule("action.observation", "SHOULD", "names the observation that it answers", "`observation_id` is kept as the cause"),
    Rule("resend.again", "SHOULD", "sends an action without a verdict again", _RESEND),
    Rule("resend.patient", "SHOULD", "waits five seconds before it does", _RESEND),
    Rule("resend.same", "MUST", "sends the same bytes again under the same id", _RESEND),
    Rule("reject.goes_on", "MUST", "goes on after a rejection of any code", _WHY),
    Rule("reject.retry_after", "MUST", "sends no action before retry_after has passed", "rate limit, moderation, budget, shutdown: `{code, text, retry_after}`"),
    Rule("duplicate.once", "SHOULD", "acts once on an observation that comes twice", _SEQ),
    Rule("unknown.ignored", "MUST", "ignores unknown fields, and copes with part, parts and more", _UNKNOWN),
    Rule("gap.hello", "SHOULD", "says hello after a gap in seq", _AGAIN),
    Rule("gap.patient", "SHOULD", "waits a second before it calls a gap a gap", _GAP),
    Rule("generation.hello", "MUST", "says hello to a new generation", _AGAIN),
    Rule("generation.resend", "SHOULD", "sends what was undecided again to a new generation", _RESEND),
    Rule("reconnect.returns", "MUST", "connects again after the broker was gone", _AGAIN),
    Rule("reconnect.listens", "MUST", "subscribes again after it was gone", _AGAIN),
    Rule("reconnect.hello", "MUST", "says hello again after the broker was gone", _AGAIN),
    Rule("reconnect.calm", "SHOULD", "waits about a second between attempts", _BACK_OFF, "broker.md"),
    Rule("junk.survives", "MUST", "survives payloads that are none", "Unknown fields are ignored"),
    Rule("flood.survives", "MUST", "survives a hundred observations at once", "seq` counts this agent's observations, verdicts and notices since its hello;"),
    Rule("farewell.ends", "SHOULD", "ends within five seconds of SIGTERM", "The body of an agent that is away stays, `absent`"),
    Rule("farewell.told", "SHOULD", "is known to have gone: by its own word, or by its Will", "`A/out/status` | agent, also its Will | no |"),
)  # fmt: skip
"""Rules for an agent, by id, in the order in which they are shown."""

TOWN_RULES: Final = _by_id(
    Rule("status.online", "MUST", "retains a status `online` with its generation", "`T/world/status` | town, also its Will | yes |"),
    Rule("clock.retained", "MUST", "retains the clock", "`T/world/clock` | town | yes | generation, tick, town_time, speed, running or paused"),
    Rule("retained.parses", "MUST", "retains nothing that is not as the contract says", "Ids (town, district, building, agent) match `[a-z0-9][a-z0-9_-]{0,47}`."),
    Rule("grants.foreign", "MUST", "lets nobody hear a foreign in/", "What is not granted is never delivered."),
    Rule("grants.events", "MUST", "tells agents no public events", "`events` are for spectators and services: an agent learns what happened from its observations"),
    Rule("grants.publish", "MUST", "drops what is published on a foreign topic", "A forbidden **publish** is dropped silently, even with a PUBACK"),
    Rule("hello.answered", "MUST", "answers `{}` with an observation, seq 1", _HELLO),
    Rule("hello.merged", "MUST", "answers at most one hello a second", _MERGED),
    Rule("hello.brief", "MUST", "lists actions by name only for `brief`", '`detail: "brief"` lists actions by name only.'),
    Rule("hello.since", "MUST", "tells again what was witnessed since a tick", "With `since_tick` the observation also carries the messages and events the agent witnessed after that tick"),
    Rule("hello.malformed", "SHOULD", "answers a hello that is none with a notice", "rate limit, moderation, budget, shutdown: `{code, text, retry_after}`"),
    Rule("observation.parses", "MUST", "sends observations as the contract says", "Self-contained: an agent that has seen only this message can act sensibly"),
    Rule("observation.schemas", "MUST", "offers actions with valid JSON Schemas", "`available_actions` is JSON Schema and goes unchanged into a model's tool call."),
    Rule("observation.limits", "MUST", "shows at most 32 others, 50 messages, 50 events", "An agent sees the 32 nearest others and is heard by the 32 nearest; an observation carries at most 50 messages and 50 events;"),
    Rule("seq.gapless", "MUST", "numbers what it tells without a gap", _SEQ),
    Rule("generation.named", "MUST", "names its generation in all that it tells", _SEQ),
    Rule("size.told", "MUST", "sends no payload above 65,536 bytes", _SIZE),
    Rule("verdict.one", "MUST", "gives exactly one verdict for an action", "`status` is `accepted` or `rejected`."),
    Rule("verdict.same", "MUST", "gives the same id the same verdict and no second effect", _WINDOW),
    Rule("verdict.order", "MUST", "judges an agent's actions in the order of arrival", "An agent's own actions are judged in the order of arrival;"),
    Rule("verdict.trace", "MUST", "gives an action's traceparent back", '"events": ["e-…"], "traceparent": "00-…"}'),
    Rule("verdict.unknown", "MUST", "ignores unknown fields of an action", _UNKNOWN),
    Rule("code.malformed", "MUST", "refuses what is no action", "`malformed` (not JSON, or not an action)"),
    Rule("code.unknown_action", "MUST", "refuses a verb that is none, with the nearest", "`unknown_action` (with the nearest known name)"),
    Rule("code.bad_parameters", "MUST", "refuses parameters that don't fit, and names the field", _WHY),
    Rule("code.not_possible", "MUST", "refuses what the rules forbid, and says what is possible", "`not_possible` (the rules forbid it here and now)"),
    Rule("code.too_late", "MUST", "refuses what has expired", "only `expires_tick` does."),
    Rule("code.rate_limited", "MUST", "refuses a ninth undecided action, with retry_after", _EIGHT),
    Rule("code.anew", "MUST", "judges a refused malformed or rate_limited id anew", _FORGOTTEN),
    Rule("code.moderated", "SHOULD", "refuses an insult", "`moderated`"),
    Rule("size.refused", "MUST", "gives an oversize payload no verdict, and goes on", _OVERSIZE),
    Rule("subscribe.refused", "SHOULD", "answers a subscription beyond the grant with 0x80", _GRANTED),
    Rule("memory.answers", "SHOULD", "answers a recall", "`in/memory`: the same `id` and"),
)  # fmt: skip
"""Rules for a town, by id, in the order in which they are shown."""
