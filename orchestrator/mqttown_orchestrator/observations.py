"""What an agent perceives now, as one message that is never too large."""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import orjson

from mqttown_contract.types import MAX_PAYLOAD_BYTES, PROTOCOL_VERSION
from mqttown_contract.verbs import VERBS
from mqttown_orchestrator.citizens import Citizen
from mqttown_orchestrator.town import Town
from mqttown_orchestrator.world.fragment import fragment
from mqttown_orchestrator.world.offers import offered, offers
from mqttown_orchestrator.world.perception import Scene, look

__all__ = ["now_text", "observe", "to_bytes"]


def now_text() -> str:
    """Wall time, UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def observe(town: Town, scene: Scene, citizen: Citizen, because: Iterable[str], after: int, timestamp: str) -> dict[str, Any]:
    """An observation without its `seq`, which it gets when it is sent.

    Args:
        town: whose state is at the tick that is told of.
        scene: of that tick.
        citizen: for whom.
        because: what is new.
        after: messages and events witnessed after this tick are told.
        timestamp: wall time.
    """
    perceived, more = look(town.state, town.plan, citizen.id, scene)
    heard, unheard = citizen.witnessed.messages(after)
    seen, unseen = citizen.witnessed.events(after)
    perceived["messages"] = heard
    perceived["environment"]["events"] = seen
    if unheard:
        more["messages"] = unheard
    if unseen:
        more["events"] = unseen
    actions = _actions(town, citizen)
    return {
        "v": PROTOCOL_VERSION,
        "id": "",
        "generation": town.generation,
        "seq": 0,
        "tick": scene.tick,
        "timestamp": timestamp,
        "town_time": scene.town_time,
        "agent_id": citizen.id,
        "traceparent": "",
        "because": sorted(because),
        "observation": perceived,
        "available_actions": actions,
        "memory_context": {},
        "more": more,
    }


def _actions(town: Town, citizen: Citizen) -> list[dict[str, Any]] | orjson.Fragment:
    """What the citizen can do and is allowed to."""
    allowed = VERBS if citizen.allowed_actions is None else citizen.allowed_actions
    if citizen.detail == "brief":
        return _named(tuple(name for name in offered(town.state, town.plan, citizen.id) if name in allowed))
    return [action for action in offers(town.state, town.plan, citizen.id) if action["action"] in allowed]


@lru_cache(maxsize=4096)
def _named(verbs: tuple[str, ...]) -> orjson.Fragment:
    """Actions by name alone, written."""
    return fragment([{"action": name} for name in verbs])


def to_bytes(observation: dict[str, Any], seq: int) -> bytes:
    """Number an observation and write it.

    If it is too large, the oldest messages are left out first, then the oldest events, then the farthest places; `more` counts
    them.

    Raises:
        ValueError: what is left is still too large, which would be a fault of ours.
    """
    name = f"o-{observation['tick']}-{observation['agent_id']}-{seq}"
    trace = blake2b(f"{observation['generation']} {name}".encode(), digest_size=24).hexdigest()
    observation["seq"], observation["id"], observation["traceparent"] = seq, name, f"00-{trace[:32]}-{trace[32:]}-01"
    payload = orjson.dumps(observation)
    while len(payload) > MAX_PAYLOAD_BYTES:
        if not (_halve(observation, "messages") or _halve(observation, "events") or _halve(observation, "nearby")):
            raise ValueError(f"the observation of {observation['agent_id']} has {len(payload)} bytes that can't be left out")
        payload = orjson.dumps(observation)
    return payload


def _halve(observation: dict[str, Any], name: str) -> bool:
    """Leave out half of a list: of messages and events the oldest, of places the farthest."""
    perceived = observation["observation"]
    holder = {"messages": perceived, "events": perceived["environment"], "nearby": perceived["location"]}[name]
    entries = holder[name]
    if not entries:
        return False
    kept = len(entries) // 2
    holder[name] = entries[:kept] if name == "nearby" else entries[len(entries) - kept :]
    observation["more"][name] = observation["more"].get(name, 0) + len(entries) - kept
    return True
