"""Events of a tick as JSON: for the public, for those who witnessed them, and for the journal. Each is written once."""

from collections.abc import Mapping
from typing import Any

import orjson

from mqttown_contract.events import Event
from mqttown_orchestrator.citizens import Citizens
from mqttown_orchestrator.world.fragment import fragment

__all__ = ["public_json", "remember", "remember_row"]


def public_json(event: Event) -> bytes:
    """An event as everybody may read it, and as its tick's hash covers it."""
    return orjson.dumps(event)


def remember(citizens: Citizens, event: Event) -> None:
    """Let everybody who witnessed an event have it in later observations."""
    if not event.witnesses:
        return
    as_message = _message(event) if event.kind == "said" and len(event.witnesses) > 1 else None
    as_event: orjson.Fragment | None = None
    for agent in event.witnesses:
        citizen = citizens.get(agent)
        if citizen is None:
            continue
        if as_message is not None and agent != event.agent:
            citizen.witnessed.hear(event.tick, as_message)
        else:
            if as_event is None:
                as_event = _seen(event)
            citizen.witnessed.see(event.tick, as_event)


def remember_row(citizens: Citizens, row: Mapping[str, Any]) -> None:
    """The same from a row of the journal."""
    remember(citizens, Event(**row))


def _message(event: Event) -> orjson.Fragment:
    told = {"event": event.id, "from": event.agent, "text": event.data["text"], "tick": event.tick}
    return fragment({**told, "to": event.data.get("to"), "about": event.about})


def _seen(event: Event) -> orjson.Fragment:
    """As an observation tells it, which is to be small: without the witnesses, who are in `visible_agents`, and without the path.

    No bystander knows the path of a walk, and the walker is told bit by bit where it is.
    """
    seen: dict[str, Any] = {"id": event.id, "kind": event.kind, "tick": event.tick}
    for name in ("district", "building", "agent", "action_id", "cause"):
        value = getattr(event, name)
        if value is not None:
            seen[name] = value
    if event.about:
        seen["about"] = event.about
    seen["data"] = {name: value for name, value in event.data.items() if name != "path"} if "path" in event.data else event.data
    return fragment(seen)
